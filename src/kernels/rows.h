/* Weights times spikes through tables of rows, of numbers SD_ROW. Sixteen inputs, a unit, are cut into groups of up to six; a group's table holds the sum of each
   set of its weights, for the sixteen neurons of a panel side by side, a row: a point adds one row of each table, whatever the activity. */
#ifndef SD_ROWS_H
#define SD_ROWS_H

#include <string.h>
#include "square.h"

enum { ROWS = SD_SPIKE_ROWS, UNIT = SD_SPIKE_UNIT, MOST = 6, CHUNK = 8 /* units whose tables stay in the second-level cache */ };
enum { STRIDE = sizeof(SD_ROW) == sizeof(float) ? SD_SPIKE_INDEX(UNIT) : SD_SHORT_INDEX(UNIT) /* of units in an index */ };
enum { ROW_BYTES = ROWS * (int)sizeof(SD_ROW), PART_BYTES = ROW_BYTES < SD_VECTOR_BYTES ? ROW_BYTES : SD_VECTOR_BYTES, WIDTH = ROW_BYTES / PART_BYTES /* parts of a row */ };

typedef SD_ROW   part __attribute__((vector_size(PART_BYTES), aligned(4), may_alias));
typedef SD_ROW   square __attribute__((vector_size(SD_SQUARE * sizeof(SD_ROW)), aligned(4), may_alias));
typedef int32_t  ints __attribute__((vector_size(SD_VECTOR_BYTES), aligned(4), may_alias));
typedef uint16_t halves __attribute__((vector_size(SD_VECTOR_BYTES / 2), aligned(2), may_alias));

/* The groups of a unit: bits, and the first row, a multiple of their 2^bits, of the unit's. */
typedef struct {
  int groups, bits[4], first[4], rows;
} Cut;

SD_INLINE Cut CutOf(const int is_wide)
{
  return is_wide ? (Cut){4, {4, 4, 4, 4}, {0, 16, 32, 48}, 64} : (Cut){3, {6, 5, 5, 0}, {0, 64, 96, 0}, 128};
}

/* What is turned over in a unit's spikes, so that the rows that are met most often, of no spike or one, do not lie in the same sets of the cache. */
SD_INLINE unsigned Turn(int unit)
{
  return (unsigned)unit * 0x9e37 & 0xffff;
}

/* Inputs whose sums stay in registers while those of the others pass. */
enum { LOW = 3 };

/* Sums of each set of `many` weights. */
SD_INLINE void Sets(const int many, const part *w, part *sum)
{
  sum[0] = (part){0};
  for (int e = 1; e < 1 << many; e++) sum[e] = sum[e & (e - 1)] + w[__builtin_ctz((unsigned)e)];
}

/* A group's rows, of which `to` is a part; of a set of spikes e it is row e ^ turn. */
SD_INLINE void Table(const int bits, const part *w, int turn, part *to)
{
  part low[1 << LOW], high[1 << (MOST - LOW)];

  Sets(LOW, w, low);
  Sets(bits - LOW, w + LOW, high);
  for (int h = 0; h < 1 << (bits - LOW); h++) {
#pragma GCC unroll 8
    for (int l = 0; l < 1 << LOW; l++) to[(turn ^ (h << LOW | l)) * WIDTH] = high[h] + low[l];
  }
}

/* The tables of a panel's unit, of one part of its neurons' weights w[UNIT]. */
SD_INLINE void UnitTables(const Cut cut, int unit, const part *w, SD_ROW *tables, int v)
{
  part *to = (part *)(void *)(tables + (size_t)unit * (size_t)(cut.rows * ROWS)) + v;

#pragma GCC unroll 4
  for (int g = 0, i = 0; g < cut.groups; i += cut.bits[g++]) Table(cut.bits[g], w + i, (int)(Turn(unit) >> i) & ((1 << cut.bits[g]) - 1), to + cut.first[g] * WIDTH);
}

