/* Sums over shards that do not depend on their order: with m the largest magnitude of a segment over all shards and S shards,
   every number is rounded to a multiple of 2^-q, q the largest integer with S m 2^q < 2^62 (S and m taken up to powers of two),
   and added as a 64-bit integer. */
#include <math.h>
#include <spindrift/base.h>
#include <spindrift/kernels.h>
#include <spindrift/layout.h>

/* Rows of numbers of either precision, ld numbers apart. */
typedef struct {
  PetscInt     count, ld;
  int          is_float;
  const void  *x;
} Rows;

static const void *At(const Rows *rows, PetscInt row, PetscInt i)
{
  return (const char *)rows->x + ((size_t)row * (size_t)rows->ld + (size_t)i) * (rows->is_float ? sizeof(float) : sizeof(double));
}

/* 2^q as a product of two doubles: for subnormal magnitudes q is beyond a double's largest exponent. */
typedef struct {
  double a, b;
} Scale;

static Scale ScaleOf(double max, PetscInt nshards)
{
  int e, q, bits = 0;

  (void)frexp(max, &e);
  while (((PetscInt64)1 << bits) < nshards) bits++;
  q = max == 0 ? 0 : 62 - e - bits;
  return (Scale){ldexp(1.0, PetscMin(q, 1000)), ldexp(1.0, PetscMax(q - 1000, 0))};
}

/* Largest magnitude of each segment; infinity when a number is not finite. */
static void Magnitudes(const SdKernels *kernels, const Rows *rows, PetscInt nseg, const PetscInt offset[], double max[])
{
  for (PetscInt s = 0; s < nseg; s++) {
    max[s] = 0;
    for (PetscInt r = 0; r < rows->count; r++) max[s] = PetscMax(max[s], kernels->largest(rows->is_float, (size_t)(offset[s + 1] - offset[s]), At(rows, r, offset[s])));
  }
}

static PetscBool AllFinite(PetscInt n, const double x[])
{
  for (PetscInt i = 0; i < n; i++) {
    if (!isfinite(x[i])) return PETSC_FALSE;
  }
  return PETSC_TRUE;
}

/* reduce: the rows are this rank's shards and the other ranks have the others; else they are all shards. Whether the numbers are
   finite is known from what all ranks share, so they agree on it. */
static PetscErrorCode Sum(const SdLayout *layout, const Rows *rows, PetscBool reduce, PetscInt n, PetscInt nseg, const PetscInt given[], double sum[], PetscLogDouble *bytes)
{
  const PetscInt   whole[2] = {0, n}, *offset = nseg ? given : whole, nmax = nseg ? nseg : 1;
  const SdKernels *kernels = SdKernelsExact();
  double          *max;
  int64_t         *total;
  PetscBool        finite;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(nmax, &max));
  PetscCall(PetscCalloc1(n, &total));
  Magnitudes(kernels, rows, nmax, offset, max);
  if (reduce) PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, max, (PetscMPIInt)nmax, MPI_DOUBLE, MPI_MAX, layout->comm));
  if (reduce && bytes) *bytes += (PetscLogDouble)(sizeof(double) * (size_t)nmax);
  finite = AllFinite(nmax, max);
  if (finite) {
    for (PetscInt s = 0; s < nmax; s++) {
      const Scale scale = ScaleOf(max[s], layout->nshards);

      for (PetscInt r = 0; r < rows->count; r++) kernels->add_integers(rows->is_float, (size_t)(offset[s + 1] - offset[s]), At(rows, r, offset[s]), scale.a, scale.b, total + offset[s]);
    }
    if (reduce) PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, total, (PetscMPIInt)n, MPI_INT64_T, MPI_SUM, layout->comm));
    if (reduce && bytes) *bytes += (PetscLogDouble)(sizeof(int64_t) * (size_t)n);
    for (PetscInt s = 0; s < nmax; s++) {
      const Scale scale = ScaleOf(max[s], layout->nshards), back = {1 / scale.a, 1 / scale.b}; /* powers of two: exact */

      for (PetscInt i = offset[s]; i < offset[s + 1]; i++) sum[i] = (double)total[i] * back.a * back.b;
    }
    finite = AllFinite(n, sum);
  }
  PetscCall(PetscFree(total));
  PetscCall(PetscFree(max));
  PetscCheck(finite, layout->comm, SD_ERR_DIVERGED, "a number that is to be summed over shards, or the sum, is not finite");
  PetscFunctionReturn(0);
}

PetscErrorCode SdExactSum(const SdLayout *layout, PetscInt n, const double *rows, PetscInt nseg, const PetscInt offset[], double *sum, PetscLogDouble *bytes)
{
  const Rows r = {.count = layout->shard_end - layout->shard_begin, .ld = n, .x = rows};

  PetscFunctionBegin;
  PetscCall(Sum(layout, &r, PETSC_TRUE, n, nseg, offset, sum, bytes));
  PetscFunctionReturn(0);
}

PetscErrorCode SdExactSumFloat(const SdLayout *layout, PetscInt n, PetscInt ld, const float *rows, PetscInt nseg, const PetscInt offset[], double *sum, PetscLogDouble *bytes)
{
  const Rows r = {.count = layout->shard_end - layout->shard_begin, .ld = ld, .is_float = 1, .x = rows};

  PetscFunctionBegin;
  PetscCall(Sum(layout, &r, PETSC_TRUE, n, nseg, offset, sum, bytes));
  PetscFunctionReturn(0);
}

PetscErrorCode SdExactSumReplicated(const SdLayout *layout, PetscInt n, PetscInt ld, const float *rows, PetscInt nseg, const PetscInt offset[], double *sum)
{
  const Rows r = {.count = layout->nshards, .ld = ld, .is_float = 1, .x = rows};

  PetscFunctionBegin;
  PetscCall(Sum(layout, &r, PETSC_FALSE, n, nseg, offset, sum, NULL));
  PetscFunctionReturn(0);
}
