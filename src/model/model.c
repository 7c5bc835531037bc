/* The concept "model": its options, its list, its networks' parameters in one flat array. */
#include "model_impl.h"

static const char *const names[] = {"auto",
#define SD_MODEL(name, text, ops) #name,
#include "list.h"
#undef SD_MODEL
                                    NULL};

static const SdModelOps *const implementations[] = {
#define SD_MODEL(name, text, ops) &ops,
#include "list.h"
#undef SD_MODEL
};

typedef enum {
#define SD_MODEL(name, text, ops) MODEL_##name,
#include "list.h"
#undef SD_MODEL
} Type;

static const SdOption options[] = {
  {"model_type", SD_ENUM, "auto", "", 0, 0, names, "how networks make a function or an operator: mlp (one network), deeponet (branch and trunk), seponet (a branch, and a trunk for each axis of a tensor grid); auto: mlp for a function, deeponet for an operator"},
  {"model_rank", SD_INT, "64", "terms", 1, 4096, NULL, "deeponet, seponet: terms of the sum over products of branch and trunk outputs"},
  {NULL, SD_BOOL, NULL, NULL, 0, 0, NULL, NULL}
};

PetscErrorCode SdModelRegisterOptions(void)
{
  PetscFunctionBegin;
  PetscCall(SdOptionsRegister("model", options));
  PetscFunctionReturn(0);
}

static PetscErrorCode AddSegments(SdModel model, const SdModelPart *part)
{
  PetscFunctionBegin;
  for (PetscInt i = 0; i < part->net->nsegment; i++) {
    SdSegment *seg = &model->segment[model->nsegment];

    *seg = part->net->segment[i];
    seg->offset += part->offset;
    if (*part->name) PetscCall(PetscSNPrintf(seg->name, sizeof(seg->name), "%s/%s", part->name, part->net->segment[i].name));
    model->owner[model->nsegment++] = (PetscInt)(part - model->part);
  }
  PetscFunctionReturn(0);
}

PetscErrorCode SdModelAddPart(SdModel model, const SdPartSpec *spec)
{
  SdModelPart *part = &model->part[model->npart];

  PetscFunctionBegin;
  PetscCall(PetscStrncpy(part->name, spec->name, sizeof(part->name)));
  PetscCall(SdNetworkCreate(spec->kind, spec->dim, spec->lo, spec->hi, spec->nout, &part->net));
  part->npoint             = spec->npoint;
  part->net->encoding_seed = SdModelSeed(part->net->encoding_seed, model->npart); /* two axes with the same points have spikes of their own */
  PetscCall(SdNetworkCheckInputs(part->net, PETSC_COMM_WORLD, spec->npoint, spec->x));
  PetscCall(PetscMalloc1(spec->npoint * spec->dim, &part->x));
  PetscCall(PetscArraycpy(part->x, spec->x, spec->npoint * spec->dim));
  part->offset = model->P;
  PetscCheck((double)model->P + (double)part->net->P <= (double)PETSC_MAX_INT, PETSC_COMM_WORLD, SD_ERR_USAGE, "%s_width: more than %" PetscInt_FMT " parameters", spec->kind, PETSC_MAX_INT);
  PetscCall(AddSegments(model, part));
  model->P += part->net->P;
  model->npart++;
  PetscFunctionReturn(0);
}

PetscErrorCode SdModelAddItemPart(SdModel model, const SdModelSpec *spec, const char name[], const char kind[], PetscInt nout)
{
  const PetscInt dim = spec->nsensor ? spec->nsensor : spec->dim;
  double        *lo, *hi;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2(dim, &lo, dim, &hi));
  for (PetscInt d = 0; d < dim; d++) {
    const double centre = spec->nsensor && spec->a_centre ? spec->a_centre[d] : 0;

    lo[d] = spec->nsensor ? centre + spec->a_lo : spec->lo[d];
    hi[d] = spec->nsensor ? centre + spec->a_hi : spec->hi[d];
  }
  PetscCall(SdModelAddPart(model, &(SdPartSpec){.name = name, .kind = kind, .dim = dim, .nout = nout, .lo = lo, .hi = hi}));
  PetscCall(PetscFree2(lo, hi));
  PetscFunctionReturn(0);
}

