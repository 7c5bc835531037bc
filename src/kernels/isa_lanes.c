/* One point, one step of a hidden layer, SD_LANES directions side by side: what is zero for one direction is zero for all, so
   inputs without a tangent and outputs that nobody reads are left out without a branch in the inner loop. */
#include "lanes.h"

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

static int Count(int words, const uint64_t *s)
{
  int c = 0;

  for (int w = 0; w < words; w++) c += __builtin_popcountll(s[w]);
  return c;
}

/* Bits set in each lane. The compiler finds no vector instruction in the plain loop. */
SD_INLINE void AddPopcounts(bits x, counts *sum)
{
#ifdef __AVX512VPOPCNTDQ__
  *sum += (counts)_mm512_popcnt_epi32((__m512i)x);
#else
  for (int k = 0; k < SD_LANES; k++) (*sum)[k] += __builtin_popcount(x[k]);
#endif
}

/* sum_i v_i s_i of every lane's direction: popcount(s) - 2 popcount(v & s), for the rows of a tile. */
SD_INLINE void SignSums(const int rows, const SdDirections *d, const uint32_t *out, const uint64_t *s, int total, counts sum[ROWS])
{
  const uint32_t *v[ROWS];

  for (int r = 0; r < rows; r++) {
    v[r]   = d->V + out[r] * (size_t)(2 * d->words * SD_LANES);
    sum[r] = (counts){0};
  }
  for (int w = 0; w < d->words; w++) {
    const bits low = (bits){0} + (uint32_t)s[w], high = (bits){0} + (uint32_t)(s[w] >> 32);

#pragma GCC unroll 16
    for (int r = 0; r < rows; r++) {
      AddPopcounts(((const bits *)v[r])[2 * w] & low, &sum[r]);
      AddPopcounts(((const bits *)v[r])[2 * w + 1] & high, &sum[r]);
    }
  }
  for (int r = 0; r < rows; r++) sum[r] = total - 2 * sum[r];
}

SD_INLINE void SignedSums(const int rows, const SdDirections *d, const uint32_t *out, const uint64_t *pos, const uint64_t *neg, int total_pos, int total_neg, counts sum[ROWS])
{
  counts less[ROWS];

  SignSums(rows, d, out, pos, total_pos, sum);
  if (!neg) return;
  SignSums(rows, d, out, neg, total_neg, less);
  for (int r = 0; r < rows; r++) sum[r] -= less[r];
}

SD_INLINE void Currents(const int rows, const SdDirections *d, const uint32_t *out, const uint64_t *pos, const uint64_t *neg, int total_pos, int total_neg, float *start)
{
  const lanes mask = *(const lanes *)d->mask;
  counts      sum[ROWS];

  SignedSums(rows, d, out, pos, neg, total_pos, total_neg, sum);
  for (int r = 0; r < rows; r++) *(lanes *)(start + r * SD_LANES) = *(const lanes *)(d->bias + (size_t)out[r] * SD_LANES) + mask * __builtin_convertvector(sum[r], lanes);
}

void SD_KERNEL(lanes_currents)(const SdDirections *d, int nout, const uint32_t *out, const uint64_t *pos, const uint64_t *neg, float *start)
{
  const int total_pos = Count(d->words, pos), total_neg = neg ? Count(d->words, neg) : 0;

  if (d->a) {
    const uint32_t first = 0;
    counts         sum[ROWS];

    SignedSums(1, d, &first, pos, neg, total_pos, total_neg, sum);
    const lanes bs = __builtin_convertvector(sum[0], lanes);

    for (int i = 0; i < nout; i++) *(lanes *)(start + i * SD_LANES) = *(const lanes *)(d->bias + (size_t)out[i] * SD_LANES) + *(const lanes *)(d->a + (size_t)out[i] * SD_LANES) * bs;
    return;
  }
  for (int i = 0, rows; i < nout; i += rows) {
    rows = TILE_ROWS(nout - i);
    TILE(rows, Currents, d, out + i, pos, neg, total_pos, total_neg, start + i * SD_LANES)
  }
}

/* acc += W sdot in float32. */
SD_INLINE void ProductFp32(const int rows, const SdLanes *p, int g, const uint32_t *out, lanes acc[ROWS])
{
  const lanes *x = (const lanes *)p->x + g * p->x_stride;
  const float *w[ROWS];

  for (int r = 0; r < rows; r++) w[r] = p->W + out[r] * (size_t)p->M;
  for (int i = 0; i < p->in->nslot; i++) {
    const size_t column = p->in->column[i];
    const lanes  one    = x[i];

#pragma GCC unroll 16
    for (int r = 0; r < rows; r++) acc[r] += w[r][column] * one;
  }
}

