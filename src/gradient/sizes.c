/* Whether the arrays of an estimator fit what counts them. */
#include <math.h>
#include "gradient_impl.h"

PetscInt SdWidestLayer(SdNetwork net)
{
  PetscInt widest = PetscMax(net->nout, net->nin);

  for (PetscInt l = 0; l < net->nlayer; l++) widest = PetscMax(widest, net->width[l]);
  return widest;
}

PetscErrorCode SdGradientCheckSizes(const SdGradientConfig *cfg, SdNetwork net, const SdLayout *layout)
{
  const double shards = ceil((double)layout->nshards / layout->size), lanes = shards * (ceil((double)layout->npoints / (double)layout->nshards) + SD_BLOCK);
  const double nodes = (double)net->node[net->nlayer], K = (double)cfg->K * (cfg->blocks == SD_BLOCKS_LAYERWISE ? (double)net->nlayer + 1 : 1);
  const double    words  = (double)net->word[net->nsegment];
  const PetscBool weight = (PetscBool)(cfg->method == SD_METHOD_WEIGHT && cfg->directions != SD_GAUSSIAN), dense = (PetscBool)(cfg->method <= SD_METHOD_NODE && cfg->directions == SD_GAUSSIAN);
  const struct {
    const char *keys;
    double      count;
  } array[] = {
    {"net_width, train_shards", shards * (double)net->P},
    {"gradient_reduce scalars, net_width, train_shards", cfg->reduce == SD_REDUCE_SCALARS ? (double)layout->nshards * (double)net->P : 0},
    {"net_width", weight ? 64 * words : 0},                                                                     /* bits of a direction */
    {"net_width, gradient_K", weight && cfg->tangent == SD_TANGENT_SURROGATE ? 2 * (K + SD_LANES) * words : 0}, /* as lanes */
    {"net_width, gradient_K", dense ? K * PetscMax((double)net->P, nodes * SD_BLOCK) : K * PetscMax(nodes, (double)SdWeightWords(net, cfg->K))},
    {"gradient_K", K * K * SD_BLOCK},
    {"gradient_noise fresh, gradient_K, net_T, net_width", dense && cfg->noise == SD_NOISE_FRESH ? (double)net->T * K * nodes * SD_BLOCK : 0},
    {"net_width, gradient_K", (K + SD_LANES) * (double)PetscMax(SD_BLOCK, net->nin) * (double)SdWidestLayer(net)},
    {"gradient_K, train_shards", shards * K},
    {"net_width, problem size", lanes * PetscMax(nodes, K * (double)net->nout)},
    {"net_width, gradient_windows, gradient_guess_windows", lanes * ((double)SdWindowPair(cfg->guess_windows, 0) * nodes + (double)PetscMax(cfg->windows, cfg->guess_windows) * (double)PetscMax(net->width[net->nlayer - 1], SdNetworkInWidth(net, net->nlayer - 1)) + (SdNetworkInputSpikes(net) ? (double)cfg->guess_windows * (double)net->nin : 0))},
    {"net_width, net_T", cfg->method == SD_METHOD_REVERSE ? (double)net->T * nodes * SD_BLOCK : 0},
  };

  PetscFunctionBegin;
  for (size_t i = 0; i < sizeof(array) / sizeof(array[0]); i++) {
    PetscCheck(array[i].count <= (double)PETSC_MAX_INT, PETSC_COMM_WORLD, SD_ERR_USAGE, "%s: %.3g numbers in one array or sequence on one rank, at most %" PetscInt_FMT, array[i].keys, array[i].count, PETSC_MAX_INT);
  }
  PetscFunctionReturn(0);
}
