/* A block of tangents rounded at random, and its product with rounded weights: rows of tangents in pairs or quads, SD_LANES points side
   by side. The product of int8 counts exactly, the same bits from every implementation. */
#include "rounding.h"

typedef float    vec __attribute__((vector_size(SD_VECTOR_BYTES), aligned(4), may_alias));
typedef int32_t  ints __attribute__((vector_size(SD_VECTOR_BYTES), aligned(4), may_alias));
typedef uint32_t words __attribute__((vector_size(SD_VECTOR_BYTES), aligned(4), may_alias));

enum { ACROSS = SD_BLOCK / SD_LANES, VECTORS = SD_BLOCK * 4 / SD_VECTOR_BYTES };

static const lanes none;

/* Points v SD_LANES to (v + 1) SD_LANES - 1 of row j, zeros beyond the last row. */
#define ROW(j, v) (*((j) < M ? (const lanes *)x + (ptrdiff_t)(j)*ACROSS + (v) : &none))

void SD_KERNEL(round_bf16)(int M, const float *x, const void *dither, uint32_t first, void *rounded, float *unit, int32_t *sum)
{
  bits *out = rounded;

  (void)unit, (void)sum;
  for (int j = 0; j < M; j += 2, out += ACROSS) {
#pragma GCC unroll 4
    for (int v = 0; v < ACROSS; v++) {
      const bits *random = (const bits *)dither + ((first & ~3u) + (uint32_t)(ACROSS * j + 2 * v)) % SD_DITHER;
      const lanes two[2] = {ROW(j, v), ROW(j + 1, v)};

      RoundPair(two, random, &out[v]);
    }
  }
}

void SD_KERNEL(round_int8)(int M, const float *x, const void *dither, uint32_t first, void *rounded, float *unit, int32_t *sum)
{
  for (int v = 0; v < ACROSS; v++) {
    bits  *out = (bits *)rounded + v, most = {0};
    counts total = {0};
    lanes  scale;

    for (int j = 0; j < M; j++) Raise((bits)ROW(j, v), &most);
    Unit(&most, (lanes *)unit + v, &scale);
    for (int j = 0; j < M; j += 4, out += ACROSS) {
      const lanes *random  = (const lanes *)dither + ((first & ~3u) + (uint32_t)(ACROSS * j + 4 * v)) % SD_DITHER;
      const lanes  four[4] = {ROW(j, v), ROW(j + 1, v), ROW(j + 2, v), ROW(j + 3, v)};

      RoundQuad(four, &scale, random, out, &total);
    }
    *((counts *)sum + v) = total - (M + 3) / 4 * 512;
  }
}

/* sum += w[0..1] x[point][0..1], bf16 */
SD_INLINE void Pairs(const uint8_t *w, const words *x, vec *sum)
{
#if SD_VECTOR_BYTES == 64
  DotPairs(w, (const bits *)x, (lanes *)sum);
#else
  uint32_t two, low, high;
  float    w0, w1;

  memcpy(&two, w, sizeof(two));
  low  = two << 16;
  high = two & 0xffff0000u;
  memcpy(&w0, &low, sizeof(w0));
  memcpy(&w1, &high, sizeof(w1));
  *sum += w0 * (vec)(*x << 16);
  *sum += w1 * (vec)(*x & 0xffff0000u);
#endif
}

/* sum += w[0..3] x[point][0..3], unsigned times signed bytes */
SD_INLINE void Quads(const uint8_t *w, const words *x, ints *sum)
{
#if SD_VECTOR_BYTES == 64
  DotQuads(w, (const bits *)x, (counts *)sum);
#elif SD_VECTOR_BYTES == 32
  uint32_t four;

  memcpy(&four, w, sizeof(four));
  const __m256i even = _mm256_set1_epi32((int)(four & 0xff00ffu)), odd = _mm256_set1_epi32((int)(four >> 8 & 0xff00ffu)); /* as numbers of 16 bits */

  *sum += (ints)_mm256_madd_epi16(even, _mm256_srai_epi16(_mm256_slli_epi16((__m256i)*x, 8), 8));
  *sum += (ints)_mm256_madd_epi16(odd, _mm256_srai_epi16((__m256i)*x, 8));
#else
  for (int j = 0; j < 4; j++) *sum += (int)w[j] * ((ints)(*x << (24 - 8 * j)) >> 24);
#endif
}

SD_INLINE void TileBf16(const int rows, const SdRoundedProduct *p, int n, int first)
{
  const words   *x = (const words *)p->x + first;
  const uint8_t *w = (const uint8_t *)p->low + n * p->stride;
  vec           *C = (vec *)(p->C + (ptrdiff_t)n * SD_BLOCK) + first, sum[SD_TILE_ROWS][SD_TILE_VECTORS];

#pragma GCC unroll 8
  for (int r = 0; r < rows; r++) {
#pragma GCC unroll 4
    for (int v = 0; v < SD_TILE_VECTORS; v++) sum[r][v] = p->add ? C[r * VECTORS + v] : (vec){0};
  }
  for (int j = 0; j < p->M; j += 2, x += VECTORS, w += 4) {
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++) {
#pragma GCC unroll 4
      for (int v = 0; v < SD_TILE_VECTORS; v++) Pairs(w + r * p->stride, &x[v], &sum[r][v]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < rows; r++) {
#pragma GCC unroll 4
    for (int v = 0; v < SD_TILE_VECTORS; v++) C[r * VECTORS + v] = sum[r][v];
  }
}

SD_INLINE void TileInt8(const int rows, const SdRoundedProduct *p, int n, int first)
{
  const words   *x = (const words *)p->x + first;
  const uint8_t *w = (const uint8_t *)p->low + n * p->stride;
  vec           *C = (vec *)(p->C + (ptrdiff_t)n * SD_BLOCK) + first;
  ints           sum[SD_TILE_ROWS][SD_TILE_VECTORS];

#pragma GCC unroll 8
  for (int r = 0; r < rows; r++) {
#pragma GCC unroll 4
    for (int v = 0; v < SD_TILE_VECTORS; v++) sum[r][v] = *((const ints *)p->sum + first + v) * -128;
  }
  for (int j = 0; j < p->M; j += 4, x += VECTORS, w += 4) {
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++) {
#pragma GCC unroll 4
      for (int v = 0; v < SD_TILE_VECTORS; v++) Quads(w + r * p->stride, &x[v], &sum[r][v]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < rows; r++) {
#pragma GCC unroll 4
    for (int v = 0; v < SD_TILE_VECTORS; v++) {
      vec product = p->low_unit[n + r] * *((const vec *)p->unit + first + v) * __builtin_convertvector(sum[r][v], vec);

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

    for (; n + SD_TILE_ROWS <= p->N; n += SD_TILE_ROWS) Tile(precision, SD_TILE_ROWS, p, n, first);
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
