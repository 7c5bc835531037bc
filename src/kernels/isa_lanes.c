/* One point, one step of a hidden layer, SD_LANES directions side by side: what is zero for one direction is zero for all, so
   inputs without a tangent and outputs that nobody reads are left out without a branch in the inner loop. */
#include "rounding.h"

/* Most outputs of a tile, whose sums stay in registers. */
enum { ROWS = SD_VECTOR_BYTES == 64 ? 10 : SD_VECTOR_BYTES == 32 ? 6 : 3 };
_Static_assert((int)ROWS <= SD_LANES_ROWS, "scratch rows");

/* Tiles as equal as they come: a small one at the end would wait for every sum. */
#define TILE_ROWS(left) (((left) + ((left) + ROWS - 1) / ROWS - 1) / (((left) + ROWS - 1) / ROWS))

/* call(rows, ...) with rows as a constant */
#define TILE(rows, call, ...) \
  switch (rows) { \
  case 1: call(1, __VA_ARGS__); break; \
  case 2: call(2, __VA_ARGS__); break; \
  case 3: call(3, __VA_ARGS__); break; \
    TILE_TO_6(call, __VA_ARGS__) \
    TILE_TO_10(call, __VA_ARGS__) \
  }
#if SD_VECTOR_BYTES >= 32
  #define TILE_TO_6(call, ...) \
  case 4: call(4, __VA_ARGS__); break; \
  case 5: call(5, __VA_ARGS__); break; \
  case 6: call(6, __VA_ARGS__); break;
#else
  #define TILE_TO_6(call, ...)
#endif
#if SD_VECTOR_BYTES >= 64
  #define TILE_TO_10(call, ...) \
  case 7: call(7, __VA_ARGS__); break; \
  case 8: call(8, __VA_ARGS__); break; \
  case 9: call(9, __VA_ARGS__); break; \
  case 10: call(10, __VA_ARGS__); break;
#else
  #define TILE_TO_10(call, ...)
#endif

/* acc += W sdot in float32. */
SD_INLINE void ProductFp32(const int rows, const SdLanes *p, int g, const uint32_t *out, lanes acc[ROWS][PARTS])
{
  const lanes *x = (const lanes *)p->x + g * p->x_stride * PARTS;
  const float *w[ROWS];

  for (int r = 0; r < rows; r++) w[r] = p->W + out[r] * (size_t)p->M;
  for (int i = 0; i < p->in->nslot; i++, x += PARTS) {
    const size_t column = p->in->column[i];

#pragma GCC unroll 16
    for (int r = 0; r < rows; r++) {
#pragma GCC unroll 4
      for (int q = 0; q < PARTS; q++) acc[r][q] += w[r][column] * x[q];
    }
  }
}

/* The listed columns of ROWS outputs' rounded weights, moved to the front of their units: to[nentry][SD_LANES_ROWS][64]. */
SD_INLINE void Gather(const SdPrecision precision, const SdLanes *p, const uint32_t *out, uint8_t *to)
{
  const SdColumns in = *p->in; /* what is written could be anything of it, for all that the compiler knows */
  const uint8_t  *row[ROWS];

  for (int r = 0; r < ROWS; r++) row[r] = (const uint8_t *)p->low + out[r] * (size_t)p->low_stride;
#ifdef __AVX512VBMI__
  for (int e = 0; e < in.nentry; e++, to += SD_LANES_ROWS * ENTRY) {
    const size_t  unit  = in.entry[e] * (size_t)UNIT;
    const __m512i which = _mm512_load_si512(in.index + e * ENTRY);

  #pragma GCC unroll 16
    for (int r = 0; r < ROWS; r++) {
      const __m512i low = _mm512_load_si512(row[r] + unit), high = _mm512_load_si512(row[r] + unit + ENTRY);

      _mm512_store_si512(to + r * ENTRY, precision == SD_INT8 ? _mm512_permutex2var_epi8(low, which, high) : _mm512_permutex2var_epi16(low, which, high));
    }
  }
#else
  for (int i = 0; i < in.nslot; i++) {
    const uint32_t e = in.slot[i] / (SD_LANES_ROWS * ENTRY), place = in.slot[i] % ENTRY;
    const size_t   unit = in.entry[e] * (size_t)UNIT;
    size_t         column[4] = {0};

    for (int j = 0; j < SD_PARTNERS(precision); j++) column[j] = unit + (size_t)(SD_BYTES(precision) * in.index[e * ENTRY + place + (uint32_t)(SD_BYTES(precision) * j)]);
    for (int r = 0; r < ROWS; r++) {
      for (int j = 0; j < SD_PARTNERS(precision); j++) memcpy(to + in.slot[i] + r * ENTRY + SD_BYTES(precision) * j, row[r] + column[j], SD_BYTES(precision));
    }
  }
#endif
}

