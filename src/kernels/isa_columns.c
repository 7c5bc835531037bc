/* Which tangents there are, and these held as a product wants them. */
#include "rounding.h"

/* Bit n - first where x[n] is not zero, or where sign x[n] is not below threshold; n < first + many. */
SD_INLINE uint64_t Word(const int spikes, int many, float sign, float threshold, const float *x)
{
  uint64_t word = 0;

#ifdef __AVX512F__
  for (int i = 0; i < many; i += 16) {
    const __mmask16 there = (__mmask16)(many - i < 16 ? (1u << (many - i)) - 1 : 0xffff);
    const __m512    y     = _mm512_maskz_loadu_ps(there, x + i);

    word |= (uint64_t)(spikes ? _mm512_mask_cmp_ps_mask(there, _mm512_set1_ps(sign) * y, _mm512_set1_ps(threshold), _CMP_GE_OQ) : _mm512_cmp_ps_mask(y, _mm512_setzero_ps(), _CMP_NEQ_UQ)) << i;
  }
#else
  int i = 0;

  #ifdef __AVX2__
  for (; i + 8 <= many; i += 8) {
    const __m256 y = _mm256_loadu_ps(x + i);

    word |= (uint64_t)(unsigned)_mm256_movemask_ps(spikes ? _mm256_cmp_ps(_mm256_mul_ps(_mm256_set1_ps(sign), y), _mm256_set1_ps(threshold), _CMP_GE_OQ) : _mm256_cmp_ps(y, _mm256_setzero_ps(), _CMP_NEQ_UQ)) << i;
  }
  #endif
  for (; i < many; i++) word |= (uint64_t)(spikes ? sign * x[i] >= threshold : x[i] != 0.0f) << i;
#endif
  return word;
}

void SD_KERNEL(lanes_nonzero)(int N, const float *x, uint64_t *word)
{
  int n = 0;

  for (; n + 64 <= N; n += 64) word[n / 64] = Word(0, 64, 0, 0, x + n);
  if (n < N) word[n / 64] = Word(0, N - n, 0, 0, x + n);
}

void SD_KERNEL(lanes_spikes)(int N, float sign, float threshold, const float *m, uint64_t *word)
{
  int n = 0;

  for (; n + 64 <= N; n += 64) word[n / 64] = Word(1, 64, sign, threshold, m + n);
  if (n < N) word[n / 64] = Word(1, N - n, sign, threshold, m + n);
}

/* Numbers of the bits that are set, from first on; 64 entries are written. */
SD_INLINE int List(uint64_t set, uint32_t first, uint32_t *list)
{
  int n = 0;

#ifdef __AVX512F__
  const __m512i sixteen = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);

  for (uint32_t i = 0; i < 64; i += 16) {
    _mm512_storeu_si512(list + n, _mm512_maskz_compress_epi32((__mmask16)(set >> i), _mm512_add_epi32(sixteen, _mm512_set1_epi32((int)(first + i)))));
    n += __builtin_popcountll(set >> i & 0xffff);
  }
#else
  for (; set; set &= set - 1) list[n++] = first + (uint32_t)__builtin_ctzll(set);
#endif
  return n;
}

void SD_KERNEL(lanes_columns_fp32)(int words, const uint64_t *set, uint32_t none, SdColumns *c)
{
  int n = 0;

  for (int w = 0; w < words; w++) {
    c->first[w] = (uint32_t)n;
    n += List(set[w], 64 * (uint32_t)w, c->column + n);
  }
  for (int i = 0; i < SD_LANES_ROWS; i++) c->column[n + i] = none;
  c->first[words] = (uint32_t)n;
  c->n = c->nslot = n;
}

/* An entry: listed columns, counted from their unit's first, and the bytes of its slots. */
SD_INLINE void Entry(const SdPrecision precision, int entry, const uint32_t *column, uint8_t *index, uint32_t *slot)
{
  if (precision == SD_INT8) {
    for (int j = 0; j < ENTRY; j++) index[j] = (uint8_t)(column[j] % UNIT);
  } else {
    uint16_t half[ENTRY / 2];

    for (int j = 0; j < ENTRY / 2; j++) half[j] = (uint16_t)(column[j] % (UNIT / 2));
    memcpy(index, half, sizeof(half));
  }
  for (uint32_t q = 0; q < ENTRY / 4; q++) slot[q] = (uint32_t)entry * SD_LANES_ROWS * ENTRY + 4 * q;
}

