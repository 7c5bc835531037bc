/* How numbers are rounded at random to bf16 and int8, SD_LANES side by side, and multiplied with rounded weights. */
#ifndef SD_KERNELS_ROUNDING_H
#define SD_KERNELS_ROUNDING_H

#include "lanes.h"

/* Two numbers as a pair of bf16; random: in [0, 65536), a row of SD_LANES for each. */
SD_INLINE void RoundPair(const lanes x[2], const bits *random, bits *pair)
{
  *pair = ((bits)x[0] + random[0]) >> 16 | (((bits)x[1] + random[PARTS]) & 0xffff0000u);
}

/* The larger of |x| and most, as integers, so that infinities and NaN are the largest and end in the unit. */
SD_INLINE void Raise(bits x, bits *most)
{
  const bits size = x & 0x7fffffffu;
#if defined(__AVX512F__)
  *most = (bits)_mm512_max_epu32((__m512i)size, (__m512i)*most);
#elif defined(SD_AVX2)
  *most = (bits)_mm256_max_epu32((__m256i)size, (__m256i)*most);
#else
  const bits more = (bits)((counts)size > (counts)*most);

  *most = (size & more) | (*most & ~more);
#endif
}

/* The unit of int8 for numbers up to most, and what these are multiplied with to be counted in it: 0 where all are next to 0. */
SD_INLINE void Unit(const bits *most, lanes *unit, lanes *scale)
{
  const lanes largest = (lanes)*most, zero = (lanes)((bits)(largest < SD_TINY) & 0x3f800000u);

  *scale = (lanes)((bits)(SD_INT8_UNITS / (largest + zero)) & ~(bits)(largest < SD_TINY));
  *unit  = largest / SD_INT8_UNITS;
}

/* Four numbers as a quad of int8; their sum and 4 times 128 are added to total; random: in [128, 129), a row of SD_LANES for each. */
SD_INLINE void RoundQuad(const lanes x[4], const lanes *scale, const lanes *random, bits *quad, counts *total)
{
  bits four = {0};

#pragma GCC unroll 4
  for (int j = 0; j < 4; j++) {
    const counts q = __builtin_convertvector(x[j] * *scale + random[j * PARTS], counts); /* of a positive number truncation is the floor */

    *total += q;
    four |= (bits)q << (8 * j);
  }
  *quad = four ^ 0x80808080u; /* less 128 each */
}

/* What weights meet of a slot's tangents: pairs and quads as they are or, where no instruction takes these, in pieces that one does, made once for all weights. */
#ifdef __AVX512BF16__
enum { PAIR_PIECES = 1 };
#else
enum { PAIR_PIECES = 2 };
#endif
#if defined(__AVX512VNNI__)
enum { QUAD_PIECES = 1 };
#elif defined(SD_AVX2)
enum { QUAD_PIECES = 2 };
#else
enum { QUAD_PIECES = 4 };
#endif

SD_INLINE void PairPieces(const bits x, bits piece[PAIR_PIECES])
{
#ifdef __AVX512BF16__
  piece[0] = x;
#else
  piece[0] = x << 16;
  piece[1] = x & 0xffff0000u;
#endif
}

SD_INLINE void QuadPieces(const bits x, bits piece[QUAD_PIECES])
{
#if defined(__AVX512VNNI__)
  piece[0] = x;
#elif defined(SD_AVX2)
  piece[0] = (bits)_mm256_srai_epi16(_mm256_slli_epi16((__m256i)x, 8), 8); /* bytes 0 and 2, 1 and 3, as numbers of 16 bits */
  piece[1] = (bits)_mm256_srai_epi16((__m256i)x, 8);
#else
  for (int j = 0; j < 4; j++) piece[j] = (bits)((counts)(x << (24 - 8 * j)) >> 24);
#endif
}

/* sum += w[0..1] x[lane][0..1], bf16, for vectors of lanes */
SD_INLINE void DotPairs(const int vectors, const uint8_t *w, const bits (*x)[PAIR_PIECES], lanes *sum)
{
#ifdef __AVX512BF16__
  for (int v = 0; v < vectors; v++)
    __asm__("vdpbf16ps %1%{1to16%}, %2, %0"
            : "+v"(sum[v])
            : "m"(*(const uint32_t *)(const void *)w), "v"(x[v][0]));
#else
  uint32_t pair;

  memcpy(&pair, w, sizeof(pair));
  const bits  all = (bits){0} + pair;
  const lanes one[2] = {(lanes)(all << 16), (lanes)(all & 0xffff0000u)};

#pragma GCC unroll 4
  for (int v = 0; v < vectors; v++) {
    sum[v] += one[0] * (lanes)x[v][0];
    sum[v] += one[1] * (lanes)x[v][1];
  }
#endif
}

/* sum += w[0..3] x[lane][0..3], unsigned times signed bytes */
SD_INLINE void DotQuads(const int vectors, const uint8_t *w, const bits (*x)[QUAD_PIECES], counts *sum)
{
#if defined(__AVX512VNNI__)
  const bits four = (bits)_mm512_set1_epi32(*(const int *)(const void *)w);

  for (int v = 0; v < vectors; v++)
    __asm__("vpdpbusd %2, %1, %0"
            : "+v"(sum[v])
            : "v"(four), "v"(x[v][0])); /* the intrinsic makes gcc 12 spill */
#elif defined(SD_AVX2)
  uint32_t four;

  memcpy(&four, w, sizeof(four));
  const __m256i all = _mm256_set1_epi32((int)four), even = _mm256_and_si256(all, _mm256_set1_epi16(0xff)), odd = _mm256_srli_epi16(all, 8);

#pragma GCC unroll 4
  for (int v = 0; v < vectors; v++) {
    sum[v] += (counts)_mm256_madd_epi16(even, (__m256i)x[v][0]);
    sum[v] += (counts)_mm256_madd_epi16(odd, (__m256i)x[v][1]);
  }
#else
  for (int v = 0; v < vectors; v++) {
    for (int j = 0; j < 4; j++) sum[v] += (int)w[j] * (counts)x[v][j];
  }
#endif
}

#endif
