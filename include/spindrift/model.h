/* Model: how networks make a function of points, or an operator that makes a function of points from an input function.
   Knows nothing of problems.

   An item is what the model is evaluated on: a point, or, for operators, an input function given by its values at the sensors.
   One of the model's networks reads items; of an operator's others each reads the output points' coordinates.

     mlp       u(x) = N(x)
     deeponet  u_j(x) = sum_r B_r(a_j) T_r(x) + c             branch B, trunk T (Lu et al., Nat. Mach. Intell. 3, 2021)
     seponet   u_j(x) = sum_r B_r(a_j) prod_i T^i_r(x_i) + c  a trunk for each axis (Yu et al., arXiv 2407.11253)

   with rank terms r for each component of u. A separable model evaluates its trunks on the axes of a tensor grid only. An output
   cotangent w pulled back through the sum is one cotangent for each network, so that each is a block of its own for the estimators. */
#ifndef SPINDRIFT_MODEL_H
#define SPINDRIFT_MODEL_H

#include <spindrift/layout.h>
#include <spindrift/network.h>

#define SD_MAX_AXES  3
#define SD_MAX_PARTS (1 + SD_MAX_AXES)

/* What the model is a function of. */
typedef struct {
  PetscInt        dim, nout; /* coordinates of a point, components of a value */
  const double   *lo, *hi;   /* [dim] box of the points */
  PetscInt        nsensor;   /* values of an input function; 0: a function of points alone, the rest is not read */
  double          a_lo, a_hi; /* their range */
  const double   *a_centre;  /* [nsensor] a_lo and a_hi are differences from this; NULL: from zero */
  PetscInt        npoint;    /* where every output function is wanted */
  const double   *x;         /* [npoint][dim] */
  const PetscInt *grid;      /* [dim] points per axis of a tensor grid, x fastest; grid[0] = 0: scattered */
} SdModelSpec;

typedef struct SdModel_      *SdModel;
typedef struct SdModelInput_ *SdModelInput;

typedef struct {
  /* REQUIRED. Create the parts. Not collective. */
  PetscErrorCode (*setup)(SdModel, const SdModelSpec *);
  /* OPTIONAL (NULL: none). The basis that the branch's outputs multiply, [nout][npoint][rank], from the trunks' outputs; borrowed until the
     next call or combination. Collective. */
  PetscErrorCode (*basis)(SdModelInput, float *const out[], const float **basis);
  /* REQUIRED. u[rows][own items] from the networks' outputs out[part][nout of the part][own points]. Collective. */
  PetscErrorCode (*combine)(SdModelInput, const float theta[], float *const out[], float u[]);
  /* REQUIRED. Of the outputs combined last: cotangent[part][nout of the part][own points] from w[rows][own items], and into g[P] the
     gradient of the model's own parameters, summed over all items. Collective. */
  PetscErrorCode (*pull)(SdModelInput, float *const out[], const float w[], float *const cotangent[], double g[]);
  PetscErrorCode (*begin)(SdModelInput); /* OPTIONAL. Storage for combining. Not collective. */
  PetscErrorCode (*end)(SdModelInput);   /* OPTIONAL. Free it. */
} SdModelOps;

/* A network, and where it is evaluated. */
typedef struct {
  char      name[16]; /* "branch"; "" for the only one */
  SdNetwork net;
  PetscInt  offset;   /* of its parameters in theta */
  PetscInt  npoint;   /* points of its own: a trunk's; 0: it reads items */
  double   *x;        /* [npoint][its inputs] */
} SdModelPart;

struct SdModel_ {
  const char *name;
  SdModelOps  ops;
  PetscInt    dim, nout, nsensor, npoint, rank;
  PetscInt    rows;  /* numbers per item: nout, or for operators [nout][npoint] */
  PetscInt    npart; /* part 0 reads items */
  SdModelPart part[SD_MAX_PARTS];
  PetscInt    P, nsegment;
  SdSegment   segment[SD_MAX_PARTS * 2 * (SD_MAX_LAYERS + 1) + 1]; /* of all parts, offsets into theta; names "branch/layer0/weight" */
  PetscInt    owner[SD_MAX_PARTS * 2 * (SD_MAX_LAYERS + 1) + 1];   /* part of each segment; npart: the model's own */
};

/* SdModelSeed - the seed of a part's random numbers: no two parts share any, and the first has that of the run. */
static inline uint64_t SdModelSeed(uint64_t seed, PetscInt part) { return seed + (uint64_t)part * 0x9E3779B97F4A7C15u; }

PETSC_EXTERN PetscErrorCode SdModelRegisterOptions(void);

/* SdModelCreate - the model that -model_type names. Not collective. The points are copied. */
PETSC_EXTERN PetscErrorCode SdModelCreate(const SdModelSpec *spec, SdModel *model);
PETSC_EXTERN PetscErrorCode SdModelDestroy(SdModel *model);

/* SdModelLayers - hidden layers of all parts. SdModelDescribe - "network of 2 hidden layers, 4353 parameters, T = 16" into text. Not collective. */
PETSC_EXTERN PetscInt       SdModelLayers(SdModel model);
PETSC_EXTERN PetscErrorCode SdModelDescribe(SdModel model, char text[], size_t len);

/* SdModelInitialize - initial parameters theta[P] from a seed; items[nitem][nsensor] are input functions such as will come (operators;
   the same on every rank), between which the branch's thresholds are spread. Not collective. */
PETSC_EXTERN PetscErrorCode SdModelInitialize(SdModel model, uint64_t seed, PetscInt nitem, const double items[], float theta[]);

/* Where each part is evaluated on this rank: items as they are set, an operator's points cut into as many shards. */
struct SdModelInput_ {
  SdModel        model; /* borrowed */
  SdLayout       layout[SD_MAX_PARTS];
  SdBatch        batch[SD_MAX_PARTS];
  PetscLogDouble bytes; /* handed to MPI by this rank so far */
  void          *data;  /* the model's own */
};

/* SdModelInputCreate - layout cuts the items into shards. No items are set yet. Not collective. */
PETSC_EXTERN PetscErrorCode SdModelInputCreate(SdModel model, const SdLayout *layout, SdModelInput *input);
PETSC_EXTERN PetscErrorCode SdModelInputDestroy(SdModelInput *input);

/* SdModelInputSet - items x[n][dim or nsensor] of the layout's own shards, in their order; shard_count[own shards] items each, or NULL for all
   of the layout's. Not collective. */
PETSC_EXTERN PetscErrorCode SdModelInputSet(SdModelInput input, const PetscInt shard_count[], const double x[]);

/* SdModelBasis - the basis of an operator's model for parameters theta, as in SdModelOps. Collective. */
PETSC_EXTERN PetscErrorCode SdModelBasis(SdModelInput input, const float theta[], const float **basis);

/* SdModelPredict - N[rows][n] at n items x[n][dim or nsensor]. Collective on comm: every rank gives the same items, evaluates its
   share, and gets all of N. */
PETSC_EXTERN PetscErrorCode SdModelPredict(SdModel model, MPI_Comm comm, const float theta[], PetscInt n, const double x[], float N[]);

#endif
