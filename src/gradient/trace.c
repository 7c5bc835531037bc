/* The trace of an estimate: what it is rebuilt from without the network.

   Weight perturbation's estimate is sum_k c_k v_k for each shard, with directions v that counters give at any time: the coefficients c of all
   shards are all that the network has to say. With the exact readout its gradient is kept as it is. Everything else needs activities: node
   noise is paired with the spikes at each point, a guess and the gradient of hidden layers are as long as the weights themselves. */
#include "gradient_impl.h"

PetscErrorCode SdGradientTraceCheck(const SdGradientConfig *cfg)
{
  PetscFunctionBegin;
  PetscCheck(cfg->method != SD_METHOD_NODE, PETSC_COMM_SELF, SD_ERR_USAGE, "run_journal: true given with gradient_method node; allowed: weight (of node noise the weights' gradient is an outer product with the spikes at each point, which only the network knows)");
  PetscCheck(cfg->method == SD_METHOD_WEIGHT, PETSC_COMM_SELF, SD_ERR_USAGE, "run_journal: true given with gradient_method %s; allowed: weight (a gradient that is not made of directional derivatives is as long as the parameters)", cfg->method == SD_METHOD_REVERSE ? "reverse" : "full");
  PetscCheck(cfg->guess == SD_GUESS_NONE, PETSC_COMM_SELF, SD_ERR_USAGE, "run_journal: true given with a gradient_guess; allowed: none (a guess is as long as the parameters, and made of activities)");
  PetscCheck(cfg->tail == SD_TAIL_NONE || cfg->tail == SD_TAIL_READOUT, PETSC_COMM_SELF, SD_ERR_USAGE, "run_journal: true given with gradient_tail %s; allowed: none, readout (the last hidden layer's exact gradient is as long as its weights)", cfg->tail == SD_TAIL_UNIT ? "unit" : "exact");
  PetscFunctionReturn(0);
}

/* Parameters whose gradient is kept as it is: those of the tail. */
static PetscInt Tail(SdGradient grad)
{
  return grad->net->P - SdLayerBegin(grad->net, grad->hi);
}

PetscErrorCode SdGradientTraceBegin(SdGradient grad, PetscInt *n)
{
  const double count = (double)grad->layout.nshards * (double)grad->K + (double)Tail(grad), rows = (double)grad->layout.nshards * (double)grad->net->P;

  PetscFunctionBegin;
  PetscCall(SdGradientTraceCheck(&grad->cfg));
  PetscCheck(count <= (double)PETSC_MAX_INT, PETSC_COMM_SELF, SD_ERR_USAGE, "run_journal: %.3g numbers a step (gradient_K, train_shards), at most %" PetscInt_FMT, count, PETSC_MAX_INT);
  PetscCheck(rows <= (double)PETSC_MAX_INT, PETSC_COMM_SELF, SD_ERR_USAGE, "run_journal: true given with train_shards %" PetscInt_FMT " and %" PetscInt_FMT " parameters, %.3g numbers in all for a replay; at most %" PetscInt_FMT, grad->layout.nshards, grad->net->P, rows, PETSC_MAX_INT);
  if (!grad->all) PetscCall(PetscMalloc1(grad->layout.nshards * grad->K, &grad->all));
  *n = (PetscInt)count;
  PetscFunctionReturn(0);
}

PetscErrorCode SdGradientTraceGet(SdGradient grad, const double g[], double numbers[])
{
  const PetscInt n = grad->layout.nshards * grad->K, tail = Tail(grad);

  PetscFunctionBegin;
  PetscCall(PetscArraycpy(numbers, grad->all, n));
  PetscCall(PetscArraycpy(numbers + n, g + grad->net->P - tail, tail));
  PetscFunctionReturn(0);
}

PetscErrorCode SdGradientRebuild(SdGradient grad, PetscInt step, const double numbers[], double g[])
{
  const PetscInt n = grad->layout.nshards * grad->K, tail = Tail(grad);

  PetscFunctionBegin;
  grad->step = step;
  PetscCall(PetscArrayzero(g, grad->net->P));
  PetscCall(SdGradientFromCoefficients(grad, numbers, g));
  PetscCall(PetscArraycpy(g + grad->net->P - tail, numbers + n, tail));
  PetscFunctionReturn(0);
}
