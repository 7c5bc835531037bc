/* Normal equations from columns, summed shard by shard and then exactly over shards, so that they do not depend on the number of
   ranks. One row per shard: the upper triangle of G, then h. */
#include "objective_impl.h"

#define LANES 8

/* x . y in a fixed order of additions, with independent partial sums. */
static double Dot(PetscInt n, const double x[], const double y[])
{
  double   part[LANES] = {0}, sum = 0;
  PetscInt i = 0;

  for (; i + LANES <= n; i += LANES) {
    for (PetscInt l = 0; l < LANES; l++) part[l] += x[i + l] * y[i + l];
  }
  for (; i < n; i++) sum += x[i] * y[i];
  for (PetscInt l = 0; l < LANES; l++) sum += part[l];
  return sum;
}

static void ShardRow(const SdNormal *normal, PetscBool gram, PetscInt begin, PetscInt end, double row[])
{
  const PetscInt ncol = normal->ncol, n = normal->n;
  PetscInt       k = 0;

  for (PetscInt i = 0; i < ncol && gram; i++) {
    for (PetscInt j = i; j < ncol; j++) row[k++] = Dot(end - begin, normal->left + i * n + begin, normal->right + j * n + begin);
  }
  for (PetscInt i = 0; i < ncol; i++) row[k++] = -Dot(end - begin, normal->left + i * n + begin, normal->constant + begin);
}

PetscErrorCode SdNormalSum(SdObjective obj, const SdNormal *normal, double G[], double h[])
{
  const PetscInt ncol = normal->ncol, triangle = G ? ncol * (ncol + 1) / 2 : 0, len = triangle + ncol, offset[] = {0, triangle, len};
  const PetscInt nlocal = obj->layout.shard_end - obj->layout.shard_begin;
  double        *rows, *sum;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2((size_t)nlocal * (size_t)len, &rows, len, &sum));
  for (PetscInt s = 0; s < nlocal; s++)
    ShardRow(normal, (PetscBool)(G != NULL), normal->first[s], normal->first[s + 1], rows + (size_t)s * (size_t)len);
  PetscCall(SdExactSum(&obj->layout, len, rows, G ? 2 : 1, G ? offset : offset + 1, sum, &obj->bytes));
  for (PetscInt i = 0, k = 0; i < ncol && G; i++) {
    for (PetscInt j = i; j < ncol; j++, k++) G[i * ncol + j] = G[j * ncol + i] = normal->scale * sum[k];
  }
  for (PetscInt i = 0; i < ncol; i++) h[i] = normal->scale * sum[triangle + i];
  PetscCall(PetscFree2(rows, sum));
  PetscFunctionReturn(0);
}

PetscErrorCode SdCrossSum(SdObjective obj, const PetscInt first[], PetscInt n, PetscInt nleft, const double left[], PetscInt nright, const double right[], double scale, double C[])
{
  const PetscInt  nlocal = obj->layout.shard_end - obj->layout.shard_begin, len = nleft * nright;
  const PetscBool gram   = (PetscBool)(left == right);
  double         *rows;

  PetscFunctionBegin;
  PetscCall(PetscIntMultError(nleft, nright, NULL));
  PetscCall(PetscMalloc1((size_t)nlocal * (size_t)len, &rows));
  for (PetscInt s = 0; s < nlocal; s++) {
    double *C_s = rows + (size_t)s * (size_t)len;

    for (PetscInt i = 0; i < nleft; i++) {
      for (PetscInt j = gram ? i : 0; j < nright; j++) C_s[i * nright + j] = Dot(first[s + 1] - first[s], left + i * n + first[s], right + j * n + first[s]);
      for (PetscInt j = 0; j < i && gram; j++) C_s[i * nright + j] = C_s[j * nright + i];
    }
  }
  PetscCall(SdExactSum(&obj->layout, len, rows, 0, NULL, C, &obj->bytes));
  for (PetscInt i = 0; i < len; i++) C[i] *= scale;
  PetscCall(PetscFree(rows));
  PetscFunctionReturn(0);
}
