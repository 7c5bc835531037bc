/* A step of sixteen leaky integrate-and-fire neurons from the sums of their weights to their spikes, where these alone are wanted: neurons lie side by side as the
   tables have them, so that nothing is turned, and the sums are never stored. */
#define SD_ROW float
#include "rows.h"

/* What is left of x where numbers reach the threshold; and these as bits. */
#ifdef __AVX512F__
  #include <immintrin.h>
typedef __mmask16 which;
SD_INLINE which   Reaches(part m, part threshold)
{
  return _mm512_cmp_ps_mask(m, threshold, _CMP_GE_OQ);
}
SD_INLINE part There(which w, part x)
{
  return _mm512_maskz_mov_ps(w, x);
}
SD_INLINE unsigned Bits(which w)
{
  return w;
}
SD_INLINE which Those(unsigned bits)
{
  return (which)bits;
}
#else
  #ifdef __AVX2__
    #include <immintrin.h>
  #endif
typedef ints    which;
SD_INLINE which Reaches(part m, part threshold)
{
  return m >= threshold;
}
SD_INLINE part There(which w, part x)
{
  return (part)(w & (ints)x);
}
SD_INLINE unsigned Bits(which w)
{
  #ifdef __AVX2__
  return (unsigned)_mm256_movemask_ps((__m256)w);
  #else
  typedef uint64_t halves_of __attribute__((vector_size(16)));
  const halves_of  each = (halves_of)(w & (ints){1, 2, 4, 8});
  const uint64_t   both = each[0] | each[1];

  return (unsigned)(both | both >> 32);
  #endif
}
SD_INLINE which Those(unsigned bits)
{
  #ifdef __AVX2__
  const ints each = {1, 2, 4, 8, 16, 32, 64, 128};
  #else
  const ints each = {1, 2, 4, 8};
  #endif

  return (((int)bits - (ints){0}) & each) != 0;
}
#endif

SD_INLINE part All(float x)
{
  return x - (part){0};
}

/* As isa_lif.c has it, to the same bits, which hang on how the compiler contracts multiply-adds: the tests compare them. The last step's spikes are known by its
   membrane; before the first step all are below the threshold. */
SD_INLINE which Lif(const SdReset reset, const part beta, const part threshold, const part current, part *m)
{
  const part s = There(Reaches(*m, threshold), All(1));

  *m = reset == SD_RESET_SUBTRACT ? beta * *m + current - threshold * s : beta * *m * (1 - s) + current;
  return Reaches(*m, threshold);
}

SD_INLINE void Add(Sums x, Sums to)
{
#pragma GCC unroll 8
  for (int i = 0; i < POINTS; i++) {
#pragma GCC unroll 4
    for (int v = 0; v < WIDTH; v++) to[i][v] += x[i][v];
  }
}

/* The current that the spikes of step t and the bias make, of the points from b on. */
SD_INLINE void Currents(const SdPanel *p, const float *bias, int t, int b, Sums current)
{
  AddUnits(CutOf(0), 0, (p->M + UNIT - 1) / UNIT, p->tables, p->index + (size_t)t * p->index_stride, b, 1, current);
#pragma GCC unroll 8
  for (int i = 0; i < POINTS; i++) {
#pragma GCC unroll 4
    for (int v = 0; v < WIDTH; v++) current[i][v] = ((const part *)(const void *)bias)[v] + current[i][v];
  }
}

/* All steps of some points. */
SD_INLINE void Steps(const SdReset reset, const int spiking, const SdNeuron *neuron, const SdPanel *p, const float *bias, int b)
{
  const part beta = All(neuron->beta), threshold = All(neuron->threshold);
  uint16_t  *to = p->fired + b;
  Sums       m, current, shift;

  Load(p->m, b, m);
  if (p->shift) Load(p->shift, b, shift);
  if (!spiking) Load(p->current, b, current);
  if (!spiking && p->shift) Add(shift, current);
  for (int t = 0; t < p->steps; t++, to += p->fired_stride) {
    if (spiking) Currents(p, bias, t, b, current);
    if (spiking && p->shift) Add(shift, current);
#pragma GCC unroll 8
    for (int i = 0; i < POINTS; i++) {
      unsigned bits = 0;

#pragma GCC unroll 4
      for (int v = 0; v < WIDTH; v++) bits |= Bits(Lif(reset, beta, threshold, current[i][v], &m[i][v])) << SD_SQUARE * v;
      to[i] = (uint16_t)bits;
    }
  }
  Store(m, b, p->m);
}

SD_INLINE void Panel(const SdReset reset, const int spiking, const SdNeuron *neuron, const SdPanel *p)
{
  _Alignas(64) float bias[ROWS] = {0};

  for (int n = 0; n < p->rows && spiking; n++) bias[n] = p->bias[n];
  for (int b = 0; b < SD_BLOCK; b += POINTS) Steps(reset, spiking, neuron, p, bias, b);
}

void SD_KERNEL(lif_panel)(const SdNeuron *neuron, const SdPanel *p)
{
  const SdPanel own = *p;

  if (neuron->reset == SD_RESET_SUBTRACT) {
    if (own.M) Panel(SD_RESET_SUBTRACT, 1, neuron, &own);
    else Panel(SD_RESET_SUBTRACT, 0, neuron, &own);
  } else {
    if (own.M) Panel(SD_RESET_ZERO, 1, neuron, &own);
    else Panel(SD_RESET_ZERO, 0, neuron, &own);
  }
}

void SD_KERNEL(panel_sum)(int steps, const float *factor, const uint16_t *restrict fired, size_t stride, float *restrict sum)
{
  for (int b = 0; b < SD_BLOCK; b += POINTS) {
    Sums s;

    Load(sum, b, s);
    for (int t = 0; t < steps; t++) {
      const uint16_t *at = fired + (size_t)t * stride + b;

#pragma GCC unroll 8
      for (int i = 0; i < POINTS; i++) {
#pragma GCC unroll 4
        for (int v = 0; v < WIDTH; v++) s[i][v] += There(Those((unsigned)at[i] >> SD_SQUARE * v), All(factor[t]));
      }
    }
    Store(s, b, sum);
  }
}

void SD_KERNEL(panel_turn)(int rows, const float *restrict panel, float *restrict C)
{
  for (int b = 0; b < SD_BLOCK; b += SD_SQUARE) {
    for (int n0 = 0; n0 < rows; n0 += SD_SQUARE) {
      vec x[SD_SQUARE];

      for (int i = 0; i < SD_SQUARE; i++) x[i] = *(const vec *)(const void *)(panel + (b + i) * ROWS + n0);
      SdSquare(x);
      for (int i = 0; i < SD_SQUARE && n0 + i < rows; i++) *(vec *)(void *)(C + (size_t)(n0 + i) * SD_BLOCK + b) = x[i];
    }
  }
}
