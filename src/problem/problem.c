/* The concept "problem": its options, its list, and what every problem gets for free. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "problem_impl.h"

static const char *const BoundaryNames[] = {"none", "zero", NULL};
static const char *const SymmetriesNames[] = {"none", "canonical", NULL};
static const char *const LidNames[]      = {"smooth", "plain", NULL};
static const char *const SolutionNames[] = {"auto", "classical", "manufactured", "file", NULL};

const SdOption SdProblemOptions[] = {
    {"problem_type", SD_ENUM, "regression", "", 0, 0, SdProblemNames, "What is to be learnt or solved."},
    {"problem_plugin", SD_STRING, "", "", 0, 0, NULL,
     "Shared object that adds types of problem (spindrift/plugin.h); a path as from the folder that you start in."},
    {"problem_plugin_checksum", SD_STRING, "", "", 0, 0, NULL,
     "The plug-in's checksum, filled in as it is loaded; where it is given another file is refused."},
    {"problem_data_checksum", SD_STRING, "", "", 0, 0, NULL,
     "data, linear, operator, poisson with a source from a file: checksum of the numbers read, filled in as they are; where it is given, as by the folder of a run, other numbers are refused."},
    {"problem_function", SD_ENUM, "smooth", "", 0, 0, SdFunctionNames, "regression: the function to learn."},
    {"problem_points", SD_INT, "0", "", 0, 1000000, NULL, "regression: training points per axis; 0: the function's own number."},
    {"problem_test_points", SD_INT, "0", "", 0, 1000000, NULL,
     "regression: held-out points per axis; 0: the function's own number."},
    {"problem_file", SD_STRING, "", "", 0, 0, NULL,
     "data: HDF5 file with datasets x [n][dim] and y [n][nout], optionally x_test and y_test; operator: HDF5 file of samples."},
    {"problem_samples", SD_INT, "0", "", 0, 1e9, NULL, "operator: training samples used, from the first on; 0: all."},
    {"problem_test_samples", SD_INT, "0", "", 0, 1e9, NULL, "operator: held-out samples used, from the first on; 0: all."},
    {"problem_centre", SD_BOOL, "false", "", 0, 0, NULL,
     "operator: each sensor's values are scaled about their mean over the training inputs, all by the largest difference, instead of from the range of them all; for inputs that are far from zero on average."},
    {"problem_boundary", SD_ENUM, "none", "", 0, 0, BoundaryNames, "operator: zero: u = 0 exactly on -problem_faces."},
    {"problem_faces", SD_STRING, "all", "", 0, 0, NULL,
     "operator: a list of low0, high0, low1, ... (low1: where axis 1 begins; time is the last axis), or all."},
    {"problem_symmetries", SD_ENUM, "none", "", 0, 0, SymmetriesNames,
     "operator: canonical: of all images of an input function under the symmetries of the data set's equation the network sees one, the same for all, and its output is turned back."},
    {"problem_dim", SD_INT, "1", "", 1, SD_MAX_DIM, NULL, "poisson, linear: dimensions of space."},
    {"problem_grid", SD_INTS, "33", "", 3, 100000, NULL,
     "poisson, helmholtz, heat, burgers, allen_cahn, diffusion, taylor_green, cavity: nodes per axis, boundary nodes included, time as the "
     "last axis; one number serves all axes."},
    {"problem_diffusivity", SD_REAL, "0", "", 0, 1e12, NULL,
     "heat, burgers, allen_cahn, diffusion, taylor_green, cavity: the constant c, or nu; 0: 0.05, 0.01/pi, 1e-4, 0.05, 0.05, 0.01."},
    {"problem_lid", SD_ENUM, "smooth", "", 0, 0, LidNames,
     "cavity: the lid's velocity; smooth: 16 x^2 (1 - x)^2; plain: 1, which jumps at the corners."},
    {"problem_coefficient", SD_REAL, "1", "", 1e-12, 1e12, NULL, "poisson: the constant c."},
    {"problem_solution", SD_ENUM, "auto", "", 0, 0, SolutionNames,
     "poisson: classical (product of sines), manufactured (not symmetric, non-zero boundary values), file (f from "
     "-problem_rhs_file, zero boundary values); auto: classical in 1-D, manufactured above."},
    {"problem_rhs_file", SD_STRING, "", "", 0, 0, NULL, "poisson: HDF5 file with dataset f, shaped as the grid, last axis x."},
    {"problem_matrix", SD_STRING, "", "", 0, 0, NULL, "linear: matrix A, PETSc binary."},
    {"problem_rhs", SD_STRING, "", "", 0, 0, NULL, "linear: vector b, PETSc binary."},
    {"problem_coordinates", SD_STRING, "", "", 0, 0, NULL,
     "linear: coordinates of the unknowns, PETSc binary vector, interleaved."},
    {NULL, SD_BOOL, NULL, NULL, 0, 0, NULL, NULL}};

const SdOption SdReferenceOptions[] = {
    {"reference_cache", SD_STRING, "reference-cache", "", 0, 0, NULL,
     "Folder that keeps computed reference solutions; none: keep nothing."},
    {"reference_refine", SD_INT, "1", "", 0, 4, NULL, "How many times the reference's grid halves the spacing of the points."},
    {NULL, SD_BOOL, NULL, NULL, 0, 0, NULL, NULL}};

PetscErrorCode SdProblemRegisterOptions(void)
{
  PetscFunctionBegin;
  PetscCall(SdProblemRegisterAll());
  PetscCall(SdOptionsRegister("problem", SdProblemOptions));
  PetscCall(SdOptionsRegister("reference", SdReferenceOptions));
  PetscCall(SdOptionsAllowPrefix("reference_"));
  PetscFunctionReturn(0);
}

/* A type must set what is REQUIRED, and something to learn from. */
static PetscErrorCode CheckOps(SdProblem p)
{
  const char *missing = !p->ops.setup ? "setup" : !p->ops.points  ? "points"
                                              : !p->ops.reference ? "reference"
                                                                  : NULL;

  PetscFunctionBegin;
  PetscCheck(!missing, PETSC_COMM_SELF, PETSC_ERR_USER, "problem_type %s has no ops.%s, which is required", p->name, missing);
  PetscFunctionReturn(0);
}

