/* Whether a graph is a model's, and its parameters. */
#include <string.h>
#include "nir_impl.h"

static PetscErrorCode FitPart(const SdNirChain *chain, SdNetwork net)
{
  PetscFunctionBegin;
  PetscCheck(chain->nin == net->nin, PETSC_COMM_SELF, SD_ERR_USAGE, "%s_fourier: %" PetscInt_FMT " given, which with the problem's %" PetscInt_FMT " coordinates makes %" PetscInt_FMT " inputs; the graph has %" PetscInt_FMT, net->kind, net->nfourier, net->dim, net->nin, chain->nin);
  PetscCheck(!chain->encoding[0] || !strcmp(chain->encoding, SdEncodingNames[net->encoding]), PETSC_COMM_SELF, SD_ERR_USAGE, "%s_encoding: '%s' given; the graph has '%s'", net->kind, SdEncodingNames[net->encoding], chain->encoding);
  PetscCheck(chain->log_input < 0 || chain->log_input == (net->log_input ? 1 : 0), PETSC_COMM_SELF, SD_ERR_USAGE, "%s_log_input: '%s' given; the graph has '%s'", net->kind, net->log_input ? "true" : "false", chain->log_input ? "true" : "false");
  PetscCheck(chain->nout == net->nout, PETSC_COMM_SELF, SD_ERR_USAGE, "problem_type (or model_rank): %" PetscInt_FMT " values of a network; the graph has %" PetscInt_FMT, net->nout, chain->nout);
  PetscCheck(chain->nlayer == net->nlayer, PETSC_COMM_SELF, SD_ERR_USAGE, "%s_width: %" PetscInt_FMT " layers given; the graph has %" PetscInt_FMT, net->kind, net->nlayer, chain->nlayer);
  for (PetscInt l = 0; l < net->nlayer; l++) PetscCheck(chain->width[l] == net->width[l], PETSC_COMM_SELF, SD_ERR_USAGE, "%s_width: %" PetscInt_FMT " neurons of layer %" PetscInt_FMT " given; the graph has %" PetscInt_FMT, net->kind, net->width[l], l, chain->width[l]);
  PetscCheck((float)chain->beta == net->neuron.beta, PETSC_COMM_SELF, SD_ERR_USAGE, "%s_beta: %.7g given; the graph has %.7g", net->kind, (double)net->neuron.beta, chain->beta);
  PetscCheck((float)chain->threshold == net->neuron.threshold, PETSC_COMM_SELF, SD_ERR_USAGE, "%s_threshold: %.7g given; the graph has %.7g", net->kind, (double)net->neuron.threshold, chain->threshold);
  PetscFunctionReturn(0);
}

PetscErrorCode SdNirFit(const SdNir *nir, SdModel model, float theta[])
{
  const PetscInt own = model->nsegment && model->owner[model->nsegment - 1] == model->npart ? model->segment[model->nsegment - 1].rows : 0;

  PetscFunctionBegin;
  PetscCall(SdNirCheckModel(model));
  PetscCheck(nir->nchain == model->npart, PETSC_COMM_SELF, SD_ERR_USAGE, "model_type: '%s' given, of %" PetscInt_FMT " networks; the graph has %" PetscInt_FMT, model->name, model->npart, nir->nchain);
  for (PetscInt i = 0; i < model->npart; i++) {
    const SdModelPart *part = &model->part[i];
    PetscInt           c    = 0;

    while (c < nir->nchain && strcmp(nir->chain[c].name, part->name)) c++;
    PetscCheck(c < nir->nchain, PETSC_COMM_SELF, SD_ERR_USAGE, "model_type: '%s' given; the graph has no node %s_input", model->name, part->name);
    PetscCall(FitPart(&nir->chain[c], part->net));
    PetscCall(PetscArraycpy(theta + part->offset, nir->chain[c].theta, part->net->P));
  }
  PetscCheck(!own || nir->nconstant == own, PETSC_COMM_SELF, SD_ERR_USAGE, "model_type: '%s' given, with %" PetscInt_FMT " constants of its own; the graph's metadata has %" PetscInt_FMT, model->name, own, nir->nconstant);
  if (own) PetscCall(PetscArraycpy(theta + model->segment[model->nsegment - 1].offset, nir->constant, own));
  PetscFunctionReturn(0);
}
