/* A linear problem A u = b given as PETSc binary files (MatView, VecView): bring your own discretisation. The points are the
   unknowns, at coordinates from a third file. No boundary values are built in. */
#include <math.h>
#include "problem_impl.h"

typedef struct {
  char    matrix[PETSC_MAX_PATH_LEN], rhs[PETSC_MAX_PATH_LEN];
  double *x; /* [npoints][dim] */
} Linear;

/* PETSc's own message for a file that is not one of its own is long; the first failure is what a user needs. */
static PetscErrorCode Open(MPI_Comm comm, const char path[], PetscViewer *viewer)
{
  PetscBool exists;

  PetscFunctionBegin;
  PetscCall(PetscTestFile(path, 'r', &exists));
  PetscCheck(exists, PETSC_COMM_WORLD, SD_ERR_FILE, "%s: no such file, or not readable", path);
  PetscCall(PetscViewerBinaryOpen(comm, path, FILE_MODE_READ, viewer));
  PetscFunctionReturn(0);
}

/* The first integer of a PETSc binary file says what it holds (big-endian class id). */
static PetscErrorCode CheckKind(const char path[], PetscInt wanted, const char what[])
{
  unsigned char b[4] = {0};
  FILE         *f    = fopen(path, "rb");
  size_t        n    = f ? fread(b, 1, 4, f) : 0;
  PetscInt      id;

  PetscFunctionBegin;
  if (f) fclose(f);
  id = (PetscInt)(((unsigned)b[0] << 24) | ((unsigned)b[1] << 16) | ((unsigned)b[2] << 8) | b[3]);
  PetscCheck(f, PETSC_COMM_WORLD, SD_ERR_FILE, "%s: no such file, or not readable", path);
  PetscCheck(n == 4 && id == wanted, PETSC_COMM_WORLD, SD_ERR_FILE, "%s: not a PETSc binary %s", path, what);
  PetscFunctionReturn(0);
}

static PetscErrorCode LoadVec(MPI_Comm comm, const char path[], Vec *v)
{
  PetscViewer viewer;

  PetscFunctionBegin;
  PetscCall(CheckKind(path, VEC_FILE_CLASSID, "vector"));
  PetscCall(Open(comm, path, &viewer));
  PetscCall(VecCreate(comm, v));
  PetscCall(VecLoad(*v, viewer));
  PetscCall(PetscViewerDestroy(&viewer));
  PetscFunctionReturn(0);
}

static PetscErrorCode System(SdProblem p, MPI_Comm comm, PetscInt refine, DM *dm, Mat *A, Vec *b)
{
  Linear     *linear = (Linear *)p->data;
  PetscViewer viewer;

  PetscFunctionBegin;
  PetscCheck(refine == 0, PETSC_COMM_WORLD, PETSC_ERR_SUP, "a matrix from a file cannot be refined");
  *dm = NULL;
  PetscCall(Open(comm, linear->matrix, &viewer));
  PetscCall(MatCreate(comm, A));
  PetscCall(MatSetType(*A, MATAIJ));
  PetscCall(MatLoad(*A, viewer));
  PetscCall(PetscViewerDestroy(&viewer));
  PetscCall(LoadVec(comm, linear->rhs, b));
  PetscFunctionReturn(0);
}

static PetscErrorCode Points(SdProblem p, PetscInt begin, PetscInt end, double x[])
{
  PetscFunctionBegin;
  PetscCall(PetscArraycpy(x, ((Linear *)p->data)->x + begin * p->dim, (end - begin) * p->dim));
  PetscFunctionReturn(0);
}

