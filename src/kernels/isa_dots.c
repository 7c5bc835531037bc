/* Rows times rows in double precision, a tile of them at a time. Each is LANES partial sums, which are added in pairs at the end, and no product and sum is
   one operation, which not all have (the Makefile says so to the compiler): so every implementation has the same bits. */
#include <string.h>
#include "kernels_impl.h"

typedef double reals __attribute__((vector_size(SD_VECTOR_BYTES), aligned(8), may_alias));

enum { LANES = 8, WIDE = SD_VECTOR_BYTES / 8, PARTS = LANES / WIDE, TILE = SD_VECTOR_BYTES == 64 ? 4 : 2 };

#if SD_VECTOR_BYTES == 64
  #define LOW  0, 8, 1, 9, 2, 10, 3, 11
  #define HIGH 4, 12, 5, 13, 6, 14, 7, 15
#elif SD_VECTOR_BYTES == 32
  #define LOW  0, 4, 1, 5
  #define HIGH 2, 6, 3, 7
#else
  #define LOW  0, 2
  #define HIGH 1, 3
#endif

typedef struct {
  reals of[TILE * TILE][PARTS];
} Sums;

/* LANES numbers of each row from `at` on. */
SD_INLINE void Add(const double *const left[TILE], const double *const right[TILE], size_t at, Sums *sum)
{
#pragma GCC unroll 4
  for (size_t p = 0; p < PARTS; p++) {
    reals y[TILE];

#pragma GCC unroll 4
    for (int c = 0; c < TILE; c++) y[c] = *(const reals *)(right[c] + at + p * WIDE);
#pragma GCC unroll 4
    for (int r = 0; r < TILE; r++) {
      const reals x = *(const reals *)(left[r] + at + p * WIDE);

#pragma GCC unroll 4
      for (int c = 0; c < TILE; c++) {
        sum->of[r * TILE + c][p] += x * y[c];
      }
    }
  }
}

/* out[e] = ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7)) of WIDE tile entries' partial sums. */
SD_INLINE void Total(reals sum[WIDE][PARTS], double out[WIDE])
{
#pragma GCC unroll 2
  for (int parts = PARTS / 2; parts; parts /= 2) {
    for (int e = 0; e < WIDE; e++) {
      for (int p = 0; p < parts; p++) sum[e][p] += sum[e][p + parts];
    }
  }
#pragma GCC unroll 3
  for (int half = WIDE / 2; half; half /= 2) {
#pragma GCC unroll 4
    for (int e = 0; e < half; e++) sum[e][0] = __builtin_shufflevector(sum[e][0], sum[e + half][0], LOW) + __builtin_shufflevector(sum[e][0], sum[e + half][0], HIGH);
  }
  memcpy(out, &sum[0][0], sizeof(reals));
}

/* The last numbers of each row, fewer than LANES, and zeros. */
static void AddRest(size_t n, const double *const left[TILE], const double *const right[TILE], size_t at, Sums *sum)
{
  double        rest[2 * TILE][LANES] = {{0}};
  const double *x[TILE], *y[TILE];

  for (int i = 0; i < TILE; i++) {
    x[i] = memcpy(rest[i], left[i] + at, sizeof(double) * (n - at));
    y[i] = memcpy(rest[TILE + i], right[i] + at, sizeof(double) * (n - at));
  }
  Add(x, y, 0, sum);
}

SD_INLINE void Tile(size_t n, const double *const left[TILE], const double *const right[TILE], double out[TILE * TILE])
{
  const size_t whole = n / LANES * LANES;
  Sums         sum;

#pragma GCC unroll 16
  for (int e = 0; e < TILE * TILE; e++) {
#pragma GCC unroll 4
    for (int p = 0; p < PARTS; p++) sum.of[e][p] = (reals){0};
  }
  for (size_t at = 0; at < whole; at += LANES) Add(left, right, at, &sum);
  if (whole < n) AddRest(n, left, right, whole, &sum);
#pragma GCC unroll 2
  for (int e = 0; e < TILE * TILE; e += WIDE) Total(&sum.of[e], out + e);
}

/* At the edges the last row stands in for those that there are not. */
void SD_KERNEL(dots)(int rows, int cols, size_t n, const double *left, size_t ldleft, const double *right, size_t ldright, double *C, size_t ldc)
{
  for (int r0 = 0; r0 < rows; r0 += TILE) {
    for (int c0 = 0; c0 < cols; c0 += TILE) {
      const double *x[TILE], *y[TILE];
      double        out[TILE * TILE];

      for (int i = 0; i < TILE; i++) {
        x[i] = left + (size_t)(r0 + i < rows ? r0 + i : rows - 1) * ldleft;
        y[i] = right + (size_t)(c0 + i < cols ? c0 + i : cols - 1) * ldright;
      }
      Tile(n, x, y, out);
      for (int r = 0; r < TILE && r0 + r < rows; r++) {
        for (int c = 0; c < TILE && c0 + c < cols; c++) C[(size_t)(r0 + r) * ldc + (size_t)(c0 + c)] = out[r * TILE + c];
      }
    }
  }
}
