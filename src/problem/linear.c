/* Linear: A u = b with A, b and the coordinates of the unknowns from PETSc binary files. No hard boundary values.

   The reference is PETSc's solution of the same system. Nothing is known of what A discretises, so its error is estimated by its
   relative residual alone: the error of the algebraic solution in the units of b, without any discretisation error. */
#include <petscviewer.h>
#include "linear_impl.h"

typedef struct {
  char     matrix[PETSC_MAX_PATH_LEN], rhs[PETSC_MAX_PATH_LEN], coordinates[PETSC_MAX_PATH_LEN];
  uint64_t hash;
  double  *x; /* [npoints][dim] */
} Linear;

/* A reader of a binary file that ignores a FILE.info of options beside it. */
static PetscErrorCode OpenViewer(MPI_Comm comm, const char path[], PetscViewer *viewer)
{
  PetscFunctionBegin;
  PetscCall(PetscViewerCreate(comm, viewer));
  PetscCall(PetscViewerSetType(*viewer, PETSCVIEWERBINARY));
  PetscCall(PetscViewerBinarySetSkipInfo(*viewer, PETSC_TRUE));
  PetscCall(PetscViewerFileSetMode(*viewer, FILE_MODE_READ));
  PetscCall(PetscViewerFileSetName(*viewer, path));
  PetscFunctionReturn(0);
}

static PetscErrorCode LoadVector(MPI_Comm comm, const char path[], Vec *v)
{
  PetscViewer viewer;

  PetscFunctionBegin;
  PetscCall(OpenViewer(comm, path, &viewer));
  PetscCall(VecCreate(comm, v));
  PetscCall(VecLoad(*v, viewer));
  PetscCall(PetscViewerDestroy(&viewer));
  PetscFunctionReturn(0);
}

static PetscErrorCode System(SdProblem p, MPI_Comm comm, PetscInt refine, DM *dm, Mat *A, Vec *b)
{
  Linear     *linear = (Linear *)p->data;
  PetscViewer viewer;
  PetscBool   symmetric;
  PetscReal   norm;

  PetscFunctionBegin;
  PetscCheck(!refine, comm, PETSC_ERR_SUP, "a system from files cannot be refined");
  *dm = NULL;
  PetscCall(OpenViewer(comm, linear->matrix, &viewer));
  PetscCall(MatCreate(comm, A));
  PetscCall(MatSetType(*A, MATAIJ));
  PetscCall(MatLoad(*A, viewer));
  PetscCall(PetscViewerDestroy(&viewer));
  PetscCall(MatNorm(*A, NORM_FROBENIUS, &norm));
  PetscCall(MatIsSymmetric(*A, 1e-14 * norm, &symmetric));
  PetscCall(MatSetOption(*A, MAT_SYMMETRIC, symmetric));
  PetscCall(LoadVector(comm, linear->rhs, b));
  PetscFunctionReturn(0);
}

static PetscErrorCode Points(SdProblem p, PetscInt begin, PetscInt end, double x[])
{
  Linear *linear = (Linear *)p->data;

  PetscFunctionBegin;
  PetscCall(PetscArraycpy(x, linear->x + begin * p->dim, (end - begin) * p->dim));
  PetscFunctionReturn(0);
}

static PetscErrorCode Reference(SdProblem p, SdReference *ref)
{
  Linear *linear = (Linear *)p->data;
  SdSolve solve;

  PetscFunctionBegin;
  PetscCall(SdProblemSolve(p, 0, p->npoints, &solve));
  PetscCall(SdReferenceCreate(p, p->npoints, ref));
  PetscCall(PetscArraycpy(ref->x, linear->x, p->npoints * p->dim));
  PetscCall(PetscArraycpy(ref->u, solve.u, p->npoints));
  ref->error = solve.residual;
  PetscCall(PetscSNPrintf(ref->source, sizeof ref->source, "%s, %" PetscInt_FMT " unknowns, error by the residual", solve.how,
                          solve.n));
  PetscCall(PetscFree(solve.u));
  PetscFunctionReturn(0);
}

