/* An operator's equation solved at the points, for one input function; and how far its solutions are from the reference. */
#include "problem_impl.h"

#define TOLERANCE 1e-10 /* of F, relative to that of u = 0; of u */

PetscErrorCode SdProblemSolveSample(SdProblem p, const double a[], double u[])
{
  SNES                snes;
  Mat                 J;
  Vec                 solution;
  SNESConvergedReason reason;
  const PetscScalar  *value;

  PetscFunctionBegin;
  PetscCall((*p->ops.nonlinear)(p, a, 0, &snes));
  PetscCall(SNESSetTolerances(snes, PETSC_DEFAULT, TOLERANCE, TOLERANCE, 100, PETSC_DEFAULT));
  PetscCall(SNESGetJacobian(snes, &J, NULL, NULL, NULL));
  PetscCall(MatCreateVecs(J, &solution, NULL));
  PetscCall(SNESSolve(snes, NULL, solution));
  PetscCall(SNESGetConvergedReason(snes, &reason));
  PetscCheck(reason > 0, PETSC_COMM_SELF, PETSC_ERR_NOT_CONVERGED, "the equation on the grid of problem_file was not solved: %s; a finer grid may help", SNESConvergedReasons[reason]);
  PetscCall(VecGetArrayRead(solution, &value));
  PetscCall(PetscArraycpy(u, value, p->npoints));
  PetscCall(VecRestoreArrayRead(solution, &value));
  PetscCall(VecDestroy(&solution));
  PetscCall(SNESDestroy(&snes));
  PetscFunctionReturn(0);
}

PetscErrorCode SdProblemEquationError(SdProblem p, const SdReference *ref, PetscInt n, PetscReal *error)
{
  double *u, difference = 0, norm = 0;

  PetscFunctionBegin;
  PetscCheck(ref->n == p->npoints && p->nout == 1, PETSC_COMM_SELF, PETSC_ERR_SUP, "a reference at other points");
  PetscCall(PetscMalloc1(ref->n, &u));
  for (PetscInt s = 0; s < PetscMin(n, ref->nsample); s++) {
    const double *exact = ref->u + (size_t)s * (size_t)ref->n;

    PetscCall(SdProblemSolveSample(p, ref->a + s * ref->nsensor, u));
    for (PetscInt i = 0; i < ref->n; i++) {
      difference += PetscSqr(u[i] - exact[i]);
      norm += PetscSqr(exact[i]);
    }
  }
  *error = sqrt(difference / norm);
  PetscCall(PetscFree(u));
  PetscFunctionReturn(0);
}
