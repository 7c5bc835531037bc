/* Objectives on several ranks against one rank. The truth is the same objective on PETSC_COMM_SELF, computed by every rank.

   misfit and redundant equations give the same bits on any number of ranks; distributed ones agree to 1e-10. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <spindrift/objective.h>
#include "../contract/problem_fixture.h"

#define NCOL 19
#define NOUT 3

typedef struct {
  const char *options;
  double      tolerance; /* relative; 0: the same bits */
  PetscInt    nshards;   /* 2: some ranks of three or more own nothing */
} Case;

static const Case cases[] = {
    {"-problem_type regression -problem_function ripple -problem_points 9", 0, 7},
    {"-problem_type regression -problem_points 50", 0, 2},
    {"-problem_type poisson -problem_grid 33 -loss_form residual", 0, 7},
    {"-problem_type poisson -problem_dim 2 -problem_grid 17,9 -loss_form energy", 0, 7},
    {"-problem_type poisson -problem_dim 2 -problem_grid 17,9 -loss_form preconditioned", 0, 7},
    {"-problem_type poisson -problem_dim 2 -problem_grid 12,10 -loss_form preconditioned", 0, 2},
    {"-problem_type poisson -problem_grid 33 -loss_form residual -loss_evaluation distributed", 1e-10, 7},
    {"-problem_type poisson -problem_dim 2 -problem_grid 33,17 -loss_form energy -loss_evaluation distributed", 1e-10, 7},
    {"-problem_type poisson -problem_dim 2 -problem_grid 33,17 -loss_form preconditioned -loss_evaluation distributed", 1e-10, 7},
    {"-problem_type poisson -problem_dim 2 -problem_grid 33,17 -loss_form preconditioned -loss_evaluation distributed", 1e-10, 2},
    {"-problem_type poisson -problem_dim 3 -problem_grid 9 -loss_form preconditioned -loss_evaluation distributed -loss_cycles 2",
     1e-10, 7},
    {"-problem_type linear -loss_form residual -loss_evaluation distributed", 1e-10, 7},
    {"-problem_type linear -loss_form preconditioned -loss_pc_type jacobi -loss_cycles 3 -loss_evaluation distributed", 1e-10, 2},
    {"-problem_type linear -loss_form preconditioned", 0, 7},
    {"-problem_type burgers -problem_grid 17,9", 0, 7},
    {"-problem_type allen_cahn -problem_grid 17,9 -loss_form residual", 0, 2},
    {"-problem_type heat -problem_grid 17,9 -loss_form preconditioned -loss_pc_type lu", 0, 7},
    {"-problem_type taylor_green -problem_grid 7,6,4", 0, 7},
    {"-problem_type taylor_green -problem_grid 7,6,4 -loss_form residual", 0, 2},
    {"-problem_type cavity -problem_grid 9 -loss_form preconditioned -loss_pc_type lu", 0, 7},
    {"-problem_type cavity -problem_grid 9 -loss_weights adaptive", 0, 7},
};

/* What an objective gives at outputs that depend on the point alone. */
typedef struct {
  PetscInt begin, n, nout;
  double   loss, G[NOUT * NCOL * NCOL], h[NOUT * NCOL];
  float   *w;
} Result;

/* The linear problem's files are made by main. */
static SdProblem Open(const char options[])
{
  SdProblem p;

  if (strstr(options, "linear"))
    LinearOptions(options);
  else
    SetOptions(options);
  assert_int_equal(SdProblemCreate(&p), 0);
  return p;
}

static float Output(PetscInt point, PetscInt column)
{
  return (float)(0.3 + sin(0.1 + (double)column + 0.37 * (double)point));
}

static Result Compute(SdProblem p, MPI_Comm comm, PetscInt nshards)
{
  double       around[NOUT * NCOL];
  SdLayout     layout;
  SdObjective  objective;
  Result       r = {.nout = p->nout};
  float       *N;

  for (int i = 0; i < NOUT * NCOL; i++) around[i] = 0.2 * sin(1 + 2.3 * (double)i);
  assert_int_equal(SdLayoutCreate(comm, p->npoints, nshards, &layout), 0);
  assert_int_equal(SdObjectiveCreate(p, &layout, &objective), 0);
  r.begin = layout.begin;
  r.n     = layout.end - layout.begin;
  r.w     = malloc(sizeof(float) * (size_t)(r.n * r.nout + 1));
  N       = malloc(sizeof(float) * (size_t)(r.n * NCOL + 1));
  for (PetscInt j = 0; j < NCOL; j++) {
    for (PetscInt i = 0; i < r.n; i++) N[j * r.n + i] = Output(r.begin + i, j);
  }
  assert_int_equal(SdObjectiveEvaluate(objective, N, &r.loss, r.w), 0);
  if (p->nout == 1 || objective->ops.project) assert_int_equal(SdObjectiveProject(objective, NCOL, N, around, r.G, r.h), 0);
  assert_true(objective->bytes > 0 || (!r.n && !objective->ops.project)); /* a rank without points has nothing to hand over */
  free(N);
  SdObjectiveDestroy(&objective);
  return r;
}

