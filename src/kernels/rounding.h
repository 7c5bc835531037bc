/* How numbers are rounded at random to bf16 and int8, SD_LANES side by side, and multiplied with rounded weights. */
#ifndef SD_KERNELS_ROUNDING_H
#define SD_KERNELS_ROUNDING_H

#include "lanes.h"

/* Two numbers as a pair of bf16; random: in [0, 65536). */
SD_INLINE void RoundPair(const lanes x[2], const bits random[2], bits *pair)
{
  *pair = ((bits)x[0] + random[0]) >> 16 | (((bits)x[1] + random[1]) & 0xffff0000u);
}

/* The larger of |x| and most, as integers, so that infinities and NaN are the largest and end in the unit. */
SD_INLINE void Raise(bits x, bits *most)
{
  const bits size = x & 0x7fffffffu;
#ifdef __AVX512F__
  *most = (bits)_mm512_max_epu32((__m512i)size, (__m512i)*most);
#else
  const bits more = (bits)(size > *most);

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

/* Four numbers as a quad of int8; their sum and 4 times 128 are added to total; random: in [128, 129). */
SD_INLINE void RoundQuad(const lanes x[4], const lanes *scale, const lanes random[4], bits *quad, counts *total)
{
  bits four = {0};

#pragma GCC unroll 4
  for (int j = 0; j < 4; j++) {
    const counts q = __builtin_convertvector(x[j] * *scale + random[j], counts); /* of a positive number truncation is the floor */

    *total += q;
    four |= (bits)q << (8 * j);
  }
  *quad = four ^ 0x80808080u; /* less 128 each */
}

/* sum += w[0..1] x[lane][0..1], bf16 */
SD_INLINE void DotPairs(const uint8_t *w, const bits *x, lanes *sum)
{
#ifdef __AVX512BF16__
  __asm__("vdpbf16ps %1%{1to16%}, %2, %0"
          : "+v"(*sum)
          : "m"(*(const uint32_t *)(const void *)w), "v"(*x));
#else
  uint32_t pair;

  memcpy(&pair, w, 4);
  const bits low = *x << 16, high = *x & 0xffff0000u, w0 = (bits){0} + (pair << 16), w1 = (bits){0} + (pair & 0xffff0000u);

  *sum += (lanes)w0 * (lanes)low + (lanes)w1 * (lanes)high;
#endif
}

/* sum += w[0..3] x[lane][0..3], unsigned times signed bytes */
SD_INLINE void DotQuads(const uint8_t *w, const bits *x, counts *sum)
{
#ifdef __AVX512VNNI__
  const bits four = (bits)_mm512_set1_epi32(*(const int *)(const void *)w);

  __asm__("vpdpbusd %2, %1, %0"
          : "+v"(*sum)
          : "v"(four), "v"(*x)); /* the intrinsic makes gcc 12 spill */
#else
  for (int j = 0; j < 4; j++) *sum += (int)w[j] * ((counts)(*x << (24 - 8 * j)) >> 24);
#endif
}

#endif