/* The spikes of one sign of M inputs: bit i of a unit's index is input i. */
SD_INLINE void UnitIndex(const int inputs, const float sign, const float *restrict s, uint16_t *restrict index)
{
  enum { LANES = SD_VECTOR_BYTES / 4 };

  for (int b = 0; b < SD_BLOCK; b += LANES) {
    ints e = {0};

#pragma GCC unroll 16
    for (int i = 0; i < inputs; i++) {
      const vec one = *(const vec *)(const void *)(s + i * SD_BLOCK + b);

      e |= (ints)(sign > 0.0f ? one > 0.0f : one < 0.0f) & (1 << i);
    }
    *(halves *)(index + b) = __builtin_convertvector(e, halves);
  }
}

SD_INLINE void Index(int M, const float sign, const float *restrict s, uint16_t *restrict index)
{
  int j = 0;

  for (; j + UNIT <= M; j += UNIT, index += STRIDE) UnitIndex(UNIT, sign, s + (size_t)j * SD_BLOCK, index);
  if (j < M) UnitIndex(M - j, sign, s + (size_t)j * SD_BLOCK, index);
}

/* Points at once, so that their sums stay in registers; and those whose indices are loaded as one word. */
enum { POINTS  = 8 / WIDTH,
       WORD    = POINTS < 4 ? POINTS : 4,
       LOG_ROW = ROW_BYTES == 64 ? 6 : 5 };

typedef part Sums[POINTS][WIDTH];

SD_INLINE void Row(Sums sum, const int p, const char *at, const int fresh)
{
#pragma GCC unroll 4
  for (int v = 0; v < WIDTH; v++) {
    const part x = ((const part *)(const void *)at)[v];

    if (fresh) sum[p][v] = x;
    else sum[p][v] += x;
  }
}

/* Bits [from, from + bits) of x, times the bytes of a row. */
SD_INLINE size_t RowBytes(uint64_t x, const int from, const int bits)
{
  return (from < LOG_ROW ? x << (LOG_ROW - from) : x >> (from - LOG_ROW)) & (((size_t)1 << bits) - 1) << LOG_ROW;
}

/* The rows that points have of a unit's tables. */
SD_INLINE void AddUnit(const Cut cut, int unit, const char *table, const uint16_t *index, const int fresh, Sums sum)
{
  const uint64_t turn = Turn(unit) * 0x0001000100010001u;

#pragma GCC unroll 2
  for (int p = 0; p < POINTS; p += WORD) {
    uint64_t word = 0;

    memcpy(&word, index + p, WORD * sizeof(*index));
    word ^= turn;
#pragma GCC unroll 4
    for (int g = 0, i = 0; g < cut.groups; i += cut.bits[g++]) {
#pragma GCC unroll 4
      for (int q = 0; q < WORD; q++) Row(sum, p + q, table + cut.first[g] * ROW_BYTES + RowBytes(word, 16 * q + i, cut.bits[g]), fresh && !g);
    }
  }
}

/* The rows of units [first, end) that the points from b on have: added to sums or, fresh, in their place. */
SD_INLINE void AddUnits(const Cut cut, int first, int end, const SD_ROW *tables, const uint16_t *index, int b, const int fresh, Sums sum)
{
  const size_t    unit  = (size_t)cut.rows * ROW_BYTES;
  const char     *table = (const char *)tables + (size_t)first * unit;
  const uint16_t *at    = index + first * STRIDE + b;

  if (fresh) {
    AddUnit(cut, first++, table, at, 1, sum);
    table += unit;
    at += STRIDE;
  }
  for (; first < end; first++, table += unit, at += STRIDE) AddUnit(cut, first, table, at, 0, sum);
}

/* Numbers of the points from b on of a panel [SD_BLOCK][ROWS]. */
SD_INLINE void Load(const SD_ROW *panel, int b, Sums x)
{
  for (int p = 0; p < POINTS; p++) {
    for (int v = 0; v < WIDTH; v++) x[p][v] = ((const part *)(const void *)(panel + (b + p) * ROWS))[v];
  }
}

SD_INLINE void Store(Sums x, int b, SD_ROW *panel)
{
  for (int p = 0; p < POINTS; p++) {
    for (int v = 0; v < WIDTH; v++) ((part *)(void *)(panel + (b + p) * ROWS))[v] = x[p][v];
  }
}