/* Coordinates, replicated, and the box they span. */
static PetscErrorCode Coordinates(SdProblem p, const char path[])
{
  Linear            *linear = (Linear *)p->data;
  Vec                v;
  const PetscScalar *array;
  PetscInt           n;

  PetscFunctionBegin;
  PetscCall(LoadVec(PETSC_COMM_SELF, path, &v));
  PetscCall(VecGetSize(v, &n));
  PetscCheck(n == p->npoints * p->dim, PETSC_COMM_WORLD, SD_ERR_FILE, "%s: %" PetscInt_FMT " numbers, expected %" PetscInt_FMT " (the matrix has %" PetscInt_FMT " rows, problem_dim is %" PetscInt_FMT ")", path, n, p->npoints * p->dim, p->npoints, p->dim);
  PetscCall(PetscMalloc1(n, &linear->x));
  PetscCall(VecGetArrayRead(v, &array));
  PetscCall(PetscArraycpy(linear->x, array, n));
  PetscCall(VecRestoreArrayRead(v, &array));
  PetscCall(VecDestroy(&v));
  PetscCall(SdCheckFinite(path, "coordinates", n, linear->x));
  for (PetscInt a = 0; a < p->dim; a++) {
    p->lo[a] = p->hi[a] = linear->x[a];
    for (PetscInt i = 0; i < p->npoints; i++) {
      p->lo[a] = PetscMin(p->lo[a], linear->x[i * p->dim + a]);
      p->hi[a] = PetscMax(p->hi[a], linear->x[i * p->dim + a]);
    }
    PetscCheck(p->hi[a] > p->lo[a], PETSC_COMM_WORLD, SD_ERR_FILE, "%s: coordinate %" PetscInt_FMT " is the same for all points; expected problem_dim (%" PetscInt_FMT ") interleaved coordinates", path, a, p->dim);
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode SetUp(SdProblem p)
{
  Linear  *linear = (Linear *)p->data;
  char     coordinates[PETSC_MAX_PATH_LEN];
  DM       dm;
  Mat      A;
  Vec      b;
  PetscInt rows, columns, n;

  PetscFunctionBegin;
  PetscCall(SdGetPath("problem_matrix", "linear", linear->matrix, sizeof(linear->matrix)));
  PetscCall(SdGetPath("problem_rhs", "linear", linear->rhs, sizeof(linear->rhs)));
  PetscCall(SdGetPath("problem_coordinates", "linear", coordinates, sizeof(coordinates)));
  PetscCall(SdOptionsGetInt("problem_dim", &p->dim));
  p->nout = 1;
  PetscCall(CheckKind(linear->matrix, MAT_FILE_CLASSID, "matrix"));
  PetscCall(System(p, PETSC_COMM_SELF, 0, &dm, &A, &b));
  PetscCall(MatGetSize(A, &rows, &columns));
  PetscCall(VecGetSize(b, &n));
  PetscCheck(rows == columns, PETSC_COMM_WORLD, SD_ERR_FILE, "%s: %" PetscInt_FMT " by %" PetscInt_FMT ", expected a square matrix", linear->matrix, rows, columns);
  PetscCheck(n == rows, PETSC_COMM_WORLD, SD_ERR_FILE, "%s: %" PetscInt_FMT " numbers, expected %" PetscInt_FMT " as the matrix has rows", linear->rhs, n, rows);
  p->npoints = rows;
  PetscCall(MatDestroy(&A));
  PetscCall(VecDestroy(&b));
  PetscCall(Coordinates(p, coordinates));
  PetscFunctionReturn(0);
}

/* The discrete solution is the truth here; what is known of its error is the residual of its solve. */
static PetscErrorCode Reference(SdProblem p, SdReference *ref)
{
  SdSolve solve;

  PetscFunctionBegin;
  PetscCall(SdReferenceCreate(p, p->npoints, ref));
  PetscCall(PetscArraycpy(ref->x, ((Linear *)p->data)->x, p->npoints * p->dim));
  PetscCall(SdProblemSolve(p, 0, p->npoints, &solve));
  PetscCall(PetscArraycpy(ref->u, solve.u, p->npoints));
  PetscCall(PetscFree(solve.u));
  ref->error = solve.residual;
  PetscCall(PetscSNPrintf(ref->source, sizeof(ref->source), "PETSc %s on the given matrix, own error is the relative residual", solve.how));
  PetscFunctionReturn(0);
}

static PetscErrorCode Fingerprint(SdProblem p, char text[], size_t len)
{
  Linear     *linear = (Linear *)p->data;
  const char *paths[2] = {linear->matrix, linear->rhs};
  uint64_t    hash     = SdHash(SD_HASH_START, linear->x, sizeof(double) * (size_t)(p->npoints * p->dim));

  PetscFunctionBegin;
  for (int i = 0; i < 2; i++) {
    FILE  *f = fopen(paths[i], "rb");
    char   buffer[65536];
    size_t n;

    while (f && (n = fread(buffer, 1, sizeof(buffer), f))) hash = SdHash(hash, buffer, n);
    if (f) fclose(f);
  }
  PetscCall(PetscSNPrintf(text, len, "files %016llx", (unsigned long long)hash));
  PetscFunctionReturn(0);
}

static PetscErrorCode Destroy(SdProblem p)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(((Linear *)p->data)->x));
  PetscFunctionReturn(0);
}

PetscErrorCode SdProblemCreate_Linear(SdProblem p)
{
  Linear *linear;

  PetscFunctionBegin;
  PetscCall(PetscNew(&linear));
  p->data = linear;
  p->ops  = (SdProblemOps){.setup = SetUp, .points = Points, .system = System, .reference = Reference, .fingerprint = Fingerprint, .destroy = Destroy};
  PetscFunctionReturn(0);
}
