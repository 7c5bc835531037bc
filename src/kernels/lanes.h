/* SD_LANES directions, or points, side by side: PARTS of the machine's vectors. A wider type is the compiler's to take apart, which it does badly. */
#ifndef SD_KERNELS_LANES_H
#define SD_KERNELS_LANES_H

#ifdef __AVX2__
  #include <immintrin.h>
#endif
#include <string.h>
#include "kernels_impl.h"

typedef float    lanes __attribute__((vector_size(SD_VECTOR_BYTES), aligned(4), may_alias));
typedef int32_t  counts __attribute__((vector_size(SD_VECTOR_BYTES), aligned(4), may_alias));
typedef uint32_t bits __attribute__((vector_size(SD_VECTOR_BYTES), aligned(4), may_alias));

enum { PARTS = 4 * SD_LANES / SD_VECTOR_BYTES };

/* How many columns share the 32 bits of a lane, and how many bytes one takes of a row of weights. */
#define SD_PARTNERS(precision) ((precision) == SD_INT8 ? 4 : (precision) == SD_BF16 ? 2 : 1)
#define SD_BYTES(precision) (4 / SD_PARTNERS(precision))
enum { UNIT = 128, ENTRY = 64 };

#endif