/* The rows of some units, added to a panel's sums [SD_BLOCK][ROWS] or, fresh, in their place. */
SD_INLINE void AddRows(const Cut cut, int first, int end, const int fresh, const SD_ROW *tables, const uint16_t *index, SD_ROW *sums)
{
  for (int b = 0; b < SD_BLOCK; b += POINTS) {
    Sums sum;

    if (!fresh) Load(sums, b, sum);
    AddUnits(cut, first, end, tables, index, b, fresh, sum);
    Store(sum, b, sums);
  }
}

/* C = what it was, or the bias, and the sums or less these, in units where there are some; points are the fastest again. */
SD_INLINE void Finish(int rows, const float sign, const float *bias, const float *unit, int units, const SD_ROW *sums, float *C)
{
  for (int b = 0; b < SD_BLOCK; b += SD_SQUARE) {
    for (int n0 = 0; n0 < rows; n0 += SD_SQUARE) {
      vec x[SD_SQUARE];

      for (int i = 0; i < SD_SQUARE; i++) x[i] = __builtin_convertvector(*(const square *)(const void *)(sums + (b + i) * ROWS + n0), vec);
      SdSquare(x);
#pragma GCC unroll 16
      for (int i = 0; i < SD_SQUARE; i++) {
        const int n = n0 + i;

        if (n >= rows) break;
        vec *c = (vec *)(C + (size_t)n * SD_BLOCK + b), start = *c;

        if (bias) start = bias[n] - (vec){0}; /* of -0 too */
        if (unit) *c = start + sign * unit[n * units] * x[i];
        else if (sign > 0.0f) *c = start + x[i];
        else *c = start - x[i];
      }
    }
  }
}

/* Functions of their own, for the compiler finds enough registers there. */
#define SD_ADD_ROWS(name, wide, fresh) \
  static __attribute__((noinline, unused)) void name(int first, int end, const SD_ROW *tables, const uint16_t *index, SD_ROW *sums) \
  { \
    AddRows(CutOf(wide), first, end, fresh, tables, index, sums); \
  }
SD_ADD_ROWS(First, 0, 1)
SD_ADD_ROWS(More, 0, 0)
SD_ADD_ROWS(FirstWide, 1, 1)
SD_ADD_ROWS(MoreWide, 1, 0)

/* With units each chunk of inputs has its own; without them all are one sum. */
SD_INLINE void Panels(const int is_wide, int N, int M, const float sign, const float *bias, const float *unit, const SD_ROW *tables, const uint16_t *index, float *C)
{
  const int           units = (M + UNIT - 1) / UNIT, chunks = (units + CHUNK - 1) / CHUNK;
  _Alignas(64) SD_ROW sums[SD_BLOCK * ROWS];

  for (int n = 0; n < N; n += ROWS, tables += SD_SPIKE_TABLES(ROWS, M), C += ROWS * SD_BLOCK) {
    for (int q = 0; q < chunks; q++) {
      const int    first = q * CHUNK, end = q + 1 < chunks ? first + CHUNK : units, rows = N - n < ROWS ? N - n : ROWS;
      const float *start = bias && (!q || !unit) ? bias + n : NULL;

      if (!q || unit) (is_wide ? FirstWide : First)(first, end, tables, index, sums);
      else (is_wide ? MoreWide : More)(first, end, tables, index, sums);
      if (unit || q + 1 == chunks) Finish(rows, sign, start, unit ? unit + (size_t)n * (size_t)chunks + q : NULL, chunks, sums, C);
    }
  }
}

SD_INLINE void AllPanels(int N, int M, float sign, const float *bias, const float *unit, const SD_ROW *tables, const uint16_t *index, float *C)
{
  if (SD_SPIKE_WIDE(M) && sign > 0.0f) Panels(1, N, M, 1.0f, bias, unit, tables, index, C);
  else if (SD_SPIKE_WIDE(M)) Panels(1, N, M, -1.0f, bias, unit, tables, index, C);
  else if (sign > 0.0f) Panels(0, N, M, 1.0f, bias, unit, tables, index, C);
  else Panels(0, N, M, -1.0f, bias, unit, tables, index, C);
}

#endif
