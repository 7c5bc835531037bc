/* Names of kernels per instruction set: SD_KERNEL(lif) is sd_lif_avx512 when this source is compiled for avx512. */
#ifndef SD_KERNELS_IMPL_H
#define SD_KERNELS_IMPL_H

#include <spindrift/kernels.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
  #error "the kernels read halves of words and of vectors in little-endian order"
#endif

#define SD_JOIN_(a, b) a##b
#define SD_JOIN(a, b)  SD_JOIN_(a, b)

#define SD_DECLARE_KERNELS(isa)                                                                                                         \
  void   sd_product_##isa(int, int, int, const float *, ptrdiff_t, ptrdiff_t, const float *, ptrdiff_t, float *, ptrdiff_t, int);       \
  void   sd_sparse_weights_##isa(int, int, const float *, float *);                                                                     \
  void   sd_sparse_list_##isa(int, const float *, float *, uint8_t *, uint8_t *);                                                       \
  void   sd_sparse_product_##isa(const SdSparse *);                                                                                     \
  void   sd_spike_tables_##isa(int, int, const float *, float *);                                                                       \
  void   sd_spike_index_##isa(int, float, const float *, uint16_t *);                                                                   \
  void   sd_spike_sums_##isa(int, int, float, const float *, const float *, const uint16_t *, float *);                                 \
  void   sd_short_round_##isa(int, const float *, const uint16_t *, int16_t *, float *);                                                \
  void   sd_short_tables_##isa(int, int, const int16_t *, int16_t *);                                                                   \
  void   sd_short_index_##isa(int, float, const float *, uint16_t *);                                                                   \
  void   sd_short_sums_##isa(int, int, float, const float *, const float *, const int16_t *, const uint16_t *, float *);                \
  void   sd_lif_##isa(const SdNeuron *, size_t, const float *, float *, float *, float *, float *);                                     \
  void   sd_qif_##isa(const SdNeuron *, size_t, const float *, float *, float *, float *, float *);                                     \
  void   sd_tanh_##isa(const SdNeuron *, size_t, const float *, float *, float *, float *, float *);                                    \
  void   sd_relu_##isa(const SdNeuron *, size_t, const float *, float *, float *, float *, float *);                                    \
  void   sd_lif_panel_##isa(const SdNeuron *, const SdPanel *);                                                                         \
  void   sd_panel_sum_##isa(int, const float *, const uint16_t *, size_t, float *);                                                     \
  void   sd_panel_turn_##isa(int, const float *, float *);                                                                              \
  void   sd_lif_tangent_##isa(size_t, const float *, const float *, const float *, float *, float *);                                   \
  void   sd_lif_tangent_sum_##isa(size_t, const float *, const float *, const float *, float, float *, float *);                        \
  void   sd_multiply_##isa(size_t, const float *, const float *, float *);                                                              \
  void   sd_flip_##isa(size_t, const uint64_t *, const float *, float *);                                                               \
  void   sd_lif_unit_##isa(size_t, const float *, const float *, float, float, float *, float *);                                       \
  void   sd_lif_reverse_##isa(size_t, const float *, const float *, const float *, float *);                                            \
  void   sd_accumulate_##isa(size_t, float, const float *, float *);                                                                    \
  void   sd_pack_##isa(int, const float *, uint64_t *, uint64_t *);                                                                     \
  void   sd_sign_product_##isa(int, int, const uint64_t *, const uint64_t *, const uint64_t *, float, float *);                         \
  void   sd_expand_##isa(size_t, const uint64_t *, float, float *);                                                                     \
  void   sd_sign_sum_##isa(size_t, int, const double *, const uint64_t *, size_t, float *);                                             \
  void   sd_lif_slopes_##isa(const SdNeuron *, size_t, const float *, float *, float *);                                                \
  void   sd_qif_slopes_##isa(const SdNeuron *, size_t, const float *, float *, float *);                                                \
  void   sd_lanes_nonzero_##isa(int, const float *, uint64_t *);                                                                        \
  void   sd_lanes_spikes_##isa(int, float, float, const float *, uint64_t *);                                                           \
  void   sd_lanes_columns_fp32_##isa(int, const uint64_t *, uint32_t, SdColumns *);                                                     \
  void   sd_lanes_columns_bf16_##isa(int, const uint64_t *, uint32_t, SdColumns *);                                                     \
  void   sd_lanes_columns_int8_##isa(int, const uint64_t *, uint32_t, SdColumns *);                                                     \
  void   sd_lanes_signs_##isa(int, int, const uint32_t *, uint16_t, uint16_t *);                                                        \
  void   sd_lanes_counts_##isa(const uint16_t *, int, const SdSpikes *, void *, ptrdiff_t);                                             \
  void   sd_lanes_counted_##isa(int, const SdSpikes *, const float *, int, const uint32_t *, const void *, ptrdiff_t, float *);         \
  void   sd_lanes_currents_##isa(const SdDirections *, int, const uint32_t *, const uint64_t *, const uint64_t *, float *);             \
  void   sd_lanes_step_fp32_##isa(const SdLanes *);                                                                                     \
  void   sd_lanes_step_bf16_##isa(const SdLanes *);                                                                                     \
  void   sd_lanes_step_int8_##isa(const SdLanes *);                                                                                     \
  void   sd_lanes_hold_fp32_##isa(const SdColumns *, const float *, const float *, const void *, uint32_t, void *, float *, int32_t *); \
  void   sd_lanes_hold_bf16_##isa(const SdColumns *, const float *, const float *, const void *, uint32_t, void *, float *, int32_t *); \
  void   sd_lanes_hold_int8_##isa(const SdColumns *, const float *, const float *, const void *, uint32_t, void *, float *, int32_t *); \
  void   sd_lanes_read_##isa(const SdColumns *, const float *, const float *, float, const float *, float *);                           \
  void   sd_round_bf16_##isa(int, const float *, const void *, uint32_t, void *, float *, int32_t *);                                   \
  void   sd_round_int8_##isa(int, const float *, const void *, uint32_t, void *, float *, int32_t *);                                   \
  void   sd_rounded_product_bf16_##isa(const SdRoundedProduct *);                                                                       \
  void   sd_rounded_product_int8_##isa(const SdRoundedProduct *);                                                                       \
  void   sd_transpose_##isa(int, const float *, int, float *);                                                                          \
  void   sd_random_##isa(const uint32_t[2], const uint32_t[4], size_t, uint64_t *);                                                     \
  void   sd_random_lanes_##isa(const uint32_t[2], const uint32_t[4], const uint32_t[SD_LANES], size_t, uint32_t *);                     \
  double sd_largest_##isa(int, size_t, const void *);                                                                                   \
  void   sd_add_integers_##isa(int, size_t, const void *, double, double, int64_t *);                                                   \
  void   sd_dots_##isa(int, int, size_t, const double *, size_t, const double *, size_t, double *, size_t);

SD_DECLARE_KERNELS(reference)
SD_DECLARE_KERNELS(avx2)
SD_DECLARE_KERNELS(avx512)
SD_DECLARE_KERNELS(avx512bf16)

#ifdef SD_ISA
  #define SD_KERNEL(name) SD_JOIN(sd_##name##_, SD_ISA)
  #define SD_INLINE       static inline __attribute__((always_inline))
  #if defined(__AVX512F__)
    #define SD_VECTOR_BYTES 64
    #define SD_TILE_VECTORS 4
  #elif defined(__AVX__)
    #define SD_VECTOR_BYTES 32
    #ifdef __AVX2__
      #define SD_AVX2 /* and no wider vectors */
    #endif
    #define SD_TILE_VECTORS 2
  #else
    #define SD_VECTOR_BYTES 16
    #define SD_TILE_VECTORS 2
  #endif
  #define SD_TILE_ROWS 6
#endif

#endif
