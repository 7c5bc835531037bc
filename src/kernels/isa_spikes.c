/* Weights times spikes in float32 through tables of rows or, of many inputs with AVX-512, tables that are permuted. Every sum is taken in the same order by each
   instruction set and with no product but one by 1, so results are the same bits. */
#define SD_ROW float
#include "rows.h"
#ifdef __AVX512F__
  #include "picks.h"
#endif

SD_INLINE void Tables(const Cut cut, int N, int M, const float *restrict W, float *restrict tables)
{
  for (int n = 0; n < N; n += ROWS, tables += SD_SPIKE_TABLES(ROWS, M)) {
    for (int j = 0; j < M; j += UNIT) {
      for (int v = 0; v < WIDTH; v++) {
        const int first = n + v * SD_SQUARE;
        vec       w[UNIT];

        for (int i = 0; i < UNIT; i += SD_SQUARE) SdSquareOf(N - first, M - j - i, M, W + (size_t)first * (size_t)M + j + i, w + i);
        UnitTables(cut, j / UNIT, w, tables, v);
      }
    }
  }
}

void SD_KERNEL(spike_tables)(int N, int M, const float *restrict W, float *restrict tables)
{
#ifdef __AVX512F__
  if (SD_SPIKE_WIDE(M)) {
    PickTables(N, M, W, tables);
    return;
  }
#endif
  if (SD_SPIKE_WIDE(M)) Tables(CutOf(1), N, M, W, tables);
  else Tables(CutOf(0), N, M, W, tables);
}

void SD_KERNEL(spike_index)(int M, float sign, const float *restrict s, uint16_t *restrict index)
{
  if (sign > 0.0f) Index(M, 1.0f, s, index);
  else Index(M, -1.0f, s, index);
}

void SD_KERNEL(spike_sums)(int N, int M, float sign, const float *bias, const float *restrict tables, const uint16_t *restrict index, float *restrict C)
{
#ifdef __AVX512F__
  if (SD_SPIKE_WIDE(M)) {
    if (sign > 0.0f) PickTiles(N, M, 1.0f, bias, tables, index, C);
    else PickTiles(N, M, -1.0f, bias, tables, index, C);
    return;
  }
#endif
  AllPanels(N, M, sign, bias, NULL, tables, index, C);
}
