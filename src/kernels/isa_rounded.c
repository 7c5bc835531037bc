/* A block of tangents rounded at random, and its product with rounded weights: rows of tangents in pairs or quads, SD_LANES points side
   by side. The product of int8 counts exactly, the same bits from every implementation. */
#include "rounding.h"

enum { ROWS = SD_VECTOR_BYTES == 64 ? SD_TILE_ROWS : 4, VECTORS = 4 * SD_BLOCK / SD_VECTOR_BYTES }; /* of a row */

static const lanes none;

/* Vector v of row j, zeros beyond the last row. */
#define ROW(j, v) (*((j) < M ? (const lanes *)x + (ptrdiff_t)(j)*VECTORS + (v) : &none))

/* Of the dither for row j, where vector v begins; `rows` of it are taken for each SD_LANES points. */
SD_INLINE uint32_t At(uint32_t first, int j, int v, int rows)
{
  return ((first & ~3u) + (uint32_t)(SD_BLOCK / SD_LANES * j + rows * (v / PARTS))) % SD_DITHER * PARTS + (uint32_t)(v % PARTS);
}

void SD_KERNEL(round_bf16)(int M, const float *x, const void *dither, uint32_t first, void *rounded, float *unit, int32_t *sum)
{
  bits *out = rounded;

  (void)unit, (void)sum;
  for (int j = 0; j < M; j += 2, out += VECTORS) {
#pragma GCC unroll 4
    for (int v = 0; v < VECTORS; v++) {
      const bits *random = (const bits *)dither + At(first, j, v, 2);
      const lanes two[2] = {ROW(j, v), ROW(j + 1, v)};

      RoundPair(two, random, &out[v]);
    }
  }
}

void SD_KERNEL(round_int8)(int M, const float *x, const void *dither, uint32_t first, void *rounded, float *unit, int32_t *sum)
{
  for (int v = 0; v < VECTORS; v++) {
    bits  *out = (bits *)rounded + v, most = {0};
    counts total = {0};
    lanes  scale;

    for (int j = 0; j < M; j++) Raise((bits)ROW(j, v), &most);
    Unit(&most, (lanes *)unit + v, &scale);
    for (int j = 0; j < M; j += 4, out += VECTORS) {
      const lanes *random  = (const lanes *)dither + At(first, j, v, 4);
      const lanes  four[4] = {ROW(j, v), ROW(j + 1, v), ROW(j + 2, v), ROW(j + 3, v)};

      RoundQuad(four, &scale, random, out, &total);
    }
    *((counts *)sum + v) = total - (M + 3) / 4 * 512;
  }
}

SD_INLINE void TileBf16(const int rows, const SdRoundedProduct *p, int n, int first)
{
  const bits    *x = (const bits *)p->x + first;
  const uint8_t *w = (const uint8_t *)p->low + n * p->stride;
  lanes         *C = (lanes *)(p->C + (ptrdiff_t)n * SD_BLOCK) + first, sum[SD_TILE_ROWS][SD_TILE_VECTORS];

#pragma GCC unroll 8
  for (int r = 0; r < rows; r++) {
#pragma GCC unroll 4
    for (int v = 0; v < SD_TILE_VECTORS; v++) sum[r][v] = p->add ? C[r * VECTORS + v] : (lanes){0};
  }
  for (int j = 0; j < p->M; j += 2, x += VECTORS, w += 4) {
    bits pair[SD_TILE_VECTORS][PAIR_PIECES];

#pragma GCC unroll 4
    for (int v = 0; v < SD_TILE_VECTORS; v++) PairPieces(x[v], pair[v]);
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++) DotPairs(SD_TILE_VECTORS, w + r * p->stride, (const bits(*)[PAIR_PIECES])pair, sum[r]);
  }
#pragma GCC unroll 8
  for (int r = 0; r < rows; r++) {
#pragma GCC unroll 4
    for (int v = 0; v < SD_TILE_VECTORS; v++) C[r * VECTORS + v] = sum[r][v];
  }
}

SD_INLINE void TileInt8(const int rows, const SdRoundedProduct *p, int n, int first)
{
  const bits    *x = (const bits *)p->x + first;
  const uint8_t *w = (const uint8_t *)p->low + n * p->stride;
  lanes         *C = (lanes *)(p->C + (ptrdiff_t)n * SD_BLOCK) + first;
  counts         sum[SD_TILE_ROWS][SD_TILE_VECTORS];

#pragma GCC unroll 8
  for (int r = 0; r < rows; r++) {
#pragma GCC unroll 4
    for (int v = 0; v < SD_TILE_VECTORS; v++) sum[r][v] = *((const counts *)p->sum + first + v) * -128;
  }
  for (int j = 0; j < p->M; j += 4, x += VECTORS, w += 4) {
    bits quad[SD_TILE_VECTORS][QUAD_PIECES];

#pragma GCC unroll 4
    for (int v = 0; v < SD_TILE_VECTORS; v++) QuadPieces(x[v], quad[v]);
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++) DotQuads(SD_TILE_VECTORS, w + r * p->stride, (const bits(*)[QUAD_PIECES])quad, sum[r]);
  }
#pragma GCC unroll 8
  for (int r = 0; r < rows; r++) {
#pragma GCC unroll 4
    for (int v = 0; v < SD_TILE_VECTORS; v++) {
      lanes product = p->low_unit[n + r] * *((const lanes *)p->unit + first + v) * __builtin_convertvector(sum[r][v], lanes);

      if (p->add) product += C[r * VECTORS + v];
      C[r * VECTORS + v] = product;
    }
  }
}

SD_INLINE void Tile(const SdPrecision precision, const int rows, const SdRoundedProduct *p, int n, int first)
{
  if (precision == SD_INT8) TileInt8(rows, p, n, first);
  else TileBf16(rows, p, n, first);
}

SD_INLINE void Product(const SdPrecision precision, const SdRoundedProduct *p)
{
  for (int first = 0; first < VECTORS; first += SD_TILE_VECTORS) {
    int n = 0;

    for (; n + ROWS <= p->N; n += ROWS) Tile(precision, ROWS, p, n, first);
    for (; n + 4 <= p->N; n += 4) Tile(precision, 4, p, n, first);
    for (; n < p->N; n++) Tile(precision, 1, p, n, first);
  }
}

void SD_KERNEL(rounded_product_bf16)(const SdRoundedProduct *p)
{
  Product(SD_BF16, p);
}
void SD_KERNEL(rounded_product_int8)(const SdRoundedProduct *p)
{
  Product(SD_INT8, p);
}
