/* Gradient descent with momentum: v = momentum v + g, theta -= lr v. */
#include <spindrift/options.h>
#include "optimizer_impl.h"

static PetscErrorCode Step(SdOptimizer opt, PetscInt step, PetscReal lr, const double g[], const unsigned char mask[], float theta[])
{
  float *v = opt->state[0];

  PetscFunctionBegin;
  (void)step;
  for (PetscInt p = 0; p < opt->P; p++) {
    if (mask && !mask[p]) continue;
    v[p]     = (float)(opt->momentum * (double)v[p] + g[p]);
    theta[p] = (float)((double)theta[p] - lr * (double)v[p]);
  }
  PetscFunctionReturn(0);
}

PetscErrorCode SdOptimizerCreate_SGD(SdOptimizer opt)
{
  PetscFunctionBegin;
  PetscCall(SdOptionsGetReal("optimizer_momentum", &opt->momentum));
  opt->ops = (SdOptimizerOps){.nstate = 1, .step = Step};
  PetscFunctionReturn(0);
}
