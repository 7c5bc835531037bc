/* Weights times spikes through tables of rows, of numbers SD_ROW. Sixteen inputs, a unit, are cut into groups of up to six; a group's table holds the sum of each
   set of its weights, for the sixteen neurons of a panel side by side, a row: a point adds one row of each table, whatever the activity. */
#ifndef SD_ROWS_H
#define SD_ROWS_H

#include <string.h>
#include "square.h"

enum { ROWS = SD_SPIKE_ROWS, UNIT = SD_SPIKE_UNIT, MOST = 6, CHUNK = 8 /* units whose rows 16 bits can count in bytes */ };
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

/* The row, in its chunk, of no spike in group g of a unit; of a set of spikes e it is this ^ e. Turned from group to group, for the rows that
   are met most often, of no spike or one, would else lie in the same sets of the cache. */
SD_INLINE int Origin(const Cut *cut, int g, int unit)
{
  return (unit % CHUNK * cut->rows + cut->first[g]) | ((37 * (cut->groups * unit + g)) & ((1 << cut->bits[g]) - 1));
}

/* Inputs whose sums stay in registers while those of the others pass. */
enum { LOW = 3 };

/* Sums of each set of `many` weights. */
SD_INLINE void Sets(const int many, const part *w, part *sum)
{
  sum[0] = (part){0};
  for (int e = 1; e < 1 << many; e++) sum[e] = sum[e & (e - 1)] + w[__builtin_ctz((unsigned)e)];
}

/* A group's rows, of which `to` is a part. */
SD_INLINE void Table(const int bits, const part *w, int origin, part *to)
{
  part low[1 << LOW], high[1 << (MOST - LOW)];

  Sets(LOW, w, low);
  Sets(bits - LOW, w + LOW, high);
  for (int h = 0; h < 1 << (bits - LOW); h++) {
#pragma GCC unroll 8
    for (int l = 0; l < 1 << LOW; l++) to[(origin ^ (h << LOW | l)) * WIDTH] = high[h] + low[l];
  }
}

/* Where the panel's unit that begins with input j has its chunk; the unit's tables, of one part of its neurons' weights w[UNIT]. */
SD_INLINE part *ChunkOf(const Cut *cut, int j, SD_ROW *tables)
{
  return (part *)(void *)(tables + (size_t)(j / (CHUNK * UNIT)) * (size_t)(CHUNK * cut->rows * ROWS));
}

SD_INLINE void UnitTables(const Cut cut, int unit, const part *w, part *to)
{
#pragma GCC unroll 4
  for (int g = 0, i = 0; g < cut.groups; i += cut.bits[g++]) Table(cut.bits[g], w + i, Origin(&cut, g, unit), to);
}

/* Of a float's bits: 1 and -1 have all of the seven from this one on, 0 has none. */
enum { LOWEST = 23, LOG_ROW = ROW_BYTES == 64 ? 6 : 5 };

/* The bytes, in their chunk, of the rows that points have of one table. */
SD_INLINE void Index(const int inputs, const float sign, const float *restrict s, int origin, uint16_t *restrict index)
{
  enum { LANES = SD_VECTOR_BYTES / 4 };

  for (int b = 0; b < SD_BLOCK; b += LANES) {
    ints e = {0};

#pragma GCC unroll 6
    for (int i = 0; i < inputs; i++) {
      const ints one = *(const ints *)(const void *)(s + i * SD_BLOCK + b);

      if (sign > 0.0f) e |= (one > 0) & one & (1 << (LOWEST + i));
      else e |= (one < 0) & one & (1 << (LOWEST + i));
    }
    *(halves *)(index + b) = __builtin_convertvector((e >> (LOWEST - LOG_ROW)) ^ (origin << LOG_ROW), halves);
  }
}

SD_INLINE void UnitIndices(const Cut cut, int first, int M, const float sign, const float *restrict s, uint16_t *restrict index)
{
  for (int j = 0; j < M; j += UNIT, index += SD_SPIKE_INDEX(UNIT)) {
#pragma GCC unroll 4
    for (int g = 0, i = j; g < cut.groups; i += cut.bits[g++]) {
      const int origin = Origin(&cut, g, (first + j) / UNIT);

      if (j + UNIT <= M) Index(cut.bits[g], sign, s + (size_t)i * SD_BLOCK, origin, index + g * SD_BLOCK);
      else Index(i >= M ? 0 : M - i < cut.bits[g] ? M - i : cut.bits[g], sign, s + (size_t)i * SD_BLOCK, origin, index + g * SD_BLOCK);
    }
  }
}

SD_INLINE void Indices(int all, int first, int M, float sign, const float *restrict s, uint16_t *restrict index)
{
  if (SD_SPIKE_WIDE(all) && sign > 0.0f) UnitIndices(CutOf(1), first, M, 1.0f, s, index);
  else if (SD_SPIKE_WIDE(all)) UnitIndices(CutOf(1), first, M, -1.0f, s, index);
  else if (sign > 0.0f) UnitIndices(CutOf(0), first, M, 1.0f, s, index);
  else UnitIndices(CutOf(0), first, M, -1.0f, s, index);
}

