/* Weights times tangents of which many are zero, as bounded surrogates leave them: of every point those that are not are listed, and each adds its column of weights, for
   SD_SPARSE_ROWS neurons side by side. Each element is the same sequential sum that `product` takes, less what adds zero: of finite weights
   the same bits but for a zero's sign. */
#include "square.h"

enum { ROWS   = SD_SPARSE_ROWS,
       PARTS  = ROWS / SD_SQUARE, /* vectors of a column */
       HELD   = PARTS < 8 ? PARTS : 8, /* that are summed in registers at once */
       STRIDE = SD_SPARSE_STRIDE,
       WORD   = 64 };
_Static_assert(SD_SPARSE_ROWS == SD_BLOCK, "a group's sums are a square, which the transposition of a block turns");

#ifdef __AVX__
  #include <immintrin.h>
#endif

void SD_KERNEL(sparse_weights)(int N, int M, const float *restrict W, float *restrict packed)
{
  for (int n = 0; n < ROWS; n += SD_SQUARE) {
    for (int j = 0; j < M; j += SD_SQUARE) {
      vec w[SD_SQUARE];

      SdSquareOf(N - n, M - j, M, W + (size_t)n * (size_t)M + j, w);
      for (int i = 0; i < SD_SQUARE && j + i < M; i++) *(vec *)(packed + (size_t)(j + i) * ROWS + n) = w[i];
    }
  }
}

/* Those of a point's x[WORD] that are not zero, and their numbers from `first` on, appended to its lists of n; up to WORD more entries of each are written. Returns how many there are then. */
SD_INLINE int Append(const float *restrict x, int first, int n, float *restrict value, uint8_t *restrict input)
{
#ifdef __AVX512F__
  const __m512i each = _mm512_set_epi8(63, 62, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42, 41, 40, 39, 38, 37, 36, 35, 34, 33, 32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  uint64_t      set = 0;
  int           at  = n;

  #pragma GCC unroll 4
  for (int i = 0; i < WORD; i += 16) {
    const __m512    y     = _mm512_loadu_ps(x + i);
    const __mmask16 there = _mm512_cmp_ps_mask(y, _mm512_setzero_ps(), _CMP_NEQ_UQ);

    _mm512_storeu_ps(value + at, _mm512_maskz_compress_ps(there, y));
    at += __builtin_popcount(there);
    set |= (uint64_t)there << i;
  }
  _mm512_storeu_si512(input + n, _mm512_maskz_compress_epi8(set, _mm512_add_epi8(each, _mm512_set1_epi8((char)first))));
  return at;
#elif defined(SD_AVX2)
  for (int i = 0; i < WORD; i += 8) {
    const __m256   y     = _mm256_loadu_ps(x + i);
    const unsigned there = (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(y, _mm256_setzero_ps(), _CMP_NEQ_UQ));
    const uint64_t which = _pext_u64(0x0706050403020100u, _pdep_u64(there, 0x0101010101010101u) * 0xff), numbers = which + 0x0101010101010101u * (uint64_t)(first + i);

    _mm256_storeu_ps(value + n, _mm256_permutevar8x32_ps(y, _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)which))));
    memcpy(input + n, &numbers, sizeof(numbers));
    n += __builtin_popcount(there);
  }
  return n;
#else
  for (int i = 0; i < WORD; i++) {
    value[n] = x[i];
    input[n] = (uint8_t)(first + i);
    n += x[i] != 0.0f;
  }
  return n;
#endif
}

void SD_KERNEL(sparse_list)(int M, const float *restrict x, float *restrict value, uint8_t *restrict input, uint8_t *restrict count)
{
  _Alignas(64) float turned[SD_BLOCK * WORD];

  for (int part = 0; part < M; part += SD_SPARSE_INPUTS, value += SD_BLOCK * STRIDE, input += SD_BLOCK * STRIDE, count += SD_BLOCK) {
    const int end = M - part < SD_SPARSE_INPUTS ? M - part : SD_SPARSE_INPUTS;

    memset(count, 0, SD_BLOCK);
    for (int first = 0; first < end; first += WORD) {
      SD_KERNEL(transpose)(end - first < WORD ? end - first : WORD, x + (size_t)(part + first) * SD_BLOCK, WORD, turned);
      for (int b = 0; b < SD_BLOCK; b++) count[b] = (uint8_t)Append(turned + b * WORD, first, count[b], value + b * STRIDE, input + b * STRIDE);
    }
  }
}

/* sum[ROWS] = start and a point's listed columns. */
SD_INLINE void Sum(const float *restrict W, int n, const float *restrict value, const uint8_t *restrict input, const float *start, float *sum)
{
  for (int v0 = 0; v0 < PARTS; v0 += HELD) {
    vec acc[HELD];

#pragma GCC unroll 8
    for (int v = 0; v < HELD; v++) acc[v] = *(const vec *)(start + (v0 + v) * SD_SQUARE);
    for (int i = 0; i < n; i++) {
      const float  x = value[i];
      const float *w = W + (size_t)input[i] * ROWS + v0 * SD_SQUARE;

#pragma GCC unroll 8
      for (int v = 0; v < HELD; v++) acc[v] += x * *(const vec *)(w + v * SD_SQUARE);
    }
#pragma GCC unroll 8
    for (int v = 0; v < HELD; v++) *(vec *)(sum + (v0 + v) * SD_SQUARE) = acc[v];
  }
}

/* A part's columns of all points of a step; between parts sums lie by points where C will be. */
static void Part(const SdSparse *p, int part, int step, const float *start, float *sums)
{
  const size_t   at    = (size_t)step * SD_SPARSE_LIST(p->M) + (size_t)part * SD_BLOCK * STRIDE;
  const uint8_t *count = p->count + (size_t)step * SD_SPARSE_COUNTS(p->M) + (size_t)part * SD_BLOCK;
  const float   *W     = p->W + (size_t)part * SD_SPARSE_INPUTS * ROWS;

  for (int b = 0; b < SD_BLOCK; b++) Sum(W, count[b], p->value + at + b * STRIDE, p->input + at + b * STRIDE, start + b * ROWS, sums + b * ROWS);
}

void SD_KERNEL(sparse_product)(const SdSparse *p)
{
  _Alignas(64) float begin[SD_BLOCK * ROWS], end[SD_BLOCK * ROWS];
  const int          parts = (p->M + SD_SPARSE_INPUTS - 1) / SD_SPARSE_INPUTS;

  if (p->start) SD_KERNEL(transpose)(p->N, p->start, ROWS, begin);
  else memset(begin, 0, sizeof(begin));
  for (int part = 0; part < parts; part++) {
    const int last = part == parts - 1;

    for (int step = 0; step < p->steps; step++) {
      float *C = p->C + (size_t)step * ROWS * SD_BLOCK;

      Part(p, part, step, part ? C : begin, last ? end : C);
      if (last) SD_KERNEL(transpose)(SD_BLOCK, end, SD_BLOCK, C);
    }
  }
}
