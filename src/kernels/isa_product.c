/* Dense product of a weight matrix with a block: C = A X, register tiles of 6 rows by 2 or 4 vectors of columns.
   Each element of C is one sequential sum over j, whatever the tile, so results do not depend on shapes. */
#include "kernels_impl.h"

typedef float vec __attribute__((vector_size(SD_VECTOR_BYTES), aligned(4), may_alias));

enum { LANES = SD_VECTOR_BYTES / 4 };

SD_INLINE void Tile(const int rows, const int vectors, int M, const float *A, ptrdiff_t ars, ptrdiff_t acs, const float *X, ptrdiff_t ldx, float *C, ptrdiff_t ldc, int add)
{
  vec acc[SD_TILE_ROWS][SD_TILE_VECTORS];

#pragma GCC unroll 8
  for (int r = 0; r < rows; r++) {
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++) acc[r][v] = add ? *(const vec *)(C + r * ldc + v * LANES) : (vec){0};
  }
  for (int j = 0; j < M; j++) {
    vec x[SD_TILE_VECTORS];
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++) x[v] = *(const vec *)(X + j * ldx + v * LANES);
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++) {
      const float a = A[r * ars + j * acs];
#pragma GCC unroll 8
      for (int v = 0; v < vectors; v++) acc[r][v] += a * x[v];
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < rows; r++) {
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++) *(vec *)(C + r * ldc + v * LANES) = acc[r][v];
  }
}

SD_INLINE void Panel(const int vectors, int N, int M, const float *A, ptrdiff_t ars, ptrdiff_t acs, const float *X, ptrdiff_t ldx, float *C, ptrdiff_t ldc, int add)
{
  int n = 0;

  for (; n + SD_TILE_ROWS <= N; n += SD_TILE_ROWS) Tile(SD_TILE_ROWS, vectors, M, A + n * ars, ars, acs, X, ldx, C + n * ldc, ldc, add);
  if (N - n >= 4) {
    Tile(4, vectors, M, A + n * ars, ars, acs, X, ldx, C + n * ldc, ldc, add);
    n += 4;
  }
  if (N - n >= 2) {
    Tile(2, vectors, M, A + n * ars, ars, acs, X, ldx, C + n * ldc, ldc, add);
    n += 2;
  }
  if (N > n) Tile(1, vectors, M, A + n * ars, ars, acs, X, ldx, C + n * ldc, ldc, add);
}

void SD_KERNEL(product)(int N, int M, int cols, const float *A, ptrdiff_t ars, ptrdiff_t acs, const float *X, ptrdiff_t ldx, float *C, ptrdiff_t ldc, int add)
{
  int c = 0;

  for (; c + SD_TILE_VECTORS * LANES <= cols; c += SD_TILE_VECTORS * LANES) Panel(SD_TILE_VECTORS, N, M, A, ars, acs, X + c, ldx, C + c, ldc, add);
  for (; c < cols; c += LANES) Panel(1, N, M, A, ars, acs, X + c, ldx, C + c, ldc, add);
}
