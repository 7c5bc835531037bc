/* AdaBelief (arXiv 2010.07468, algorithm 2): Adam whose second moment is of the gradient's distance from its own mean.

     m = beta1 m + (1 - beta1) g,   s = beta2 s + (1 - beta2) (g - m)^2 + eps
     theta -= lr m / (1 - beta1^t) / (sqrt(s / (1 - beta2^t)) + eps),   t = step + 1 */
#include "optimizer_impl.h"

static PetscErrorCode Step_AdaBelief(SdOptimizer opt, PetscInt step, PetscReal lr, const double g[], const unsigned char mask[], float theta[])
{
  PetscFunctionBegin;
  SdOptimizerUpdateMoments(opt, PETSC_TRUE, step, lr, g, mask, theta);
  PetscFunctionReturn(0);
}

PetscErrorCode SdOptimizerCreate_AdaBelief(SdOptimizer opt)
{
  PetscFunctionBegin;
  PetscCall(SdOptimizerMoments(opt));
  opt->ops.step = Step_AdaBelief;
  PetscFunctionReturn(0);
}
