/* Weights times spikes through tables. Sixteen inputs, a unit, are cut into groups of up to six; a group's table holds the sum of each set of its weights,
   for the sixteen neurons of a panel side by side: a point adds one row of each table, whatever the activity. Every sum is taken in
   the same order by each instruction set and without a product, so results are the same bits. */
#include <string.h>
#include "square.h"

enum { ROWS = SD_SPIKE_ROWS, UNIT = SD_SPIKE_UNIT, MOST = 6, CHUNK = 8 /* units whose rows 16 bits can count in bytes */ };

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

enum { WIDTH = ROWS / SD_SQUARE, LOW = 3 /* inputs whose sums stay in registers while those of the others pass */ };

/* Sums of each set of `many` weights. */
SD_INLINE void Sets(const int many, const vec *w, vec *sum)
{
  sum[0] = (vec){0};
#pragma GCC unroll 8
  for (int e = 1; e < 1 << many; e++) sum[e] = sum[e & (e - 1)] + w[__builtin_ctz((unsigned)e)];
}

/* A group's rows, of which `to` is a part. */
SD_INLINE void Table(const int bits, const vec *w, int origin, vec *to)
{
  vec low[1 << LOW], high[1 << (MOST - LOW)];

  Sets(LOW, w, low);
  Sets(bits - LOW, w + LOW, high);
  for (int h = 0; h < 1 << (bits - LOW); h++) {
#pragma GCC unroll 8
    for (int l = 0; l < 1 << LOW; l++) to[(origin ^ (h << LOW | l)) * WIDTH] = high[h] + low[l];
  }
}

/* w[i] = weights of input i of a square of W, of which rows and columns are there. */
SD_INLINE void Columns(int rows, int columns, int M, const float *restrict W, vec *w)
{
  for (int i = 0; i < SD_SQUARE; i++) {
    w[i] = (vec){0};
    if (i < rows && columns >= SD_SQUARE) w[i] = *(const vec *)(W + (size_t)i * (size_t)M);
    else if (i < rows && columns > 0) memcpy(&w[i], W + (size_t)i * (size_t)M, sizeof(float) * (size_t)columns);
  }
  SdSquare(w);
}

SD_INLINE void Tables(const Cut cut, int N, int M, const float *restrict W, float *restrict tables)
{
  for (int n = 0; n < N; n += ROWS, tables += SD_SPIKE_TABLES(ROWS, M)) {
    for (int j = 0; j < M; j += UNIT) {
      vec *const chunk = (vec *)(tables + j / (CHUNK * UNIT) * CHUNK * cut.rows * ROWS);

      for (int part = 0; part < WIDTH; part++) {
        const int first = n + part * SD_SQUARE;
        vec       w[UNIT];

        for (int i = 0; i < UNIT; i += SD_SQUARE) Columns(N - first, M - j - i, M, W + (size_t)first * (size_t)M + j + i, w + i);
#pragma GCC unroll 4
        for (int g = 0, i = 0; g < cut.groups; i += cut.bits[g++]) Table(cut.bits[g], w + i, Origin(&cut, g, j / UNIT), chunk + part);
      }
    }
  }
}

void SD_KERNEL(spike_tables)(int N, int M, const float *restrict W, float *restrict tables)
{
  if (SD_SPIKE_WIDE(M)) Tables(CutOf(1), N, M, W, tables);
  else Tables(CutOf(0), N, M, W, tables);
}

/* Of a float's bits: 1 and -1 have all of the seven from this one on, 0 has none. Rows are 64 bytes. */
enum { LOWEST = 23, LOG_ROW = 6 };

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

SD_INLINE void Indices(const Cut cut, int first, int M, const float sign, const float *restrict s, uint16_t *restrict index)
{
  for (int j = 0; j < M; j += UNIT) {
#pragma GCC unroll 4
    for (int g = 0, i = j; g < cut.groups; i += cut.bits[g++], index += SD_BLOCK) {
      const int origin = Origin(&cut, g, (first + j) / UNIT);

      if (j + UNIT <= M) Index(cut.bits[g], sign, s + (size_t)i * SD_BLOCK, origin, index);
      else Index(i >= M ? 0 : M - i < cut.bits[g] ? M - i : cut.bits[g], sign, s + (size_t)i * SD_BLOCK, origin, index);
    }
  }
}