/* |a - b| within tolerance times the largest |b|; the same bits when the tolerance is 0. */
static void Agree(PetscInt n, const double a[], const double b[], double scale, double tolerance)
{
  if (tolerance == 0)
    assert_memory_equal(a, b, sizeof(double) * (size_t)n);
  else {
    for (PetscInt i = 0; i < n; i++) assert_true(fabs(a[i] - b[i]) <= tolerance * scale);
  }
}

static double Largest(PetscInt n, const double a[])
{
  double most = 0;

  for (PetscInt i = 0; i < n; i++) most = fmax(most, fabs(a[i]));
  return most;
}

static void RankCounts(void **state)
{
  (void)state;
  for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
    SdProblem p = Open(cases[c].options);
    Result    many, one;
    double    largest = 0;

    many = Compute(p, PETSC_COMM_WORLD, cases[c].nshards);
    one  = Compute(p, PETSC_COMM_SELF, cases[c].nshards);
    Agree(1, &many.loss, &one.loss, fabs(one.loss), cases[c].tolerance);
    Agree(NOUT * NCOL * NCOL, many.G, one.G, Largest(NCOL * NCOL, one.G), cases[c].tolerance);
    Agree(NOUT * NCOL, many.h, one.h, Largest(NCOL * NCOL, one.G), cases[c].tolerance);
    for (PetscInt i = 0; i < one.n * one.nout; i++) largest = fmax(largest, fabs((double)one.w[i]));
    for (PetscInt i = 0; i < many.n * many.nout; i++) {
      const float here = many.w[i], there = one.w[i / many.n * one.n + many.begin + i % many.n];

      /* in floats, sums that agree to 1e-10 may be rounded to neighbours */
      if (cases[c].tolerance == 0)
        assert_memory_equal(&here, &there, sizeof here);
      else
        assert_true(fabs((double)here - (double)there) <= 1.2e-7 * fabs((double)there) + cases[c].tolerance * largest);
    }
    free(many.w);
    free(one.w);
    SdProblemDestroy(&p);
  }
}

#define ALL (1 + NOUT * NCOL * (NCOL + 1))

/* Loss, G and h are the same bits on every rank, whatever the evaluation. */
static void SameOnEveryRank(void **state)
{
  (void)state;
  for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
    SdProblem p = Open(cases[c].options);
    Result    r;
    double    mine[ALL], first[ALL];

    r       = Compute(p, PETSC_COMM_WORLD, cases[c].nshards);
    mine[0] = r.loss;
    memcpy(mine + 1, r.G, sizeof r.G);
    memcpy(mine + 1 + NOUT * NCOL * NCOL, r.h, sizeof r.h);
    memcpy(first, mine, sizeof mine);
    MPI_Bcast(first, ALL, MPI_DOUBLE, 0, MPI_COMM_WORLD);
    assert_memory_equal(mine, first, sizeof mine);
    free(r.w);
    SdProblemDestroy(&p);
  }
}

/* The reference on several ranks is that of every rank alone, and the same everywhere. */
static void Reference(void **state)
{
  SdProblem   p = Open("-problem_type poisson -problem_dim 2 -problem_grid 129");
  SdReference ref;
  double     *first;

  (void)state;
  assert_int_equal(SdProblemGetReference(p, &ref), 0);
  assert_int_equal(ref.n, 257 * 257); /* above the limit of serial solution */
  assert_true(fabs(ref.order - 2) < 0.01);
  first = malloc(sizeof(double) * (size_t)ref.n);
  memcpy(first, ref.u, sizeof(double) * (size_t)ref.n);
  MPI_Bcast(first, (int)ref.n, MPI_DOUBLE, 0, MPI_COMM_WORLD);
  assert_memory_equal(first, ref.u, sizeof(double) * (size_t)ref.n);
  p->ops.exact(p, ref.n, ref.x, first); /* natural order, whatever the order of the solve */
  for (PetscInt i = 0; i < ref.n; i++) assert_true(fabs(first[i] - ref.u[i]) < 1e-4);
  free(first);
  SdReferenceDestroy(&ref);
  SdProblemDestroy(&p);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(RankCounts), cmocka_unit_test(SameOnEveryRank), cmocka_unit_test(Reference)};
  PetscMPIInt             rank;
  int                     failed;
  double                  b[30];

  if (PetscInitialize(&argc, &argv, NULL, NULL) || SdProblemRegisterOptions() || SdObjectiveRegisterOptions() || MakeFolder(&rank))
    return 1;
  for (int i = 0; i < 30; i++) b[i] = cos(i * 0.7);
  if (!rank) {
    WriteMatrix(path_A, 30, 30, -0.25);
    WriteVector(path_b, 30, b);
    WriteVector(path_x, 30, b);
  }
  failed = cmocka_run_group_tests(tests, NULL, NULL);
  RemoveFolder(rank);
  PetscFinalize();
  return failed;
}