static PetscErrorCode CheckSetUp(SdProblem p)
{
  PetscFunctionBegin;
  PetscCheck(p->dim >= 1 && p->dim <= SD_MAX_DIM && p->nout >= 1 && p->npoints >= 1, PETSC_COMM_SELF, PETSC_ERR_USER,
             "problem_type %s has %" PetscInt_FMT " dimensions, %" PetscInt_FMT " outputs and %" PetscInt_FMT " points; allowed: 1 to %d dimensions, 1 or more of the others",
             p->name, p->dim, p->nout, p->npoints, SD_MAX_DIM);
  for (PetscInt a = 0; a < p->dim; a++)
    PetscCheck(p->lo[a] < p->hi[a], PETSC_COMM_SELF, PETSC_ERR_USER, "problem_type %s: axis %" PetscInt_FMT " of the box goes from %g to %g", p->name, a, p->lo[a], p->hi[a]);
  PetscCheck(p->ops.targets || p->ops.system || p->ops.nonlinear || (p->nsample && p->ops.samples), PETSC_COMM_SELF, PETSC_ERR_USER,
             "problem_type %s has none of ops.targets, ops.samples, ops.system and ops.nonlinear: nothing to learn from", p->name);
  PetscFunctionReturn(0);
}

PetscErrorCode SdProblemChecksum(SdProblem p, char text[17])
{
  PetscFunctionBegin;
  text[0] = 0;
  if (p->checksum) PetscCall(PetscSNPrintf(text, 17, "%016llx", (unsigned long long)p->checksum));
  PetscFunctionReturn(0);
}