SD_INLINE void Columns(const SdPrecision precision, int words, const uint64_t *set, uint32_t none, SdColumns *c)
{
  const int partners = SD_PARTNERS(precision), per_unit = UNIT / SD_BYTES(precision) / 64;
  int       nslot = 0, nentry = 0;

  for (int w = 0; w < words; w += per_unit) {
    uint32_t *column = c->column + partners * nslot;
    int       n      = List(set[w], 64 * (uint32_t)w, column);

    if (per_unit == 2 && w + 1 < words) n += List(set[w + 1], 64 * (uint32_t)(w + 1), column + n);
    for (int i = 0; i < SD_COLUMNS_PAD; i++) column[n + i] = none;
    for (int i = 0; i < n; i += ENTRY / SD_BYTES(precision), nentry++) {
      c->entry[nentry] = (uint16_t)(w / per_unit);
      Entry(precision, nentry, column + i, c->index + ENTRY * nentry, c->slot + nslot + i / partners);
    }
    nslot += (n + partners - 1) / partners;
  }
  c->nslot  = nslot;
  c->nentry = nentry;
}

void SD_KERNEL(lanes_columns_bf16)(int words, const uint64_t *set, uint32_t none, SdColumns *c)
{
  Columns(SD_BF16, words, set, none, c);
}
void SD_KERNEL(lanes_columns_int8)(int words, const uint64_t *set, uint32_t none, SdColumns *c)
{
  Columns(SD_INT8, words, set, none, c);
}

/* Part q of the tangents of column c. */
SD_INLINE lanes Tangent(const float *factor, const float *mdot, uint32_t c, int q)
{
  return factor[c] * ((const lanes *)(mdot + (size_t)c * SD_LANES))[q];
}

void SD_KERNEL(lanes_hold_fp32)(const SdColumns *c, const float *factor, const float *mdot, const void *dither, uint32_t first, void *x, float *unit, int32_t *sum)
{
  lanes *out = x;

  (void)dither, (void)first, (void)unit, (void)sum;
  for (int i = 0; i < c->nslot; i++) {
    for (int q = 0; q < PARTS; q++) out[i * PARTS + q] = Tangent(factor, mdot, c->column[i], q);
  }
}

void SD_KERNEL(lanes_hold_bf16)(const SdColumns *c, const float *factor, const float *mdot, const void *dither, uint32_t first, void *x, float *unit, int32_t *sum)
{
  bits *out = x;

  (void)unit, (void)sum;
  for (int i = 0; i < c->nslot; i++) {
    const uint32_t *column = c->column + 2 * i;

    for (int q = 0; q < PARTS; q++) {
      const bits *random = (const bits *)dither + ((first & ~3u) + 2 * (uint32_t)i) % SD_DITHER * PARTS + q;
      const lanes two[2] = {Tangent(factor, mdot, column[0], q), Tangent(factor, mdot, column[1], q)};

      RoundPair(two, random, &out[i * PARTS + q]);
    }
  }
}

void SD_KERNEL(lanes_hold_int8)(const SdColumns *c, const float *factor, const float *mdot, const void *dither, uint32_t first, void *x, float *unit, int32_t *sum)
{
  for (int q = 0; q < PARTS; q++) {
    bits  *out = (bits *)x + q, most = {0};
    counts total = {0};
    lanes  scale;

    for (int i = 0; i < 4 * c->nslot; i += 4) {
#pragma GCC unroll 4
      for (int j = 0; j < 4; j++) Raise((bits)Tangent(factor, mdot, c->column[i + j], q), &most);
    }
    Unit(&most, (lanes *)unit + q, &scale);
    for (int i = 0; i < c->nslot; i++) {
      const uint32_t *column  = c->column + 4 * i;
      const lanes    *random  = (const lanes *)dither + ((first & ~3u) + 4 * (uint32_t)i) % SD_DITHER * PARTS + q;
      const lanes     four[4] = {Tangent(factor, mdot, column[0], q), Tangent(factor, mdot, column[1], q), Tangent(factor, mdot, column[2], q), Tangent(factor, mdot, column[3], q)};

      RoundQuad(four, &scale, random, &out[i * PARTS], &total);
    }
    ((counts *)sum)[q] = total - 512 * c->nslot;
  }
}

void SD_KERNEL(lanes_read)(const SdColumns *c, const float *factor, const float *mdot, float f, const float *w, float *du)
{
  for (int q = 0; q < PARTS; q++) {
    lanes sum[4] = {((const lanes *)du)[q]};
    int   i      = 0;

    for (; i + 4 <= c->n; i += 4) {
#pragma GCC unroll 4
      for (int j = 0; j < 4; j++) sum[j] += f * w[c->column[i + j]] * Tangent(factor, mdot, c->column[i + j], q);
    }
    for (; i < c->n; i++) sum[0] += f * w[c->column[i]] * Tangent(factor, mdot, c->column[i], q);
    ((lanes *)du)[q] = (sum[0] + sum[1]) + (sum[2] + sum[3]);
  }
}