/* The listed columns of the tile's rounded weights, moved to the front of their units: scratch[nentry][SD_LANES_ROWS][64]. */
SD_INLINE void Gather(const int rows, const SdPrecision precision, const SdLanes *p, const uint32_t *out)
{
  const SdColumns in = *p->in; /* what is written could be anything of it, for all that the compiler knows */
  uint8_t        *to = p->scratch;
  const uint8_t  *row[ROWS];

  for (int r = 0; r < rows; r++) row[r] = (const uint8_t *)p->low + out[r] * (size_t)p->low_stride;
  for (int e = 0; e < in.nentry; e++, to += SD_LANES_ROWS * ENTRY) {
    const uint8_t *index = in.index + e * ENTRY;
    const size_t   unit  = in.entry[e] * (size_t)UNIT;

#pragma GCC unroll 16
    for (int r = 0; r < rows; r++) {
#ifdef __AVX512VBMI__
      const __m512i which = _mm512_load_si512(index), low = _mm512_load_si512(row[r] + unit), high = _mm512_load_si512(row[r] + unit + ENTRY);

      _mm512_store_si512(to + r * ENTRY, precision == SD_INT8 ? _mm512_permutex2var_epi8(low, which, high) : _mm512_permutex2var_epi16(low, which, high));
#else
      const int bytes = SD_BYTES(precision);

      for (int j = 0; j < ENTRY; j += bytes) memcpy(to + r * ENTRY + j, row[r] + unit + bytes * index[j], (size_t)bytes);
#endif
    }
  }
}

/* sum += w[0..1] x[lane][0..1], bf16 */
SD_INLINE void DotPairs(const uint8_t *w, const bits *x, lanes *sum)
{
#ifdef __AVX512BF16__
  __asm__("vdpbf16ps %1%{1to16%}, %2, %0"
          : "+v"(*sum)
          : "m"(*(const uint32_t *)(const void *)w), "v"(*x));
#else
  uint32_t pair;

  memcpy(&pair, w, 4);
  const bits low = *x << 16, high = *x & 0xffff0000u, w0 = (bits){0} + (pair << 16), w1 = (bits){0} + (pair & 0xffff0000u);

  *sum += (lanes)w0 * (lanes)low + (lanes)w1 * (lanes)high;
#endif
}

/* sum += w[0..3] x[lane][0..3], unsigned times signed bytes */
SD_INLINE void DotQuads(const uint8_t *w, const bits *x, counts *sum)
{
#ifdef __AVX512VNNI__
  const bits four = (bits)_mm512_set1_epi32(*(const int *)(const void *)w);

  __asm__("vpdpbusd %2, %1, %0"
          : "+v"(*sum)
          : "v"(four), "v"(*x)); /* the intrinsic makes gcc 12 spill */
#else
  for (int j = 0; j < 4; j++) *sum += (int)w[j] * ((counts)(*x << (24 - 8 * j)) >> 24);
#endif
}

SD_INLINE void ProductBf16(const int rows, const SdLanes *p, int g, lanes acc[ROWS])
{
  const bits *x = (const bits *)p->x + g * p->x_stride;

  for (int i = 0; i < p->in->nslot; i++) {
    const uint8_t *w    = p->scratch + p->in->slot[i];
    const bits     pair = x[i];

#pragma GCC unroll 16
    for (int r = 0; r < rows; r++) DotPairs(w + r * ENTRY, &pair, &acc[r]);
  }
}

SD_INLINE void ProductInt8(const int rows, const SdLanes *p, int g, const uint32_t *out, lanes acc[ROWS])
{
  const bits  *x      = (const bits *)p->x + g * p->x_stride;
  const lanes  unit   = *(const lanes *)(p->x_unit + g * SD_LANES);
  const counts offset = *(const counts *)(p->x_sum + g * SD_LANES) * 128;
  counts       sum[ROWS];

#pragma GCC unroll 16
  for (int r = 0; r < rows; r++) sum[r] = -offset;
  for (int i = 0; i < p->in->nslot; i++) {
    const uint8_t *w    = p->scratch + p->in->slot[i];
    const bits     quad = x[i];

#pragma GCC unroll 16
    for (int r = 0; r < rows; r++) DotQuads(w + r * ENTRY, &quad, &sum[r]);
  }
#pragma GCC unroll 16
  for (int r = 0; r < rows; r++) acc[r] += p->low_unit[out[r]] * unit * __builtin_convertvector(sum[r], lanes);
}

SD_INLINE void Tile(const int rows, const SdPrecision precision, const SdLanes *p, int i)
{
  const uint32_t *out   = p->out + i;
  const float    *decay = p->decay;

  if (precision != SD_FP32) Gather(rows, precision, p, out);
  for (int g = 0; g < p->groups; g++) {
    const float *start = p->start + (g * p->start_stride + i) * SD_LANES;
    float       *mdot  = p->mdot + (ptrdiff_t)g * p->N * SD_LANES;
    lanes        acc[ROWS];

#pragma GCC unroll 16
    for (int r = 0; r < rows; r++) acc[r] = *(const lanes *)(start + r * SD_LANES);
    if (precision == SD_FP32) ProductFp32(rows, p, g, out, acc);
    else if (precision == SD_BF16) ProductBf16(rows, p, g, acc);
    else ProductInt8(rows, p, g, out, acc);
#pragma GCC unroll 16
    for (int r = 0; r < rows; r++) {
      lanes *m = (lanes *)(mdot + (size_t)out[r] * SD_LANES);

      *m = decay[out[r]] * *m + acc[r];
    }
  }
}

SD_INLINE void Step(const SdPrecision precision, const SdLanes *p)
{
  for (int i = 0, rows; i < p->nout; i += rows) {
    rows = TILE_ROWS(p->nout - i);
    TILE(rows, Tile, precision, p, i)
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