/* Points at once, and parts of a row at once, so that their sums stay in registers. */
enum { POINTS = WIDTH == 1 ? 8 : 4, PARTS = WIDTH == 1 ? 1 : 2 };

typedef part Sums[POINTS][PARTS];

SD_INLINE void Row(Sums sum, const int p, const char *at, const int fresh)
{
#pragma GCC unroll 2
  for (int v = 0; v < PARTS; v++) {
    const part x = ((const part *)(const void *)at)[v];

    if (fresh) sum[p][v] = x;
    else sum[p][v] += x;
  }
}

/* The rows that points have of one table. Four indices are loaded as one word. */
SD_INLINE void Group(const char *table, const uint16_t *index, const int fresh, Sums sum)
{
#pragma GCC unroll 2
  for (int p = 0; p < POINTS; p += 4) {
    uint64_t four;

    memcpy(&four, index + p, sizeof(four));
    Row(sum, p, table + (uint16_t)four, fresh);
    Row(sum, p + 1, table + (uint16_t)(four >> 16), fresh);
    Row(sum, p + 2, table + (uint16_t)(four >> 32), fresh);
    Row(sum, p + 3, table + (four >> 48), fresh);
  }
}

/* The rows of a chunk's units, added to a panel's sums [SD_BLOCK][ROWS] or, fresh, in their place. */
SD_INLINE void Chunk(const int groups, int units, const int fresh, const SD_ROW *tables, const uint16_t *index, SD_ROW *sums)
{
  for (int b = 0; b < SD_BLOCK; b += POINTS) {
    for (int v0 = 0; v0 < WIDTH; v0 += PARTS) {
      const char     *table = (const char *)tables + v0 * PART_BYTES;
      part           *to    = (part *)(void *)(sums + b * ROWS) + v0;
      const uint16_t *at    = index + b;
      Sums            sum;

      if (fresh) {
        Group(table, at, 1, sum);
      } else {
        for (int p = 0; p < POINTS; p++) {
          for (int v = 0; v < PARTS; v++) sum[p][v] = to[p * WIDTH + v];
        }
      }
      for (int u = 0; u < units; u++) {
#pragma GCC unroll 4
        for (int g = 0; g < groups; g++) {
          if (g || u || !fresh) Group(table, at + g * SD_BLOCK, 0, sum);
        }
        at += SD_SPIKE_INDEX(UNIT);
      }
      for (int p = 0; p < POINTS; p++) {
        for (int v = 0; v < PARTS; v++) to[p * WIDTH + v] = sum[p][v];
      }
    }
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

/* With units each chunk has its own; without them all are one sum. */
SD_INLINE void Panels(const Cut cut, int N, int M, const float sign, const float *bias, const float *unit, const SD_ROW *tables, const uint16_t *index, float *C)
{
  const int           units = (M + UNIT - 1) / UNIT, chunks = (units + CHUNK - 1) / CHUNK;
  _Alignas(64) SD_ROW sums[SD_BLOCK * ROWS];

  for (int n = 0; n < N; n += ROWS, tables += SD_SPIKE_TABLES(ROWS, M), C += ROWS * SD_BLOCK) {
    for (int q = 0; q < chunks; q++) {
      const int       many  = q + 1 < chunks ? CHUNK : units - q * CHUNK, rows = N - n < ROWS ? N - n : ROWS;
      const SD_ROW   *table = tables + (size_t)(q * CHUNK * cut.rows) * ROWS;
      const uint16_t *at    = index + (size_t)q * SD_SPIKE_INDEX(CHUNK * UNIT);
      const float    *start = bias && (!q || !unit) ? bias + n : NULL;

      if (!q || unit) Chunk(cut.groups, many, 1, table, at, sums);
      else Chunk(cut.groups, many, 0, table, at, sums);
      if (unit || q + 1 == chunks) Finish(rows, sign, start, unit ? unit + (size_t)n * (size_t)chunks + q : NULL, chunks, sums, C);
    }
  }
}

SD_INLINE void AllPanels(int N, int M, float sign, const float *bias, const float *unit, const SD_ROW *tables, const uint16_t *index, float *C)
{
  if (SD_SPIKE_WIDE(M) && sign > 0.0f) Panels(CutOf(1), N, M, 1.0f, bias, unit, tables, index, C);
  else if (SD_SPIKE_WIDE(M)) Panels(CutOf(1), N, M, -1.0f, bias, unit, tables, index, C);
  else if (sign > 0.0f) Panels(CutOf(0), N, M, 1.0f, bias, unit, tables, index, C);
  else Panels(CutOf(0), N, M, -1.0f, bias, unit, tables, index, C);
}

#endif