PetscErrorCode SdModelCreate(const SdModelSpec *spec, SdModel *out)
{
  SdModel  model;
  PetscInt type;

  PetscFunctionBegin;
  PetscCall(SdOptionsGetEnum("model_type", &type));
  type = type ? type - 1 : spec->nsensor ? MODEL_deeponet : MODEL_mlp;
  PetscCheck(spec->nsensor || type == MODEL_mlp, PETSC_COMM_WORLD, SD_ERR_USAGE, "model_type: '%s' given, but the problem has no input functions; allowed: auto, mlp", names[type + 1]);
  PetscCheck(!spec->nsensor || spec->npoint <= PETSC_MAX_INT / (SD_BLOCK * spec->nout), PETSC_COMM_WORLD, SD_ERR_USAGE, "problem: %" PetscInt_FMT " output points of %" PetscInt_FMT " components, at most %" PetscInt_FMT " numbers per input function", spec->npoint, spec->nout, PETSC_MAX_INT / SD_BLOCK);
  PetscCall(PetscNew(&model));
  *out           = model;
  model->name    = names[type + 1];
  model->ops     = *implementations[type];
  model->dim     = spec->dim;
  model->nout    = spec->nout;
  model->nsensor = spec->nsensor;
  model->npoint  = spec->nsensor ? spec->npoint : 0;
  model->rows    = spec->nsensor ? spec->npoint * spec->nout : spec->nout;
  PetscCall((*model->ops.setup)(model, spec));
  PetscFunctionReturn(0);
}

PetscErrorCode SdModelDestroy(SdModel *model)
{
  PetscFunctionBegin;
  if (!*model) PetscFunctionReturn(0);
  for (PetscInt i = 0; i < (*model)->npart; i++) {
    PetscCall(SdNetworkDestroy(&(*model)->part[i].net));
    PetscCall(PetscFree((*model)->part[i].x));
  }
  PetscCall(PetscFree(*model));
  PetscFunctionReturn(0);
}

PetscInt SdModelLayers(SdModel model)
{
  PetscInt n = 0;

  for (PetscInt i = 0; i < model->npart; i++) n += model->part[i].net->nlayer;
  return n;
}

PetscErrorCode SdModelDescribe(SdModel model, char text[], size_t len)
{
  SdNetwork net = model->part[0].net;
  char      part[96];

  PetscFunctionBegin;
  if (model->npart == 1) {
    PetscCall(PetscSNPrintf(text, len, "network of %" PetscInt_FMT " hidden layers, %" PetscInt_FMT " parameters, T = %" PetscInt_FMT, net->nlayer, model->P, net->T));
    PetscFunctionReturn(0);
  }
  PetscCall(PetscSNPrintf(text, len, "%s of rank %" PetscInt_FMT ", %" PetscInt_FMT " parameters", model->name, model->rank, model->P));
  for (PetscInt i = 0; i < model->npart; i++) {
    net = model->part[i].net;
    PetscCall(PetscSNPrintf(part, sizeof(part), ", %s of %" PetscInt_FMT " hidden layers, T = %" PetscInt_FMT, model->part[i].name, net->nlayer, net->T));
    PetscCall(SdAppend(text, part, len));
  }
  PetscFunctionReturn(0);
}

PetscErrorCode SdModelInitialize(SdModel model, uint64_t seed, PetscInt nitem, const double items[], float theta[])
{
  PetscFunctionBegin;
  PetscCall(PetscArrayzero(theta, model->P));
  for (PetscInt i = 0; i < model->npart; i++) {
    const SdModelPart *part = &model->part[i];

    PetscCall(SdNetworkInitialize(part->net, SdModelSeed(seed, i), i || !model->nsensor ? 0 : nitem, items, theta + part->offset));
  }
  PetscFunctionReturn(0);
}
