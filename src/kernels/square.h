/* A square of floats transposed in registers. */
#ifndef SD_SQUARE_H
#define SD_SQUARE_H

#include <string.h>
#include "kernels_impl.h"

enum { SD_SQUARE = SD_VECTOR_BYTES / 4 };

typedef float vec __attribute__((vector_size(SD_VECTOR_BYTES), aligned(4), may_alias));

/* The first and second halves of each 128 bits of a and b, taken in turn by ones or by twos; then 128 bits in turn of the first and of the second halves, or
   (of four) of the even and of the odd ones. */
#if SD_VECTOR_BYTES == 64
  #define SD_ONES_LOW  0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29
  #define SD_ONES_HIGH 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31
  #define SD_TWOS_LOW  0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29
  #define SD_TWOS_HIGH 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31
  #define SD_FOUR_EVEN 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27
  #define SD_FOUR_ODD  4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31
#elif SD_VECTOR_BYTES == 32
  #define SD_ONES_LOW  0, 8, 1, 9, 4, 12, 5, 13
  #define SD_ONES_HIGH 2, 10, 3, 11, 6, 14, 7, 15
  #define SD_TWOS_LOW  0, 1, 8, 9, 4, 5, 12, 13
  #define SD_TWOS_HIGH 2, 3, 10, 11, 6, 7, 14, 15
#else
  #define SD_ONES_LOW  0, 4, 1, 5
  #define SD_ONES_HIGH 2, 6, 3, 7
  #define SD_TWOS_LOW  0, 1, 4, 5
  #define SD_TWOS_HIGH 2, 3, 6, 7
#endif

/* x[i][j] to x[j][i]: squares of four within each 128 bits, which stay there; then these. */
SD_INLINE void SdSquare(vec x[SD_SQUARE])
{
  vec y[SD_SQUARE];

#pragma GCC unroll 16
  for (int i = 0; i < SD_SQUARE; i += 4) {
    const vec a = __builtin_shufflevector(x[i], x[i + 1], SD_ONES_LOW), b = __builtin_shufflevector(x[i], x[i + 1], SD_ONES_HIGH);
    const vec c = __builtin_shufflevector(x[i + 2], x[i + 3], SD_ONES_LOW), d = __builtin_shufflevector(x[i + 2], x[i + 3], SD_ONES_HIGH);

    y[i]     = __builtin_shufflevector(a, c, SD_TWOS_LOW);
    y[i + 1] = __builtin_shufflevector(a, c, SD_TWOS_HIGH);
    y[i + 2] = __builtin_shufflevector(b, d, SD_TWOS_LOW);
    y[i + 3] = __builtin_shufflevector(b, d, SD_TWOS_HIGH);
  }
#if SD_VECTOR_BYTES == 64
  #pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    const vec a = __builtin_shufflevector(y[i], y[i + 4], SD_FOUR_EVEN), b = __builtin_shufflevector(y[i], y[i + 4], SD_FOUR_ODD);
    const vec c = __builtin_shufflevector(y[i + 8], y[i + 12], SD_FOUR_EVEN), d = __builtin_shufflevector(y[i + 8], y[i + 12], SD_FOUR_ODD);

    x[i]      = __builtin_shufflevector(a, c, SD_FOUR_EVEN);
    x[i + 4]  = __builtin_shufflevector(b, d, SD_FOUR_EVEN);
    x[i + 8]  = __builtin_shufflevector(a, c, SD_FOUR_ODD);
    x[i + 12] = __builtin_shufflevector(b, d, SD_FOUR_ODD);
  }
#elif SD_VECTOR_BYTES == 32
  #pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    x[i]     = __builtin_shufflevector(y[i], y[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    x[i + 4] = __builtin_shufflevector(y[i], y[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
  }
#else
  #pragma GCC unroll 4
  for (int i = 0; i < 4; i++) x[i] = y[i];
#endif
}

/* w[i] = weights of input i of a square of W[rows][M], of which rows and columns are there. */
SD_INLINE void SdSquareOf(int rows, int columns, int M, const float *restrict W, vec *w)
{
  for (int i = 0; i < SD_SQUARE; i++) {
    w[i] = (vec){0};
    if (i < rows && columns >= SD_SQUARE) w[i] = *(const vec *)(W + (size_t)i * (size_t)M);
    else if (i < rows && columns > 0) memcpy(&w[i], W + (size_t)i * (size_t)M, sizeof(float) * (size_t)columns);
  }
  SdSquare(w);
}

#endif
