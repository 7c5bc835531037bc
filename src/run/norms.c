/* Errors of the network against a reference. */
#include <math.h>
#include <spindrift/record.h>

/* Sum over all grid edges of squared differences, of u and of u - u*: the discrete H1 seminorm up to one factor of h. */
static void Seminorms(const SdReference *ref, const double u[], double *difference, double *reference)
{
  PetscInt stride = 1;

  *difference = *reference = 0;
  for (PetscInt d = 0; d < ref->dim; d++) {
    for (PetscInt i = 0; i < ref->n; i++) {
      if ((i / stride) % ref->grid[d] == ref->grid[d] - 1) continue;
      for (PetscInt o = 0; o < ref->nout; o++) {
        const PetscInt at = i * ref->nout + o, next = (i + stride) * ref->nout + o;
        const double   step = ref->u[next] - ref->u[at], error = (u[next] - u[at]) - step;

        *difference += error * error;
        *reference += step * step;
      }
    }
    stride *= ref->grid[d];
  }
}

PetscErrorCode SdErrorsCompute(const SdReference *ref, const double u[], SdErrors *e)
{
  double difference = 0, norm = 0, worst = 0, largest = 0;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < ref->n * ref->nout; i++) {
    difference += (u[i] - ref->u[i]) * (u[i] - ref->u[i]);
    norm += ref->u[i] * ref->u[i];
    worst   = PetscMax(worst, fabs(u[i] - ref->u[i]));
    largest = PetscMax(largest, fabs(ref->u[i]));
  }
  *e = (SdErrors){.l2 = sqrt(difference / norm), .max = worst / largest, .h1 = NAN, .reference = ref->error};
  if (ref->grid[0]) {
    Seminorms(ref, u, &difference, &norm);
    e->h1 = sqrt(difference / norm);
  }
  PetscFunctionReturn(0);
}
