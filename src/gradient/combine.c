/* From K directional derivatives d to coefficients c of the estimate sum_k c_k v_k.

   mean        c = d / K                       unbiased for directions with E[v v'] = I
   projection  c = (V'V + r)^-1 d              the gradient's projection on the directions (multi-tangent forward gradients)

   What the derivatives are off by, relative to d, has no place in the span of V'V where directions nearly depend on each other, and would be magnified there: the
   ridge r, of the mean eigenvalue, is its square. Where they are exact r is at rounding level, for directions that depend on each other altogether (more of them
   than parameters). */
#include <petscsys.h>
#include <petscblaslapack.h>
#include "gradient_impl.h"

#define RIDGE 1e-12

PetscReal SdDerivativeNoise(const SdGradientConfig *cfg)
{
  static const PetscReal rounded[] = {[SD_FP32] = 0, [SD_BF16] = 3e-3, [SD_INT8] = 1e-2};

  return cfg->tangent == SD_TANGENT_STEIN ? 0.1 : rounded[cfg->precision];
}

PetscErrorCode SdCombine(SdCombineKind kind, PetscReal noise, PetscInt K, double gram[], const double d[], double c[])
{
  PetscBLASInt n, one = 1, info;
  double       trace = 0;

  PetscFunctionBegin;
  if (kind == SD_COMBINE_MEAN) {
    for (PetscInt k = 0; k < K; k++) c[k] = d[k] / (double)K;
    PetscFunctionReturn(0);
  }
  PetscCall(PetscBLASIntCast(K, &n));
  PetscCall(PetscArraycpy(c, d, K));
  for (PetscInt k = 0; k < K; k++) trace += gram[k * K + k];
  for (PetscInt k = 0; k < K; k++) gram[k * K + k] += PetscMax(RIDGE, noise * noise / (double)K) * trace;
  LAPACKpotrf_("U", &n, gram, &n, &info);
  PetscCheck(!info, PETSC_COMM_SELF, PETSC_ERR_LIB, "projection: Gram matrix of %" PetscInt_FMT " directions is not positive definite (potrf %d)", K, (int)info);
  LAPACKpotrs_("U", &n, &one, gram, &n, c, &n, &info);
  PetscCheck(!info, PETSC_COMM_SELF, PETSC_ERR_LIB, "projection: potrs failed with %d", (int)info);
  PetscFunctionReturn(0);
}
