/* Errors of the network against a reference, e = u - u*:

     l2 = |e| / |u*|,   max = max |e| / max |u*|
     h1 = (sum_d sum_edges (D_d e)^2 / sum_d sum_edges (D_d u*)^2)^(1/2),   D_d f = (f(next) - f(here)) / (x_d(next) - x_d(here))

   over the edges along each axis d of a tensor grid; the cells of an evenly spaced grid have one volume, which cancels. */
#include <math.h>
#include <spindrift/record.h>

/* Squares of the discrete H1 seminorms of u - u* and of u*, up to the volume of a cell. */
static void Seminorms(const SdReference *ref, const double u[], double *difference, double *reference)
{
  PetscInt stride = 1;

  *difference = *reference = 0;
  for (PetscInt d = 0; d < ref->dim; d++) {
    for (PetscInt i = 0; i < ref->n; i++) {
      double h;

      if ((i / stride) % ref->grid[d] == ref->grid[d] - 1) continue;
      h = ref->x[(i + stride) * ref->dim + d] - ref->x[i * ref->dim + d];
      for (PetscInt o = 0; o < ref->nout; o++) {
        const PetscInt at = i * ref->nout + o, next = (i + stride) * ref->nout + o;
        const double   slope = (ref->u[next] - ref->u[at]) / h, error = (u[next] - u[at]) / h - slope;

        *difference += error * error;
        *reference += slope * slope;
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
  /* comparisons let a NaN pass, sums do not */
  *e = (SdErrors){.l2 = sqrt(difference / norm), .max = isnan(difference) ? NAN : worst / largest, .h1 = NAN, .reference = ref->error};
  if (ref->grid[0]) {
    Seminorms(ref, u, &difference, &norm);
    e->h1 = sqrt(difference / norm);
  }
  PetscFunctionReturn(0);
}

PetscErrorCode SdErrorsFormat(const SdErrors *e, char text[SD_ERRORS_TEXT])
{
  char h1[32] = "";

  PetscFunctionBegin;
  if (!PetscIsInfOrNanReal(e->h1)) PetscCall(PetscSNPrintf(h1, sizeof(h1), ", %.3e H1", e->h1));
  PetscCall(PetscSNPrintf(text, SD_ERRORS_TEXT, "%.3e relative L2, %.3e max%s, against a reference whose own error is %.1e", e->l2, e->max, h1, e->reference));
  PetscFunctionReturn(0);
}
