/* Transposition of a block by LANES x LANES tiles in registers. */
#include "kernels_impl.h"

enum { LANES = SD_VECTOR_BYTES / 4 };

typedef float vec __attribute__((vector_size(SD_VECTOR_BYTES), aligned(4), may_alias));

#if SD_VECTOR_BYTES == 64
  #define LOW  0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
  #define HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#elif SD_VECTOR_BYTES == 32
  #define LOW  0, 8, 1, 9, 2, 10, 3, 11
  #define HIGH 4, 12, 5, 13, 6, 14, 7, 15
#else
  #define LOW  0, 4, 1, 5
  #define HIGH 2, 6, 3, 7
#endif

/* log2(LANES) perfect shuffles of the rows transpose a square. */
SD_INLINE void Square(vec x[LANES])
{
  vec y[LANES];

#pragma GCC unroll 4
  for (int round = 1; round < LANES; round *= 2) {
#pragma GCC unroll 16
    for (int i = 0; i < LANES / 2; i++) {
      y[2 * i]     = __builtin_shufflevector(x[i], x[i + LANES / 2], LOW);
      y[2 * i + 1] = __builtin_shufflevector(x[i], x[i + LANES / 2], HIGH);
    }
#pragma GCC unroll 16
    for (int i = 0; i < LANES; i++) x[i] = y[i];
  }
}

void SD_KERNEL(transpose)(int rows, const float *restrict X, int ldy, float *restrict Y)
{
  int n = 0;

  for (; n + LANES <= ldy; n += LANES) {
    for (int b = 0; b < SD_BLOCK; b += LANES) {
      vec x[LANES];

      for (int i = 0; i < LANES; i++) x[i] = n + i < rows ? *(const vec *)(X + (size_t)(n + i) * SD_BLOCK + b) : (vec){0};
      Square(x);
      for (int i = 0; i < LANES; i++) *(vec *)(Y + (size_t)(b + i) * (size_t)ldy + n) = x[i];
    }
  }
  for (; n < ldy; n++) {
    for (int b = 0; b < SD_BLOCK; b++) Y[(size_t)b * (size_t)ldy + (size_t)n] = n < rows ? X[(size_t)n * SD_BLOCK + (size_t)b] : 0.0f;
  }
}
