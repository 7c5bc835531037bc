/* Weights times spikes through tables, of weights in 16 bits. Sums are taken modulo 2^16, exactly, since what they end in is in range. */
#include <float.h>
#ifdef __AVX512BW__
  #include "permuted.h"
#else
  #define SD_ROW int16_t
  #include "rows.h"
#endif

/* Weights that share a unit, which leaves room for all of the positive or negative ones together, rounded away from zero. */
SD_INLINE float Round(const int many, const float *restrict w, const uint16_t *restrict random, int16_t *restrict rounded)
{
  enum { APART = 16,
         ROOM  = SD_SHORT_RANGE - SD_SHORT_INPUTS - 8 /* what sums in float32 may be off */ };
  float positive[APART] = {0}, negative[APART] = {0};

  for (int j = 0; j < many; j += APART) {
    for (int i = 0; i < APART && j + i < many; i++) {
      const float size = w[j + i] < 0 ? -w[j + i] : w[j + i];

      positive[i] += 0.5f * (size + w[j + i]);
      negative[i] += 0.5f * (size - w[j + i]);
    }
  }
  for (int i = 1; i < APART; i++) {
    positive[0] += positive[i];
    negative[0] += negative[i];
  }
  const float most = positive[0] < negative[0] ? negative[0] : positive[0];

  if (most >= SD_TINY && most <= FLT_MAX) {
    const float scale = ROOM / most * 0x1p16f;

    for (int j = 0; j < many; j++) rounded[j] = (int16_t)(((int32_t)(w[j] * scale) + random[j]) >> 16);
  } else { /* the unit says it: nothing to speak of, infinite or no number */
    memset(rounded, 0, sizeof(*rounded) * (size_t)many);
  }
  return most / ROOM;
}

void SD_KERNEL(short_round)(int M, const float *restrict w, const uint16_t *restrict random, int16_t *restrict rounded, float *restrict unit)
{
  int j = 0;

  for (; j + SD_SHORT_INPUTS <= M; j += SD_SHORT_INPUTS, unit++) *unit = Round(SD_SHORT_INPUTS, w + j, random + j, rounded + j);
  if (j < M) *unit = Round(M - j, w + j, random + j, rounded + j);
}

#ifdef __AVX512BW__

void SD_KERNEL(short_tables)(int N, int M, const int16_t *restrict W, int16_t *restrict tables)
{
  for (int n = 0; n < N; n += SD_SPIKE_ROWS) PanelTables(N - n < SD_SPIKE_ROWS ? N - n : SD_SPIKE_ROWS, M, W + (size_t)n * (size_t)M, tables + SD_SPIKE_TABLES(n, M));
}

void SD_KERNEL(short_index)(int M, float sign, const float *restrict s, uint16_t *restrict index)
{
  if (sign > 0.0f) Indices(M, 1.0f, s, index);
  else Indices(M, -1.0f, s, index);
}

void SD_KERNEL(short_sums)(int N, int M, float sign, const float *bias, const float *unit, const int16_t *restrict tables, const uint16_t *restrict index, float *restrict C)
{
  for (int n = 0; n < N; n += SD_SPIKE_ROWS) PanelSums(N - n < SD_SPIKE_ROWS ? N - n : SD_SPIKE_ROWS, M, sign, bias ? bias + n : NULL, unit + (size_t)n * SD_SHORT_UNITS(M), tables + SD_SPIKE_TABLES(n, M), index, C + (size_t)n * SD_BLOCK);
}

#else

_Static_assert(CHUNK *UNIT == SD_SHORT_INPUTS, "a chunk of tables has a unit");

SD_INLINE void Tables(const Cut cut, int N, int M, const int16_t *restrict W, int16_t *restrict tables)
{
  for (int n0 = 0; n0 < N; n0 += ROWS, tables += SD_SPIKE_TABLES(ROWS, M)) {
    const int rows = N - n0 < ROWS ? N - n0 : ROWS;

    for (int j = 0; j < M; j += UNIT) {
      const int            inputs = M - j < UNIT ? M - j : UNIT;
      _Alignas(64) int16_t column[UNIT][ROWS];

      if (rows < ROWS || inputs < UNIT) memset(column, 0, sizeof(column));
      for (int n = 0; n < rows; n++) {
        for (int i = 0; i < inputs; i++) column[i][n] = W[(size_t)(n0 + n) * (size_t)M + (size_t)(j + i)];
      }
      for (int v = 0; v < WIDTH; v++) {
        part w[UNIT];

        for (int i = 0; i < UNIT; i++) w[i] = ((const part *)(const void *)column[i])[v];
        UnitTables(cut, j / UNIT, w, tables, v);
      }
    }
  }
}

void SD_KERNEL(short_tables)(int N, int M, const int16_t *restrict W, int16_t *restrict tables)
{
  if (SD_SPIKE_WIDE(M)) Tables(CutOf(1), N, M, W, tables);
  else Tables(CutOf(0), N, M, W, tables);
}

void SD_KERNEL(short_index)(int M, float sign, const float *restrict s, uint16_t *restrict index)
{
  if (sign > 0.0f) Index(M, 1.0f, s, index);
  else Index(M, -1.0f, s, index);
}

void SD_KERNEL(short_sums)(int N, int M, float sign, const float *bias, const float *unit, const int16_t *restrict tables, const uint16_t *restrict index, float *restrict C)
{
  AllPanels(N, M, sign, bias, unit, tables, index, C);
}

#endif