/* One address for all rows of a tile: left alone, the compiler keeps one for each and has no registers left. */
SD_INLINE const uint8_t *At(const uint8_t *gathered, uint32_t slot)
{
  const uint8_t *w = gathered + slot;

  __asm__("" : "+r"(w));
  return w;
}

SD_INLINE void ProductBf16(const int rows, const SdLanes *p, int g, const uint8_t *gathered, lanes acc[ROWS][PARTS])
{
  const bits *x = (const bits *)p->x + g * p->x_stride * PARTS;

  for (int i = 0; i < p->in->nslot; i++, x += PARTS) {
    const uint8_t *w = At(gathered, p->in->slot[i]);
    bits           pair[PARTS][PAIR_PIECES];

#pragma GCC unroll 4
    for (int q = 0; q < PARTS; q++) PairPieces(x[q], pair[q]);
#pragma GCC unroll 16
    for (int r = 0; r < rows; r++) DotPairs(PARTS, w + r * ENTRY, (const bits(*)[PAIR_PIECES])pair, acc[r]);
  }
}

SD_INLINE void ProductInt8(const int rows, const SdLanes *p, int g, const uint32_t *out, const uint8_t *gathered, lanes acc[ROWS][PARTS])
{
  const bits   *x    = (const bits *)p->x + g * p->x_stride * PARTS;
  const lanes  *unit = (const lanes *)(p->x_unit + g * SD_LANES);
  const counts *all  = (const counts *)(p->x_sum + g * SD_LANES);
  counts        sum[ROWS][PARTS];

#pragma GCC unroll 16
  for (int r = 0; r < rows; r++) {
#pragma GCC unroll 4
    for (int q = 0; q < PARTS; q++) sum[r][q] = all[q] * -128;
  }
  for (int i = 0; i < p->in->nslot; i++, x += PARTS) {
    const uint8_t *w = At(gathered, p->in->slot[i]);
    bits           quad[PARTS][QUAD_PIECES];

#pragma GCC unroll 4
    for (int q = 0; q < PARTS; q++) QuadPieces(x[q], quad[q]);
#pragma GCC unroll 16
    for (int r = 0; r < rows; r++) DotQuads(PARTS, w + r * ENTRY, (const bits(*)[QUAD_PIECES])quad, sum[r]);
  }
#pragma GCC unroll 16
  for (int r = 0; r < rows; r++) {
#pragma GCC unroll 4
    for (int q = 0; q < PARTS; q++) acc[r][q] += p->low_unit[out[r]] * unit[q] * __builtin_convertvector(sum[r][q], lanes);
  }
}

SD_INLINE void Tile(const int rows, const SdPrecision precision, const SdLanes *p, int i, const uint8_t *gathered)
{
  const uint32_t *out   = p->out + i;
  const float    *decay = p->decay;

  for (int g = 0; g < p->groups; g++) {
    const lanes *start = (const lanes *)(p->start + (g * p->start_stride + i) * SD_LANES);
    float       *mdot  = p->mdot + (ptrdiff_t)g * p->N * SD_LANES;
    lanes        acc[ROWS][PARTS];

#pragma GCC unroll 16
    for (int r = 0; r < rows; r++) {
#pragma GCC unroll 4
      for (int q = 0; q < PARTS; q++) acc[r][q] = start[r * PARTS + q];
    }
    if (precision == SD_FP32) ProductFp32(rows, p, g, out, acc);
    else if (precision == SD_BF16) ProductBf16(rows, p, g, gathered, acc);
    else ProductInt8(rows, p, g, out, gathered, acc);
#pragma GCC unroll 16
    for (int r = 0; r < rows; r++) {
      lanes *m = (lanes *)(mdot + (size_t)out[r] * SD_LANES);

#pragma GCC unroll 4
      for (int q = 0; q < PARTS; q++) m[q] = decay[out[r]] * m[q] + acc[r][q];
    }
  }
}

/* A tile is gathered while the one before it is multiplied: what has just been stored would be waited for. */
SD_INLINE void Step(const SdPrecision precision, const SdLanes *p)
{
  const ptrdiff_t half = (ptrdiff_t)p->in->nentry * SD_LANES_ROWS * ENTRY;

  if (precision != SD_FP32 && p->nout) Gather(precision, p, p->out, p->scratch);
  for (int i = 0, rows, turn = 0; i < p->nout; i += rows, turn = !turn) {
    rows = TILE_ROWS(p->nout - i);
    if (precision != SD_FP32 && i + rows < p->nout) Gather(precision, p, p->out + i + rows, p->scratch + !turn * half);
    TILE(rows, Tile, precision, p, i, p->scratch + turn * half)
  }
}

void SD_KERNEL(lanes_step_fp32)(const SdLanes *p)
{
  Step(SD_FP32, p);
}
void SD_KERNEL(lanes_step_bf16)(const SdLanes *p)
{
  Step(SD_BF16, p);
}
void SD_KERNEL(lanes_step_int8)(const SdLanes *p)
{
  Step(SD_INT8, p);
}