/* The numbers are those that were asked for, as by a record. */
static PetscErrorCode CheckData(SdProblem p)
{
  char given[32], sum[17] = "";

  PetscFunctionBegin;
  PetscCall(SdOptionsGetString("problem_data_checksum", given, sizeof given));
  PetscCall(SdProblemChecksum(p, sum));
  PetscCheck(!*given || !strcmp(given, sum), PETSC_COMM_WORLD, SD_ERR_USAGE, "problem_data_checksum: %s given, but what problem_type %s has read has %s: other numbers than then; allowed: those of then; for any, with commands that take other keys than the run's, -problem_data_checksum ''", given, p->name, *sum ? sum : "none");
  PetscFunctionReturn(0);
}

PetscErrorCode SdProblemCreate(SdProblem *problem)
{
  const SdProblemType *type;
  SdProblem            p;
  PetscInt             index;

  PetscFunctionBegin;
  *problem = NULL;
  PetscCall(SdOptionsGetEnum("problem_type", &index));
  PetscCall(PetscNew(&p));
  *problem = p;
  type     = SdProblemTypeAt(index);
  p->name  = type->name;
  PetscCall((*type->create)(p));
  PetscCall(CheckOps(p));
  PetscCall((*p->ops.setup)(p));
  PetscCall(CheckSetUp(p));
  PetscCall(CheckData(p));
  PetscFunctionReturn(0);
}

PetscErrorCode SdProblemDestroy(SdProblem *p)
{
  PetscFunctionBegin;
  if (!*p) PetscFunctionReturn(0);
  if ((*p)->ops.destroy) PetscCall((*(*p)->ops.destroy)(*p));
  PetscCall(PetscFree((*p)->data));
  PetscCall(PetscFree(*p));
  PetscFunctionReturn(0);
}

PetscErrorCode SdProblemLift(SdProblem p, PetscInt n, const double x[], const float N[], double u[])
{
  double *g, *d;

  PetscFunctionBegin;
  PetscCall(PetscCalloc2(n * p->nout, &g, n * p->nout, &d));
  for (PetscInt i = 0; i < n * p->nout; i++) d[i] = 1;
  if (p->ops.lift) PetscCall((*p->ops.lift)(p, n, x, g, d));
  for (PetscInt i = 0; i < n; i++) {
    for (PetscInt c = 0; c < p->nout; c++) u[i * p->nout + c] = g[i * p->nout + c] + d[i * p->nout + c] * (double)N[c * n + i];
  }
  PetscCall(PetscFree2(g, d));
  PetscFunctionReturn(0);
}

/* What takes its time before there is anything to print, on a terminal; "": it is over. */
static PetscErrorCode Tell(const char what[])
{
  const char *terminal = getenv("TERM");
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  if (!rank && isatty(STDERR_FILENO) && terminal && strcmp(terminal, "dumb") != 0) PetscCall(PetscFPrintf(PETSC_COMM_SELF, stderr, "\r\033[K%s", what));
  PetscFunctionReturn(0);
}

PetscErrorCode SdProblemGetReference(SdProblem p, SdReference *ref)
{
  PetscBool found = PETSC_FALSE;
  PetscInt  refine;

  PetscFunctionBegin;
  PetscCall(PetscMemzero(ref, sizeof *ref));
  PetscCall(SdCacheLoad(p, ref, &found));
  if (found) PetscCall(SdOptionsGetInt("reference_refine", &refine)); /* it named the file: a key that was read */
  if (!found) {
    const PetscBool solves = (PetscBool)(p->ops.system || (p->ops.nonlinear && !p->nsample));
    PetscErrorCode  ierr;

    if (solves) PetscCall(Tell("the reference solution ..."));
    ierr = (*p->ops.reference)(p, ref);
    if (solves) PetscCall(Tell(""));
    PetscCall(ierr);
    PetscCall(SdCacheSave(p, ref));
  }
  PetscFunctionReturn(0);
}

PetscErrorCode SdReferenceDestroy(SdReference *ref)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(ref->x));
  PetscCall(PetscFree(ref->a));
  PetscCall(PetscFree(ref->u));
  PetscFunctionReturn(0);
}
