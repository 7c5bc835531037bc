/* One point, one step of a hidden layer, SD_LANES directions side by side: what is zero for one direction is zero for all, so
   inputs without a tangent and outputs that nobody reads are left out without a branch in the inner loop. */
#ifdef __AVX512VBMI2__
  #include <immintrin.h>
#endif
#include <string.h>
#include "kernels_impl.h"

typedef float    lanes __attribute__((vector_size(4 * SD_LANES), aligned(4), may_alias));
typedef int32_t  counts __attribute__((vector_size(4 * SD_LANES), aligned(4), may_alias));
typedef uint32_t bits __attribute__((vector_size(4 * SD_LANES), aligned(4), may_alias));

/* Most outputs of a tile, whose sums stay in registers. */
enum { ROWS = SD_VECTOR_BYTES == 64 ? 10 : SD_VECTOR_BYTES == 32 ? 6 : 3 };
_Static_assert((int)ROWS <= SD_LANES_ROWS, "scratch rows");

static int Count(int words, const uint32_t *s)
{
  int c = 0;

  for (int w = 0; w < words; w++) c += __builtin_popcount(s[w]);
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
SD_INLINE void SignSums(const int rows, const SdLanes *p, const uint32_t *V, const uint16_t *out, const uint32_t *s, int total, counts sum[])
{
  const uint32_t *v[ROWS];

  for (int r = 0; r < rows; r++) {
    v[r]   = V + out[r] * (size_t)(p->words * SD_LANES);
    sum[r] = (counts){0};
  }
  for (int w = 0; w < p->words; w++) {
    const bits spikes = (bits){0} + s[w];

#pragma GCC unroll 16
    for (int r = 0; r < rows; r++) AddPopcounts(*(const bits *)(v[r] + w * SD_LANES) & spikes, &sum[r]);
  }
  for (int r = 0; r < rows; r++) sum[r] = total - 2 * sum[r];
}

/* The directions' own part of the current: V s + bias. */
SD_INLINE void Start(const int rows, const SdLanes *p, int g, const uint16_t *out, int total_pos, int total_neg, lanes acc[ROWS])
{
  const uint32_t *V    = p->V + (size_t)g * (size_t)p->V_stride;
  const float    *bias = p->bias + (size_t)g * (size_t)p->N * SD_LANES;
  const lanes     mask = *(const lanes *)(p->mask + g * SD_LANES);
  counts          sum[ROWS], less[ROWS];

  if (p->a) {
    const float *a  = p->a + (size_t)g * (size_t)p->N * SD_LANES;
    const lanes  bs = *(const lanes *)(p->bs + g * SD_LANES);

    for (int r = 0; r < rows; r++) acc[r] = *(const lanes *)(bias + out[r] * SD_LANES) + *(const lanes *)(a + out[r] * SD_LANES) * bs;
    return;
  }
  SignSums(rows, p, V, out, p->pos, total_pos, sum);
  if (p->neg) {
    SignSums(rows, p, V, out, p->neg, total_neg, less);
    for (int r = 0; r < rows; r++) sum[r] -= less[r];
  }
  for (int r = 0; r < rows; r++) acc[r] = *(const lanes *)(bias + out[r] * SD_LANES) + mask * __builtin_convertvector(sum[r], lanes);
}

/* acc += W sdot in float32. */
SD_INLINE void ProductFp32(const int rows, const SdLanes *p, int g, const uint16_t *out, lanes acc[ROWS])
{
  const float *sdot = p->sdot + (size_t)g * (size_t)p->sdot_stride, *w[ROWS];

  for (int r = 0; r < rows; r++) w[r] = p->W + out[r] * (size_t)p->M;
  for (int i = 0; i < p->nin; i++) {
    const lanes  x = *(const lanes *)(sdot + i * SD_LANES);
    const size_t m = p->in[i];

#pragma GCC unroll 16
    for (int r = 0; r < rows; r++) acc[r] += w[r][m] * x;
  }
}

/* The live columns of a rounded weight row, those of each 64 bytes moved to their front. */
SD_INLINE void GatherRow(const int bytes, const SdLanes *p, int n, uint8_t *row)
{
  const uint8_t *W = (const uint8_t *)p->low + (size_t)n * (size_t)p->low_stride;

  for (int c = 0; c < p->low_stride / 64; c++) {
    const uint64_t live = bytes == 1 ? p->live[c] : p->live[c / 2] >> (32 * (c % 2)) & 0xffffffff;

#ifdef __AVX512VBMI2__
    const __m512i all = _mm512_load_si512(W + 64 * c);

    _mm512_store_si512(row + 64 * c, bytes == 1 ? _mm512_maskz_compress_epi8(live, all) : _mm512_maskz_compress_epi16((__mmask32)live, all));
#else
    int n_live = 0;

    memset(row + 64 * c, 0, 64);
    for (uint64_t left = live; left; left &= left - 1) memcpy(row + 64 * c + bytes * n_live++, W + 64 * c + bytes * __builtin_ctzll(left), (size_t)bytes);
#endif
  }
}

/* sum += w[0..1] x[lane][0..1], bf16 */
SD_INLINE void DotPairs(const uint8_t *w, const bits *x, lanes *sum)
{
#ifdef __AVX512BF16__
  __asm__("vdpbf16ps %1%{1to16%}, %2, %0" : "+v"(*sum) : "m"(*(const uint32_t *)(const void *)w), "v"(*x));
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

  __asm__("vpdpbusd %2, %1, %0" : "+v"(*sum) : "v"(four), "v"(*x)); /* the intrinsic makes gcc 12 spill */
#else
  for (int j = 0; j < 4; j++) *sum += (int)w[j] * ((counts)(*x << (24 - 8 * j)) >> 24);
#endif
}

SD_INLINE void ProductBf16(const int rows, const SdLanes *p, int g, const uint8_t *const row[ROWS], lanes acc[ROWS])
{
  const bits *x = (const bits *)p->x + (size_t)g * (size_t)p->x_stride;

  for (int i = 0; i < p->nslot; i++) {
    const bits pair = x[i];

#pragma GCC unroll 16
    for (int r = 0; r < rows; r++) DotPairs(row[r] + 4 * p->slot[i], &pair, &acc[r]);
  }
}

SD_INLINE void ProductInt8(const int rows, const SdLanes *p, int g, const uint16_t *out, const uint8_t *const row[ROWS], lanes acc[ROWS])
{
  const bits  *x      = (const bits *)p->x + (size_t)g * (size_t)p->x_stride;
  const lanes  unit   = *(const lanes *)(p->x_unit + g * SD_LANES);
  const counts offset = *(const counts *)(p->x_sum + g * SD_LANES) * 128;
  counts       sum[ROWS];

#pragma GCC unroll 16
  for (int r = 0; r < rows; r++) sum[r] = -offset;
  for (int i = 0; i < p->nslot; i++) {
    const bits quad = x[i];

#pragma GCC unroll 16
    for (int r = 0; r < rows; r++) DotQuads(row[r] + 4 * p->slot[i], &quad, &sum[r]);
  }
#pragma GCC unroll 16
  for (int r = 0; r < rows; r++) acc[r] += p->low_unit[out[r]] * unit * __builtin_convertvector(sum[r], lanes);
}

/* mdot = decay mdot + current; psi mdot of the live ones to sdot. */
SD_INLINE int Update(const int rows, const SdLanes *p, int g, const uint16_t *out, const lanes acc[ROWS], float *sdot)
{
  float *mdots = p->mdot + (size_t)g * (size_t)p->N * SD_LANES;
  int    live = 0;

#pragma GCC unroll 16
  for (int r = 0; r < rows; r++) {
    const size_t n    = out[r];
    lanes       *mdot = (lanes *)(mdots + n * SD_LANES);

    *mdot = p->decay[n] * *mdot + acc[r];
    *(lanes *)(sdot + live * SD_LANES) = p->psi[n] * *mdot;
    live += p->psi[n] != 0.0f; /* no branch: nothing predicts it */
  }
  return live;
}

SD_INLINE int Tile(const int rows, const SdPrecision precision, const SdLanes *p, const uint16_t *out, int total_pos, int total_neg, float *sdot)
{
  const uint8_t *row[ROWS];
  int            live = 0;

  for (int r = 0; r < rows && precision != SD_FP32; r++) {
    if (p->nin < p->M) GatherRow(precision == SD_INT8 ? 1 : 2, p, out[r], p->scratch + r * p->low_stride);
    row[r] = p->nin < p->M ? p->scratch + r * p->low_stride : (const uint8_t *)p->low + out[r] * p->low_stride;
  }
  for (int g = 0; g < p->groups; g++) {
    lanes acc[ROWS];

    Start(rows, p, g, out, total_pos, total_neg, acc);
    if (precision == SD_FP32) ProductFp32(rows, p, g, out, acc);
    else if (precision == SD_BF16) ProductBf16(rows, p, g, row, acc);
    else ProductInt8(rows, p, g, out, row, acc);
    live = Update(rows, p, g, out, acc, sdot + (size_t)g * (size_t)p->out_stride);
  }
  return live;
}

SD_INLINE void Step(const SdPrecision precision, const SdLanes *p, float *sdot)
{
  const int total_pos = Count(p->words, p->pos), total_neg = p->neg ? Count(p->words, p->neg) : 0;

  /* tiles as equal as they come: a small one at the end would wait for every sum */
  for (int i = 0, rows, live = 0; i < p->nout; i += rows, sdot += live * SD_LANES) {
    const int       left = p->nout - i, tiles = (left + ROWS - 1) / ROWS;
    const uint16_t *out = p->out + i;

    rows = (left + tiles - 1) / tiles;
    switch (rows) {
    case 1: live = Tile(1, precision, p, out, total_pos, total_neg, sdot); break;
    case 2: live = Tile(2, precision, p, out, total_pos, total_neg, sdot); break;
    case 3: live = Tile(3, precision, p, out, total_pos, total_neg, sdot); break;
#if SD_VECTOR_BYTES >= 32
    case 4: live = Tile(4, precision, p, out, total_pos, total_neg, sdot); break;
    case 5: live = Tile(5, precision, p, out, total_pos, total_neg, sdot); break;
    case 6: live = Tile(6, precision, p, out, total_pos, total_neg, sdot); break;
#endif
#if SD_VECTOR_BYTES >= 64
    case 7: live = Tile(7, precision, p, out, total_pos, total_neg, sdot); break;
    case 8: live = Tile(8, precision, p, out, total_pos, total_neg, sdot); break;
    case 9: live = Tile(9, precision, p, out, total_pos, total_neg, sdot); break;
    case 10: live = Tile(10, precision, p, out, total_pos, total_neg, sdot); break;
#endif
    }
  }
}

void SD_KERNEL(lanes_dot)(int words, const uint32_t *v, const uint32_t *pos, const uint32_t *neg, float *sum)
{
  const SdLanes  p     = {.words = words};
  const uint16_t first = 0;
  counts         plus, minus = {0};

  SignSums(1, &p, v, &first, pos, Count(words, pos), &plus);
  if (neg) SignSums(1, &p, v, &first, neg, Count(words, neg), &minus);
  *(lanes *)sum = __builtin_convertvector(plus - minus, lanes);
}

void SD_KERNEL(lanes_step_fp32)(const SdLanes *p, float *sdot) { Step(SD_FP32, p, sdot); }
void SD_KERNEL(lanes_step_bf16)(const SdLanes *p, float *sdot) { Step(SD_BF16, p, sdot); }
void SD_KERNEL(lanes_step_int8)(const SdLanes *p, float *sdot) { Step(SD_INT8, p, sdot); }

void SD_KERNEL(lanes_round_bf16)(int nchunk, const uint8_t *count, const float *sdot, const uint32_t *dither, uint32_t first, uint32_t *x, float *unit, int32_t *sum)
{
  bits *pair = (bits *)x;

  (void)unit, (void)sum;
  for (int c = 0; c < nchunk; c++) {
    for (int i = 0; i < count[c]; i += 2, pair++, sdot += 2 * SD_LANES) {
      const bits low = (bits) * (const lanes *)sdot + (*(const bits *)(dither + first % SD_DITHER * SD_LANES) >> 16);
      bits       high = {0};

      if (i + 1 < count[c]) high = (bits) * (const lanes *)(sdot + SD_LANES) + (*(const bits *)(dither + (first + 1) % SD_DITHER * SD_LANES) >> 16);
      else sdot -= SD_LANES;
      *pair = low >> 16 | (high & 0xffff0000u);
      first += 2;
    }
  }
}

/* Up to four vectors in units of 1/scale, side by side in bytes. */
SD_INLINE void Quad(const int n, const float *sdot, const lanes *scale, const uint32_t *dither, uint32_t first, counts *total, bits *out)
{
  bits four = {0};

  for (int j = 0; j < n; j++) {
    const lanes  u = __builtin_convertvector((counts)(*(const bits *)(dither + (first + (uint32_t)j) % SD_DITHER * SD_LANES) >> 8), lanes) * 0x1p-24f;
    const counts q = __builtin_convertvector(*(const lanes *)(sdot + j * SD_LANES) * *scale + (u + 128.0f), counts) - 128; /* of a positive number truncation is the floor */

    *total += q;
    four |= ((bits)q & 0xff) << (8 * j);
  }
  *out = four;
}

void SD_KERNEL(lanes_round_int8)(int nchunk, const uint8_t *count, const float *sdot, const uint32_t *dither, uint32_t first, uint32_t *x, float *unit, int32_t *sum)
{
  bits  *quad = (bits *)x, most = {0};
  counts total = {0};
  int    nin = 0;

  for (int c = 0; c < nchunk; c++) nin += count[c];
  /* as integers, so that infinities and NaN are the largest and end in the unit */
  for (int i = 0; i < nin; i++) {
    const bits size = (bits) * (const lanes *)(sdot + i * SD_LANES) & 0x7fffffffu, more = (bits)(size > most);

    most = (size & more) | (most & ~more);
  }
  const lanes largest = (lanes)most, one = largest / SD_INT8_UNITS, zero = (lanes)((bits)(largest == 0.0f) & 0x3f800000u), scale = (lanes)((bits)(SD_INT8_UNITS / (largest + zero)) & ~(bits)(largest == 0.0f));

  for (int c = 0; c < nchunk; c++) {
    int i = 0;

    for (; i + 4 <= count[c]; i += 4, first += 4, sdot += 4 * SD_LANES) Quad(4, sdot, &scale, dither, first, &total, quad++);
    if (i == count[c]) continue;
    Quad(count[c] - i, sdot, &scale, dither, first, &total, quad++);
    sdot += (count[c] - i) * SD_LANES;
    first += (uint32_t)(count[c] - i);
  }
  *(lanes *)unit = one;
  *(counts *)sum = total;
}

void SD_KERNEL(lanes_read)(int nin, const uint16_t *restrict in, const float *restrict sdot, float f, const float *restrict w, float *restrict du)
{
  lanes sum = *(const lanes *)du;

  for (int i = 0; i < nin; i++) sum += f * w[in[i]] * *(const lanes *)(sdot + i * SD_LANES);
  *(lanes *)du = sum;
}

void SD_KERNEL(lanes_scale)(int nin, const uint16_t *restrict in, const float *restrict factor, const float *restrict x, float *restrict y)
{
  for (int i = 0; i < nin; i++) *(lanes *)(y + i * SD_LANES) = factor[in[i]] * *(const lanes *)(x + in[i] * SD_LANES);
}
