/* Shared by lanes_setup.c, lanes_prepare.c and lanes.c. */
#ifndef SD_LANES_IMPL_H
#define SD_LANES_IMPL_H

#include "network_impl.h"

/* The tangents of a point follow STEPS at a time; the primal is ahead by STEPS to RING - 1, and the step before is still there. */
enum { STEPS = 16,
       RING  = 2 * STEPS,
       LINE  = 16 /* floats of a cache line */,
       PIECE = 32 /* words of each lane drawn at once: they stay in the nearest cache */ };

typedef struct {
  PetscInt  ld, words;         /* more than N, a multiple of 16; 64-bit words of N bits */
  float    *m;                 /* [RING, or T if less][SD_BLOCK][ld] */
  float    *mdot;              /* [SD_BLOCK, or one where T <= STEPS][groups][N][SD_LANES] and a row more; first layer: one point's constant current */
  uint64_t *pos, *neg;         /* [STEPS][words] a point's spikes */
  float    *bias, *mask, *a;   /* as in SdDirections, [groups] of them; biases not of counted layers after the first, whose rows have them */
  PetscInt  nV, parts, blocks; /* rows of V; of counts, units of SD_SIGN_COUNTS for a group and step: [parts][blocks] */
  uint32_t *V;                 /* [groups][nV][2 words of M][SD_LANES] */
  uint16_t *rows;              /* [groups][SD_SIGN_ROWS(N, M)], aligned */
  void     *rows_storage;
  PetscBool rank_one, masked;  /* no direction perturbs this layer */
  PetscBool counted;           /* its directions' currents are had from counts, by steps */
} Layer;

/* One point's tangents of a layer in STEPS steps. */
typedef struct {
  SdColumns live[STEPS];
  uint32_t *x;    /* [STEPS][groups][widest][SD_LANES] */
  float    *unit; /* [STEPS][groups][SD_LANES] int8 */
  int32_t  *sum;
} Tangents;

struct SdLanesWork_ {
  SdPrecision precision;
  PetscInt    groups, lowest; /* first layer that a direction perturbs */
  PetscInt    widest, ld;     /* of all layers */
  PetscInt    done;           /* steps whose tangents are had */
  Layer       layer[SD_MAX_LAYERS];
  Tangents    tangents[2], *before, *held; /* of the layer before, and of this one */
  SdColumns   need[STEPS];   /* tangents that are read later */
  SdColumns   up[STEPS], down[STEPS]; /* inputs that spike */
  PetscInt    most;                   /* parts of any layer */
  SdSpikes   *part;                   /* [STEPS][most] of them */
  int         many[STEPS];            /* parts of a step */
  SdColumns   live;          /* the last layer's */
  float      *psi, *next;    /* [STEPS + 1][ld] of one point; next one step behind: that of the step before first */
  float      *factor;        /* [STEPS][ld] first layer: psi times the response */
  float      *response;      /* [SD_BLOCK][ld] */
  uint64_t   *alive, *carry; /* [RING][words] psi != 0, next != 0 */
  float      *start;         /* [STEPS, or of a counted layer one][groups][widest][SD_LANES] directions' own currents */
  PetscBool   counted;       /* but of rank one directions' signs are counted, as every output is needed */
  void       *count_storage;
  uint8_t    *count;         /* [STEPS][groups][parts][blocks][SD_SIGN_COUNTS] of the layer that is at it */
  float      *du;            /* [SD_BLOCK][groups][nout][SD_LANES] */
  float      *first;         /* [nin][groups][N_0][SD_LANES] directions of the first layer */
  uint32_t   *half, *bias_half; /* [2 words][SD_LANES] signs of some rows, as many words as PIECE or the widest layer has; of a layer's biases */
  uint8_t    *gather_storage, *gather; /* bf16 and int8: scratch of lanes_step, aligned to 64 bytes */
};

#endif
