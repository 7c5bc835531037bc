/* Shared by lanes_setup.c and lanes.c. */
#ifndef SD_LANES_IMPL_H
#define SD_LANES_IMPL_H

#include "network_impl.h"

/* STEPS of one point at a time pass PIECE outputs of a layer, a word of bits. The primal is ahead by STEPS to RING. */
enum { STEPS = 16, RING = 2 * STEPS, PIECE = 64 };

typedef struct {
  PetscInt  ld, words;         /* N to a multiple of 16; 64-bit words of N bits */
  float    *psi, *decay;       /* [RING][SD_BLOCK][ld]; first layer: psi times the response, and nothing */
  uint64_t *live, *carry;      /* [RING][words][SD_BLOCK] psi != 0, next != 0 */
  uint32_t *pos, *neg;         /* [RING][SD_BLOCK][2 words] spikes */
  uint64_t *need;              /* [STEPS][words][SD_BLOCK] tangents that are read later */
  float    *mdot;              /* [SD_BLOCK][groups][N][SD_LANES]; first layer: the constant current */
  float    *bias, *mask;       /* [groups][N][SD_LANES], [groups][SD_LANES] */
  float    *a;                 /* [groups][N][SD_LANES] of rank-one directions */
  uint32_t *V;                 /* [groups][N][2 words of M][SD_LANES] */
  PetscBool rank_one, masked;            /* no direction perturbs this layer */
  PetscInt  low_stride;        /* bytes of a rounded row, to a multiple of 64 */
  void     *low_storage, *low; /* [N][low_stride], the latter aligned to 64 bytes */
  float    *low_unit;          /* [N] */
} Layer;

struct SdLanesWork_ {
  SdPrecision precision;
  PetscInt    groups, lowest; /* first layer that a direction perturbs */
  Layer       layer[SD_MAX_LAYERS];
  PetscInt    widest, words; /* words of widest bits */
  PetscInt    done;          /* steps whose tangents are had */
  int         nin[STEPS];   /* live neurons of the layer before */
  uint16_t   *in;            /* [STEPS][widest] */
  float      *sdot[2], *du;  /* their tangents, and this layer's: [STEPS][groups][widest][SD_LANES]; du [SD_BLOCK][groups][nout][SD_LANES] */
  float      *scratch;       /* [widest][SD_BLOCK] */
  float      *bs;            /* [STEPS][groups][SD_LANES] of rank-one directions */
  float      *first;         /* [nin][groups][N_0][SD_LANES] directions of the first layer */
  /* bf16 and int8 only: the same tangents rounded */
  int         nslot[STEPS];
  uint64_t   *live;                  /* [STEPS][words] */
  uint16_t   *slot;                  /* [STEPS][widest], enough for chunks that are not full */
  uint32_t   *x, *dither;            /* [STEPS][groups][widest][SD_LANES], [SD_DITHER][SD_LANES] */
  float      *x_unit;                /* [STEPS][groups][SD_LANES] */
  int32_t    *x_sum;
  uint8_t    *row_storage, *row;     /* [SD_LANES_ROWS][longest low_stride], aligned to 64 bytes */
  uint32_t    passes;                /* since the weights were rounded */
};

#endif
