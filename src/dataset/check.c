/* How good the samples are, without an exact solution: with u_r the samples on the grid refined r times, at the output points,

     d_r = ||u_r - u_{r+1}|| / ||u_r||,   order p = log2(d_{r-1} / d_r),   error of u_r = d_r 2^p / (2^p - 1)

   which is what d_r is when u_r = u + const h^p. The norms run over all output points of the samples looked at. For r = 0,
   p = log2(d_0 / d_1). */
#include "dataset_impl.h"

/* Squares of u[i] - v[i] and of u[i], summed. */
static void Add(PetscInt n, const double u[], const double v[], double *difference, double *norm)
{
  for (PetscInt i = 0; i < n; i++) {
    *difference += PetscSqr(u[i] - v[i]);
    *norm += PetscSqr(u[i]);
  }
}

PetscErrorCode SdPlanCheck(const SdPlan *plan, double *error, double *order)
{
  const PetscInt first = PetscMax(plan->refine - 1, 0), own = plan->refine - first;
  SdLevel        level[3];
  double        *a, *u[3], *sum, d[2], power, total[4] = {0};
  PetscMPIInt    rank, size;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  for (PetscInt l = 0; l < 3; l++) PetscCall(SdLevelCreate(plan, first + l, &level[l]));
  PetscCall(PetscMalloc1(plan->field.m, &a));
  for (PetscInt l = 0; l < 3; l++) PetscCall(PetscMalloc1(level[0].c.points, &u[l]));
  PetscCall(PetscCalloc1(4 * plan->check, &sum));
  for (PetscInt s = rank; s < plan->check; s += size) {
    for (PetscInt l = 0; l < 3; l++) PetscCall(SdPlanSample(plan, &level[l], 1, s, a, u[l]));
    for (PetscInt l = 0; l < 2; l++) Add(level[0].c.points, u[l], u[l + 1], &sum[4 * s + 2 * l], &sum[4 * s + 2 * l + 1]);
  }
  /* one rank's number and zeros: the sum is that number, whatever the ranks */
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, sum, (PetscMPIInt)(4 * plan->check), MPI_DOUBLE, MPI_SUM, PETSC_COMM_WORLD));
  for (PetscInt i = 0; i < 4 * plan->check; i++) total[i % 4] += sum[i];
  for (PetscInt l = 0; l < 2; l++) d[l] = sqrt(total[2 * l] / total[2 * l + 1]);
  *order = d[1] > 1e-13 ? log2(d[0] / d[1]) : 0;
  power  = exp2(PetscMax(*order, 0.5)); /* before the asymptotic range the estimate must not explode */
  *error = d[own] * power / (power - 1);
  for (PetscInt l = 0; l < 3; l++) {
    PetscCall(SdLevelDestroy(&level[l]));
    PetscCall(PetscFree(u[l]));
  }
  PetscCall(PetscFree(a));
  PetscCall(PetscFree(sum));
  PetscCheck(*error <= plan->tolerance, PETSC_COMM_WORLD, PETSC_ERR_NOT_CONVERGED, "the samples' own relative L2 error is %.2e (observed order %.2f); dataset_tolerance lets %g pass: a finer dataset_grid or a larger dataset_refine makes it smaller", *error, *order, plan->tolerance);
  PetscFunctionReturn(0);
}
