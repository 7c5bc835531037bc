/* Transposition of a block by squares in registers. */
#include "square.h"

void SD_KERNEL(transpose)(int rows, const float *restrict X, int ldy, float *restrict Y)
{
  int n = 0;

  for (; n + SD_SQUARE <= ldy; n += SD_SQUARE) {
    for (int b = 0; b < SD_BLOCK; b += SD_SQUARE) {
      vec x[SD_SQUARE];

      for (int i = 0; i < SD_SQUARE; i++) x[i] = n + i < rows ? *(const vec *)(X + (size_t)(n + i) * SD_BLOCK + b) : (vec){0};
      SdSquare(x);
      for (int i = 0; i < SD_SQUARE; i++) *(vec *)(Y + (size_t)(b + i) * (size_t)ldy + n) = x[i];
    }
  }
  for (; n < ldy; n++) {
    for (int b = 0; b < SD_BLOCK; b++) Y[(size_t)b * (size_t)ldy + (size_t)n] = n < rows ? X[(size_t)n * SD_BLOCK + (size_t)b] : 0.0f;
  }
}
