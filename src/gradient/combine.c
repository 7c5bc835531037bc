/* From K directional derivatives d to coefficients c of the estimate sum_k c_k v_k.

   mean        c = d / K                       unbiased for directions with E[v v'] = I
   projection  c = (V'V)^-1 d                  the gradient's projection on the directions (multi-tangent forward gradients) */
#include <petscsys.h>
#include <petscblaslapack.h>
#include "gradient_impl.h"

PetscErrorCode SdCombine(SdCombineKind kind, PetscInt K, double gram[], const double d[], double c[])
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
  /* directions may be dependent (K above the number of parameters): a ridge at rounding level keeps the factorisation defined */
  for (PetscInt k = 0; k < K; k++) gram[k * K + k] += 1e-12 * trace;
  LAPACKpotrf_("U", &n, gram, &n, &info);
  PetscCheck(!info, PETSC_COMM_SELF, PETSC_ERR_LIB, "projection: Gram matrix of %" PetscInt_FMT " directions is not positive definite (potrf %d)", K, (int)info);
  LAPACKpotrs_("U", &n, &one, gram, &n, c, &n, &info);
  PetscCheck(!info, PETSC_COMM_SELF, PETSC_ERR_LIB, "projection: potrs failed with %d", (int)info);
  PetscFunctionReturn(0);
}