void SD_KERNEL(spike_index)(int all, int first, int M, float sign, const float *restrict s, uint16_t *restrict index)
{
  if (SD_SPIKE_WIDE(all) && sign > 0.0f) Indices(CutOf(1), first, M, 1.0f, s, index);
  else if (SD_SPIKE_WIDE(all)) Indices(CutOf(1), first, M, -1.0f, s, index);
  else if (sign > 0.0f) Indices(CutOf(0), first, M, 1.0f, s, index);
  else Indices(CutOf(0), first, M, -1.0f, s, index);
}

/* Points at once, and vectors of a row at once, so that their sums stay in registers. */
enum { POINTS = SD_VECTOR_BYTES == 64 ? 8 : 4, PARTS = SD_VECTOR_BYTES == 64 ? 1 : 2 };

typedef vec Sums[POINTS][PARTS];

SD_INLINE void Row(Sums sum, const int p, const char *at, const int fresh)
{
#pragma GCC unroll 2
  for (int v = 0; v < PARTS; v++) {
    const vec x = ((const vec *)(const void *)at)[v];

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

/* The rows of a chunk's groups, added to a panel's sums [SD_BLOCK][ROWS] or, fresh, in their place. */
SD_INLINE void Chunk(int groups, const int fresh, const char *tables, const uint16_t *index, float *sums)
{
  for (int b = 0; b < SD_BLOCK; b += POINTS) {
    for (int part = 0; part < ROWS; part += PARTS * SD_SQUARE) {
      const char *table = tables + sizeof(float) * (size_t)part;
      Sums        sum;

      if (fresh) {
        Group(table, index + b, 1, sum);
      } else {
        for (int p = 0; p < POINTS; p++) {
          for (int v = 0; v < PARTS; v++) sum[p][v] = *(vec *)(sums + (b + p) * ROWS + part + v * SD_SQUARE);
        }
      }
      for (int g = fresh; g < groups; g++) Group(table, index + g * SD_BLOCK + b, 0, sum);
      for (int p = 0; p < POINTS; p++) {
        for (int v = 0; v < PARTS; v++) *(vec *)(sums + (b + p) * ROWS + part + v * SD_SQUARE) = sum[p][v];
      }
    }
  }
}

/* C = what it was, or the bias, and the sums or less these; points are the fastest again. */
SD_INLINE void Finish(int rows, const float sign, const float *bias, const float *sums, float *C)
{
  for (int b = 0; b < SD_BLOCK; b += SD_SQUARE) {
    for (int n0 = 0; n0 < rows; n0 += SD_SQUARE) {
      vec x[SD_SQUARE];

      for (int i = 0; i < SD_SQUARE; i++) x[i] = *(const vec *)(sums + (b + i) * ROWS + n0);
      SdSquare(x);
#pragma GCC unroll 16
      for (int i = 0; i < SD_SQUARE; i++) {
        if (n0 + i >= rows) break;
        vec *c = (vec *)(C + (size_t)(n0 + i) * SD_BLOCK + b), start = *c;

        if (bias) start = (vec){0} + bias[n0 + i];
        if (sign > 0.0f) *c = start + x[i];
        else *c = start - x[i];
      }
    }
  }
}

SD_INLINE void Panels(int N, int M, const float sign, const float *bias, const float *tables, const uint16_t *index, float *C)
{
  const Cut          cut    = CutOf(SD_SPIKE_WIDE(M));
  const int          groups = (M + UNIT - 1) / UNIT * cut.groups, chunk = CHUNK * cut.groups;
  _Alignas(64) float sums[SD_BLOCK * ROWS];

  for (int n = 0; n < N; n += ROWS, tables += SD_SPIKE_TABLES(ROWS, M)) {
    const float *table = tables;

    for (int g = 0; g < groups; g += chunk, table += CHUNK * cut.rows * ROWS) {
      const int many = groups - g < chunk ? groups - g : chunk;

      if (g) Chunk(many, 0, (const char *)table, index + g * SD_BLOCK, sums);
      else Chunk(many, 1, (const char *)table, index, sums);
    }
    if (N - n >= ROWS) Finish(ROWS, sign, bias ? bias + n : NULL, sums, C + (size_t)n * SD_BLOCK);
    else Finish(N - n, sign, bias ? bias + n : NULL, sums, C + (size_t)n * SD_BLOCK);
  }
}

void SD_KERNEL(spike_sums)(int N, int M, float sign, const float *bias, const float *restrict tables, const uint16_t *restrict index, float *restrict C)
{
  if (sign > 0.0f) Panels(N, M, 1.0f, bias, tables, index, C);
  else Panels(N, M, -1.0f, bias, tables, index, C);
}