static PetscErrorCode Fingerprint(SdProblem p, char text[], size_t len)
{
  Linear *linear = (Linear *)p->data;

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(text, len, "files=%016llx\n", (unsigned long long)linear->hash));
  PetscFunctionReturn(0);
}

/* Coordinates for every rank, and the box around them. */
static PetscErrorCode ReadCoordinates(SdProblem p)
{
  Linear            *linear = (Linear *)p->data;
  const PetscScalar *value;
  Vec                v;
  PetscMPIInt        rank, n;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  PetscCall(PetscMPIIntCast(p->npoints * p->dim, &n));
  PetscCall(PetscMalloc1(n, &linear->x));
  if (!rank) {
    PetscCall(LoadVector(PETSC_COMM_SELF, linear->coordinates, &v));
    PetscCall(VecGetArrayRead(v, &value));
    PetscCall(PetscArraycpy(linear->x, value, n));
    PetscCall(VecRestoreArrayRead(v, &value));
    PetscCall(VecDestroy(&v));
  }
  PetscCallMPI(MPI_Bcast(linear->x, n, MPI_DOUBLE, 0, PETSC_COMM_WORLD));
  SdBoxAround((size_t)p->npoints, p->dim, linear->x, p->lo, p->hi);
  PetscFunctionReturn(0);
}

static PetscErrorCode SetUp(SdProblem p)
{
  Linear  *linear = (Linear *)p->data;
  SdBinary A = {0}, b = {0}, x = {0};

  PetscFunctionBegin;
  PetscCall(SdGetPath("problem_matrix", "linear", linear->matrix, sizeof linear->matrix));
  PetscCall(SdGetPath("problem_rhs", "linear", linear->rhs, sizeof linear->rhs));
  PetscCall(SdGetPath("problem_coordinates", "linear", linear->coordinates, sizeof linear->coordinates));
  PetscCall(SdOptionsGetInt("problem_dim", &p->dim));
  PetscCall(SdBinaryInspect(linear->matrix, PETSC_TRUE, &A));
  PetscCall(SdBinaryInspect(linear->rhs, PETSC_FALSE, &b));
  PetscCall(SdBinaryInspect(linear->coordinates, PETSC_FALSE, &x));
  PetscCheck(b.rows == A.rows, PETSC_COMM_WORLD, SD_ERR_FILE,
             "%s: a vector of %" PetscInt_FMT " numbers, expected %" PetscInt_FMT " as %s has rows", linear->rhs, b.rows, A.rows,
             linear->matrix);
  PetscCheck((PetscInt64)A.rows * p->dim == x.rows, PETSC_COMM_WORLD, SD_ERR_FILE,
             "%s: a vector of %" PetscInt_FMT " numbers, expected %" PetscInt_FMT " rows of %s times %" PetscInt_FMT
             " (problem_dim)",
             linear->coordinates, x.rows, A.rows, linear->matrix, p->dim);
  PetscCheck(!b.zero, PETSC_COMM_WORLD, SD_ERR_FILE, "%s: zero everywhere, and so is the solution: relative errors mean nothing", linear->rhs);
  linear->hash = SdHash(A.hash, (uint64_t[]){b.hash, x.hash}, 2 * sizeof(uint64_t));
  p->checksum  = linear->hash;
  p->nout      = 1;
  p->npoints   = A.rows;
  PetscCall(ReadCoordinates(p));
  PetscFunctionReturn(0);
}

static PetscErrorCode Destroy(SdProblem p)
{
  Linear *linear = (Linear *)p->data;

  PetscFunctionBegin;
  PetscCall(PetscFree(linear->x));
  PetscFunctionReturn(0);
}

PetscErrorCode SdProblemCreate_Linear(SdProblem p)
{
  Linear *linear;

  PetscFunctionBegin;
  PetscCall(PetscNew(&linear));
  p->data = linear;
  p->ops  = (SdProblemOps){.setup       = SetUp,
                           .points      = Points,
                           .system      = System,
                           .reference   = Reference,
                           .fingerprint = Fingerprint,
                           .destroy     = Destroy};
  PetscFunctionReturn(0);
}
