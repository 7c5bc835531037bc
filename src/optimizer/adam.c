/* Adam (arXiv 1412.6980, algorithm 1):

     m = beta1 m + (1 - beta1) g,   s = beta2 s + (1 - beta2) g^2
     theta -= lr m / (1 - beta1^t) / (sqrt(s / (1 - beta2^t)) + eps),   t = step + 1

   The loop is AdaBelief's as well, whose second moment alone differs. */
#include <math.h>
#include <spindrift/options.h>
#include "optimizer_impl.h"

PetscErrorCode SdOptimizerMoments(SdOptimizer opt)
{
  PetscFunctionBegin;
  PetscCall(SdOptionsGetReal("optimizer_beta1", &opt->beta1));
  PetscCall(SdOptionsGetReal("optimizer_beta2", &opt->beta2));
  PetscCall(SdOptionsGetReal("optimizer_eps", &opt->eps));
  opt->ops.nstate = 2;
  PetscFunctionReturn(0);
}

void SdOptimizerUpdateMoments(SdOptimizer opt, PetscBool belief, PetscInt step, PetscReal lr, const double g[], const unsigned char mask[], float theta[])
{
  const double t = (double)step + 1, c1 = 1 - pow(opt->beta1, t), c2 = 1 - pow(opt->beta2, t);
  float       *m = opt->state[0], *s = opt->state[1];

  for (PetscInt p = 0; p < opt->P; p++) {
    double mean, distance, square;

    if (mask && !mask[p]) continue;
    mean     = opt->beta1 * (double)m[p] + (1 - opt->beta1) * g[p];
    distance = belief ? g[p] - mean : g[p];
    square   = opt->beta2 * (double)s[p] + (1 - opt->beta2) * distance * distance + (belief ? opt->eps : 0.0);
    m[p]     = (float)mean;
    s[p]     = (float)square;
    theta[p] = (float)((double)theta[p] - lr * mean / c1 / (sqrt(square / c2) + opt->eps));
  }
}

static PetscErrorCode Step_Adam(SdOptimizer opt, PetscInt step, PetscReal lr, const double g[], const unsigned char mask[], float theta[])
{
  PetscFunctionBegin;
  SdOptimizerUpdateMoments(opt, PETSC_FALSE, step, lr, g, mask, theta);
  PetscFunctionReturn(0);
}

PetscErrorCode SdOptimizerCreate_Adam(SdOptimizer opt)
{
  PetscFunctionBegin;
  PetscCall(SdOptimizerMoments(opt));
  opt->ops.step = Step_Adam;
  PetscFunctionReturn(0);
}
