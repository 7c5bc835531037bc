/* Errors of the network against a reference, e = u - u*:

     l2 = |e| / |u*|,   max = max |e| / max |u*|
     h1 = (sum_d sum_edges (D_d e)^2 / sum_d sum_edges (D_d u*)^2)^(1/2),   D_d f = (f(next) - f(here)) / (x_d(next) - x_d(here))

   over the edges along each axis d of a tensor grid; the cells of an evenly spaced grid have one volume, which cancels. For an operator the
   sums run over all held-out samples; mean and median are those of |e| / |u*| of each sample. */
#include <math.h>
#include <spindrift/record.h>

/* Whether the points of each axis of the grid are evenly spaced. */
static PetscBool Even(const SdReference *ref)
{
  PetscInt stride = 1;

  for (PetscInt d = 0; d < ref->dim; stride *= ref->grid[d++]) {
    for (PetscInt i = 2; i < ref->grid[d]; i++) {
      const double *x = ref->x + d, h = x[stride * ref->dim] - x[0], here = x[i * stride * ref->dim] - x[(i - 1) * stride * ref->dim];

      if (fabs(here - h) > 1e-6 * fabs(h)) return PETSC_FALSE;
    }
  }
  return PETSC_TRUE;
}

/* Components [begin, end). */
typedef struct {
  PetscInt begin, end;
} Part;

/* Squares of the discrete H1 seminorms of u - u* and of u*, both [n][nout], up to the volume of a cell; added to what is there. */
static void Seminorms(const SdReference *ref, Part part, const double exact[], const double u[], double *difference, double *reference)
{
  PetscInt stride = 1;

  for (PetscInt d = 0; d < ref->dim; d++) {
    for (PetscInt i = 0; i < ref->n; i++) {
      double h;

      if ((i / stride) % ref->grid[d] == ref->grid[d] - 1) continue;
      h = ref->x[(i + stride) * ref->dim + d] - ref->x[i * ref->dim + d];
      for (PetscInt o = part.begin; o < part.end; o++) {
        const PetscInt at = i * ref->nout + o, next = (i + stride) * ref->nout + o;
        const double   slope = (exact[next] - exact[at]) / h, error = (u[next] - u[at]) / h - slope;

        *difference += error * error;
        *reference += slope * slope;
      }
    }
    stride *= ref->grid[d];
  }
}

static PetscErrorCode Compute(const SdReference *ref, const double u[], Part part, SdErrors *e)
{
  const PetscInt  samples = PetscMax(ref->nsample, 1);
  const size_t    size    = (size_t)(ref->n * ref->nout);
  const PetscBool slopes  = (PetscBool)(ref->grid[0] && Even(ref));
  double          difference = 0, norm = 0, worst = 0, largest = 0, h1[2] = {0}, *relative;

  PetscFunctionBegin;
  *e = (SdErrors){.nsample = ref->nsample, .reference = ref->error};
  PetscCall(PetscMalloc1(samples, &relative));
  for (PetscInt s = 0; s < samples; s++) {
    const double *sample = u + (size_t)s * size, *exact = ref->u + (size_t)s * size;
    double        own[2] = {0};

    for (PetscInt i = 0; i < ref->n; i++) {
      for (PetscInt at = i * ref->nout + part.begin; at < i * ref->nout + part.end; at++) {
        own[0] += (sample[at] - exact[at]) * (sample[at] - exact[at]);
        own[1] += exact[at] * exact[at];
        worst   = PetscMax(worst, fabs(sample[at] - exact[at]));
        largest = PetscMax(largest, fabs(exact[at]));
      }
    }
    difference += own[0];
    norm += own[1];
    relative[s] = own[0] == 0 ? 0 : sqrt(own[0] / own[1]); /* 0 that is met is no error */
    e->mean += relative[s] / samples;
    if (slopes) Seminorms(ref, part, exact, sample, &h1[0], &h1[1]);
  }
  /* comparisons let a NaN pass, sums do not */
  e->l2  = sqrt(difference / norm);
  e->max = isnan(difference) ? NAN : worst / largest;
  e->h1  = slopes ? sqrt(h1[0] / h1[1]) : NAN;
  PetscCall(PetscSortReal(samples, relative));
  e->median = isnan(e->mean) ? NAN : (relative[(samples - 1) / 2] + relative[samples / 2]) / 2;
  PetscCall(PetscFree(relative));
  PetscFunctionReturn(0);
}

PetscErrorCode SdErrorsCompute(const SdReference *ref, const double u[], SdErrors *e)
{
  PetscFunctionBegin;
  PetscCall(Compute(ref, u, (Part){0, ref->nout}, e));
  PetscFunctionReturn(0);
}

PetscErrorCode SdErrorsComponent(const SdReference *ref, const double u[], PetscInt c, SdErrors *e)
{
  PetscFunctionBegin;
  PetscCheck(c >= 0 && c < ref->nout, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE, "component %" PetscInt_FMT " of %" PetscInt_FMT, c, ref->nout);
  PetscCall(Compute(ref, u, (Part){c, c + 1}, e));
  PetscFunctionReturn(0);
}

PetscErrorCode SdErrorsFormat(const SdErrors *e, char text[SD_ERRORS_TEXT])
{
  char h1[32] = "", samples[64] = "";

  PetscFunctionBegin;
  if (!PetscIsInfOrNanReal(e->h1)) PetscCall(PetscSNPrintf(h1, sizeof(h1), ", %.3e H1", e->h1));
  if (e->nsample) PetscCall(PetscSNPrintf(samples, sizeof(samples), ", a sample %.3e mean, %.3e median", e->mean, e->median));
  PetscCall(PetscSNPrintf(text, SD_ERRORS_TEXT, "%.3e relative L2, %.3e max%s%s, against a reference whose own error is %.1e", e->l2, e->max, h1, samples, e->reference));
  PetscFunctionReturn(0);
}
