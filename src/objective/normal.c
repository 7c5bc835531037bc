/* Normal equations from columns, summed shard by shard and then exactly over shards, so that they do not depend on the number of
   ranks; nor on threads and machines, as BLAS may. One row per shard: the upper triangle of G, then h. */
#include <spindrift/kernels.h>
#include "objective_impl.h"

/* Rows of a symmetric matrix had at once; what they have below the diagonal is for nothing. */
enum { PANEL = 16 };

/* The upper triangle of left_i . right_j, i and j < n, over the points of a shard, a row of it after the other. panel[PANEL][n] is scratch. */
static void Triangle(PetscInt n, size_t points, const double *left, const double *right, size_t ld, double panel[], double row[])
{
  for (PetscInt first = 0; first < n; first += PANEL) {
    const PetscInt rows = PetscMin(PANEL, n - first), cols = n - first;

    SdKernelsExact()->dots((int)rows, (int)cols, points, left + (size_t)first * ld, ld, right + (size_t)first * ld, ld, panel, (size_t)cols);
    for (PetscInt i = 0; i < rows; row += cols - i, i++) PetscArraycpy(row, panel + i * cols + i, cols - i);
  }
}

static void ShardRow(const SdNormal *normal, PetscBool gram, PetscInt begin, PetscInt end, double panel[], double row[])
{
  const PetscInt ncol = normal->ncol, n = normal->n;

  if (gram) {
    Triangle(ncol, (size_t)(end - begin), normal->left + begin, normal->right + begin, (size_t)n, panel, row);
    row += ncol * (ncol + 1) / 2;
  }
  SdKernelsExact()->dots(1, (int)ncol, (size_t)(end - begin), normal->constant + begin, 0, normal->left + begin, (size_t)n, row, 0);
  for (PetscInt i = 0; i < ncol; i++) row[i] = -row[i];
}

PetscErrorCode SdNormalSum(SdObjective obj, const SdNormal *normal, double G[], double h[])
{
  const PetscInt ncol = normal->ncol, triangle = G ? ncol * (ncol + 1) / 2 : 0, len = triangle + ncol, offset[] = {0, triangle, len};
  const PetscInt nlocal = obj->layout.shard_end - obj->layout.shard_begin;
  double        *rows, *sum, *panel;

  PetscFunctionBegin;
  PetscCall(PetscMalloc3((size_t)nlocal * (size_t)len, &rows, len, &sum, (size_t)PANEL * (size_t)ncol, &panel));
  for (PetscInt s = 0; s < nlocal; s++)
    ShardRow(normal, (PetscBool)(G != NULL), normal->first[s], normal->first[s + 1], panel, rows + (size_t)s * (size_t)len);
  PetscCall(SdExactSum(&obj->layout, len, rows, G ? 2 : 1, G ? offset : offset + 1, sum, &obj->bytes));
  for (PetscInt i = 0, k = 0; i < ncol && G; i++) {
    for (PetscInt j = i; j < ncol; j++, k++) G[i * ncol + j] = G[j * ncol + i] = normal->scale * sum[k];
  }
  for (PetscInt i = 0; i < ncol; i++) h[i] = normal->scale * sum[triangle + i];
  PetscCall(PetscFree3(rows, sum, panel));
  PetscFunctionReturn(0);
}

PetscErrorCode SdCrossSum(SdObjective obj, const PetscInt first[], PetscInt n, PetscInt nleft, const double left[], PetscInt nright, const double right[], double scale, double C[])
{
  const PetscInt  nlocal = obj->layout.shard_end - obj->layout.shard_begin, len = nleft * nright;
  const PetscBool gram   = (PetscBool)(left == right && nleft == nright); /* arrays of no points are NULL all */
  double         *rows;

  PetscFunctionBegin;
  PetscCall(PetscIntMultError(nleft, nright, NULL));
  PetscCall(PetscMalloc1((size_t)nlocal * (size_t)len, &rows));
  for (PetscInt s = 0; s < nlocal; s++) {
    double *C_s = rows + (size_t)s * (size_t)len;

    for (PetscInt i = 0; i < nleft; i += PANEL) {
      const PetscInt j = gram ? i : 0;

      SdKernelsExact()->dots((int)PetscMin(PANEL, nleft - i), (int)(nright - j), (size_t)(first[s + 1] - first[s]), left + i * n + first[s], (size_t)n, right + j * n + first[s], (size_t)n, C_s + i * nright + j, (size_t)nright);
    }
    for (PetscInt i = 0; i < nleft && gram; i++) {
      for (PetscInt j = 0; j < i; j++) C_s[i * nright + j] = C_s[j * nright + i];
    }
  }
  PetscCall(SdExactSum(&obj->layout, len, rows, 0, NULL, C, &obj->bytes));
  for (PetscInt i = 0; i < len; i++) C[i] *= scale;
  PetscCall(PetscFree(rows));
  PetscFunctionReturn(0);
}
