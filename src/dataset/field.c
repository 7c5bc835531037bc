/* Random functions on the box of space, defined everywhere by finitely many normal numbers.

   Gaussian fields of mean zero, kernel(x, y) = variance times

     rbf          exp(-d^2 / (2 length^2)),  d = |x - y|
     exponential  exp(-d / length)
     periodic     exp(-2 sum_a sin^2(pi (x_a - y_a) / L_a) / length^2),  L_a the box's sides

   by their Karhunen-Loeve expansion on the m sensors x_j, carried on to any x by Nystrom's formula: with the eigenpairs (lambda_k, phi_k)
   of the matrix kernel(x_i, x_j) that are above 1e-10 of the largest,

     f(x) = sum_k z_k lambda_k^(-1/2) sum_j kernel(x, x_j) phi_k(x_j),   z_k standard normal.

   At the sensors the covariance is the kernel's (to 1e-10); in between f is the smooth function of least norm through them. So the same
   f is seen on every grid.

   bumps: three Gaussian bumps, sum_b A_b exp(-w_b |x - c_b|^2), A_b uniform in (0.4, 1) times the square root of the variance, w_b uniform in
   (0.5, 1) over 2 length^2, c_b uniform in the inner half of the box (a quarter of each side away from its ends). */
#include <petscsys.h>
#include <petscblaslapack.h>
#include <spindrift/directions.h>
#include "dataset_impl.h"

#define CUT     1e-10
#define BUMPS   3
#define SENSORS 5000 /* at most: their covariance is a dense matrix */

const char *const SdFieldNames[] = {"own", "rbf", "periodic", "exponential", "bumps", NULL};

static double Kernel(const SdField *field, const double x[], const double y[])
{
  double sum = 0;

  for (PetscInt a = 0; a < field->dim; a++) {
    const double d = x[a] - y[a], s = sin(PETSC_PI * d / (field->hi[a] - field->lo[a]));

    sum += field->kind == SD_FIELD_PERIODIC ? 4 * s * s : d * d;
  }
  if (field->kind == SD_FIELD_EXPONENTIAL) return field->variance * exp(-sqrt(sum) / field->length);
  return field->variance * exp(-sum / (2 * field->length * field->length));
}

/* Eigenpairs of the kernel's matrix: weight[k][j] = phi_k(x_j) / sqrt(lambda_k), largest first. */
static PetscErrorCode Expand(SdField *field)
{
  const PetscInt m = field->m;
  PetscBLASInt   n, lwork, info;
  double        *K, *lambda, *work;

  PetscFunctionBegin;
  PetscCall(PetscBLASIntCast(m, &n));
  PetscCall(PetscBLASIntCast(34 * m, &lwork));
  PetscCall(PetscMalloc3((size_t)m * (size_t)m, &K, m, &lambda, lwork, &work));
  for (PetscInt i = 0; i < m; i++) {
    for (PetscInt j = 0; j < m; j++) K[(size_t)i * (size_t)m + (size_t)j] = Kernel(field, field->sensor + i * field->dim, field->sensor + j * field->dim);
  }
  PetscCallBLAS("LAPACKsyev", LAPACKsyev_("V", "U", &n, K, &n, lambda, work, &lwork, &info));
  PetscCheck(!info, PETSC_COMM_WORLD, PETSC_ERR_LIB, "LAPACK dsyev of the field's covariance returned %d", (int)info);
  for (field->modes = 0; field->modes < m && lambda[m - 1 - field->modes] > CUT * lambda[m - 1];) field->modes++;
  PetscCall(PetscMalloc1((size_t)field->modes * (size_t)m, &field->weight));
  for (PetscInt k = 0; k < field->modes; k++) {
    for (PetscInt j = 0; j < m; j++) field->weight[(size_t)k * (size_t)m + (size_t)j] = K[(size_t)(m - 1 - k) * (size_t)m + (size_t)j] / sqrt(lambda[m - 1 - k]);
  }
  PetscCall(PetscFree3(K, lambda, work));
  PetscFunctionReturn(0);
}

PetscErrorCode SdFieldCreate(const SdEquation *eq, SdFieldKind kind, double length, double variance, PetscInt sensors, SdField *field)
{
  PetscInt per_axis[SD_AXES];
  SdCase   c;

  PetscFunctionBegin;
  *field = (SdField){.kind = kind, .length = length, .variance = variance, .dim = eq->space};
  PetscCall(PetscArraycpy(field->lo, eq->lo, SD_AXES));
  PetscCall(PetscArraycpy(field->hi, eq->hi, SD_AXES));
  for (PetscInt a = 0; a < SD_AXES; a++) per_axis[a] = a < eq->space ? sensors : 2;
  PetscCall(SdCaseCreate(eq, per_axis, 0, &c));
  PetscCheck(c.nodes <= SENSORS, PETSC_COMM_WORLD, SD_ERR_USAGE, "dataset_sensors: %" PetscInt_FMT " given, %" PetscInt_FMT " in all; allowed: at most %d in all", sensors, c.nodes, SENSORS);
  field->m = c.nodes;
  PetscCall(PetscMalloc1(field->m * field->dim, &field->sensor));
  SdCaseNodes(&c, field->sensor);
  if (kind != SD_FIELD_BUMPS) PetscCall(Expand(field));
  PetscFunctionReturn(0);
}

PetscErrorCode SdFieldDestroy(SdField *field)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(field->sensor));
  PetscCall(PetscFree(field->weight));
  PetscFunctionReturn(0);
}

/* Rank 0's numbers are everybody's: eigenvectors of close eigenvalues differ between machines. */
PetscErrorCode SdFieldBasis(const SdField *field, PetscInt n, const double x[], double **basis)
{
  PetscMPIInt rank, count;
  double     *kernel;

  PetscFunctionBegin;
  *basis = NULL;
  if (field->kind == SD_FIELD_BUMPS) PetscFunctionReturn(0);
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  PetscCall(PetscMalloc1((size_t)n * (size_t)field->modes, basis));
  PetscCall(PetscMalloc1(field->m, &kernel));
  for (PetscInt i = 0; i < n && !rank; i++) {
    double *row = *basis + (size_t)i * (size_t)field->modes;

    for (PetscInt j = 0; j < field->m; j++) kernel[j] = Kernel(field, x + i * field->dim, field->sensor + j * field->dim);
    for (PetscInt k = 0; k < field->modes; k++) {
      const double *weight = field->weight + (size_t)k * (size_t)field->m;

      row[k] = 0;
      for (PetscInt j = 0; j < field->m; j++) row[k] += kernel[j] * weight[j];
    }
  }
  PetscCall(PetscFree(kernel));
  PetscCall(PetscMPIIntCast(n * (PetscInt64)field->modes, &count));
  PetscCallMPI(MPI_Bcast(*basis, count, MPI_DOUBLE, 0, PETSC_COMM_WORLD));
  PetscFunctionReturn(0);
}

static void Bumps(const SdField *field, const SdKey *key, PetscInt n, const double x[], double f[])
{
  for (PetscInt i = 0; i < n; i++) f[i] = 0;
  for (uint32_t b = 0; b < BUMPS; b++) {
    const double height = sqrt(field->variance) * (0.4 + 0.6 * SdRandomUniform(key, 8 * b));
    const double w      = (0.5 + 0.5 * SdRandomUniform(key, 8 * b + 1)) / (2 * field->length * field->length);
    double       centre[SD_AXES];

    for (PetscInt a = 0; a < field->dim; a++) {
      const double s = 0.25 + 0.5 * SdRandomUniform(key, 8 * b + 2 + (uint32_t)a);

      centre[a] = (1 - s) * field->lo[a] + s * field->hi[a];
    }
    for (PetscInt i = 0; i < n; i++) {
      double d2 = 0;

      for (PetscInt a = 0; a < field->dim; a++) d2 += PetscSqr(x[i * field->dim + a] - centre[a]);
      f[i] += height * exp(-w * d2);
    }
  }
}

PetscErrorCode SdFieldDraw(const SdField *field, uint64_t seed, PetscInt group, PetscInt sample, PetscInt n, const double x[], const double basis[], double f[])
{
  const SdKey key = {.seed = seed, .stream = SD_STREAM_SAMPLE, .step = (uint32_t)group, .shard = (uint32_t)sample};
  float      *z;

  PetscFunctionBegin;
  if (!basis) {
    Bumps(field, &key, n, x, f);
    PetscFunctionReturn(0);
  }
  PetscCall(PetscMalloc1(field->modes, &z));
  SdRandomNormals(&key, 0, (size_t)field->modes, z);
  for (PetscInt i = 0; i < n; i++) {
    const double *row = basis + (size_t)i * (size_t)field->modes;

    f[i] = 0;
    for (PetscInt k = 0; k < field->modes; k++) f[i] += row[k] * (double)z[k];
  }
  PetscCall(PetscFree(z));
  PetscFunctionReturn(0);
}
