/* An operator's equation, every one of them: the losses vanish at its own solutions and nowhere near, J is the derivative of F, cotangents are those
   of the losses, batches are parts of the whole, the readout's normal equations are those of the Newton iterates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <petscksp.h>
#define NSAMPLE 19 /* more than an objective takes at once */
#include "operator_fixture.h"

#define COUNT(a) (sizeof a / sizeof a[0])

static const char *const forms[] = {"-loss_form residual", "-loss_form newton", "-loss_form preconditioned -loss_pc_type jacobi"};

/* The equation of one sample at u = g + d N (N NULL: at 0): its solver, with J there, u and F. */
typedef struct {
  SNES    snes;
  Mat     J;
  Vec     u, F;
  double *a, *g, *d;
} One;

static One OneCreate(PetscInt sample, PetscInt n, const float N[])
{
  const PetscInt Q = problem->npoints;
  One            one;
  double        *x;
  KSP            ksp;

  PetscMalloc4(problem->nsensor, &one.a, Q, &one.g, Q, &one.d, Q * problem->dim, &x);
  problem->ops.samples(problem, sample, sample + 1, one.a, NULL);
  problem->ops.points(problem, 0, Q, x);
  problem->ops.lift(problem, Q, x, one.g, one.d);
  assert_int_equal(problem->ops.nonlinear(problem, one.a, 0, &one.snes), 0);
  SNESGetJacobian(one.snes, &one.J, NULL, NULL, NULL);
  SNESGetKSP(one.snes, &ksp);
  KSPSetOperators(ksp, one.J, one.J);
  MatCreateVecs(one.J, &one.u, &one.F);
  for (PetscInt q = 0; q < Q; q++) VecSetValue(one.u, q, N ? one.g[q] + one.d[q] * (double)N[q * n + sample] : 0, INSERT_VALUES);
  VecAssemblyBegin(one.u);
  VecAssemblyEnd(one.u);
  assert_int_equal(SNESComputeFunction(one.snes, one.u, one.F), 0);
  assert_int_equal(SNESComputeJacobian(one.snes, one.u, one.J, one.J), 0);
  return one;
}

static void OneDestroy(One *one)
{
  SNESDestroy(&one->snes);
  VecDestroy(&one->u);
  VecDestroy(&one->F);
  PetscFree(one->a);
}

/* v[q] of the sample that OneCreate() took, times d. */
static Vec Direction(const One *one, double factor)
{
  Vec v;

  VecDuplicate(one->u, &v);
  for (PetscInt q = 0; q < problem->npoints; q++) VecSetValue(v, q, factor * one->d[q] * cos(0.2 + 1.1 * (double)q), INSERT_VALUES);
  VecAssemblyBegin(v);
  VecAssemblyEnd(v);
  return v;
}

static void Vanish(void **state)
{
  (void)state;
  for (PetscInt e = 0; SdEquations[e]; e++) {
    for (size_t f = 0; f < COUNT(forms); f++) {
      float *N, *w;
      double loss, away, largest = 0;

      Open(SdEquations[e], forms[f]);
      N = Outputs(NSAMPLE), w = Outputs(NSAMPLE);
      assert_int_equal(SdObjectiveEvaluate(objective, N, &away, w), 0);
      for (PetscInt j = 0; j < NSAMPLE; j++) {
        One                one = OneCreate(j, 0, NULL);
        const PetscScalar *u;
        SNESConvergedReason reason;

        SNESSetTolerances(one.snes, 1e-12, 1e-12, 0, 50, 1000);
        assert_int_equal(SNESSolve(one.snes, NULL, one.u), 0);
        SNESGetConvergedReason(one.snes, &reason);
        assert_true(reason > 0);
        VecGetArrayRead(one.u, &u);
        for (PetscInt q = 0; q < problem->npoints; q++) N[q * NSAMPLE + j] = (float)((u[q] - one.g[q]) / one.d[q]);
        VecRestoreArrayRead(one.u, &u);
        OneDestroy(&one);
      }
      assert_int_equal(SdObjectiveEvaluate(objective, N, &loss, w), 0);
      for (PetscInt i = 0; i < NSAMPLE * problem->npoints; i++) largest = fmax(largest, fabs((double)w[i]));
      if (!(away > 1e-3 && loss < 1e-9 * away && largest > 0)) fail_msg("%s, %s: loss %g at the solutions, %g away", SdEquations[e]->name, forms[f], loss, away);
      free(N), free(w);
      Close();
    }
  }
}

/* J v against differences of F: F is a polynomial of degree 2 at most. */
static void Derivative(void **state)
{
  const double h = 1e-3;

  (void)state;
  for (PetscInt e = 0; SdEquations[e]; e++) {
    Vec       v, Jv, down;
    One       one;
    float    *N;
    PetscReal error, norm;

    WriteFile(SdEquations[e], GOOD);
    OpenProblem("");
    N   = Outputs(NSAMPLE);
    one = OneCreate(1, NSAMPLE, N);
    v   = Direction(&one, h);
    VecDuplicate(v, &Jv), VecDuplicate(v, &down);
    MatMult(one.J, v, Jv);
    VecAXPY(one.u, 1, v);
    SNESComputeFunction(one.snes, one.u, one.F);
    VecAXPY(one.u, -2, v);
    SNESComputeFunction(one.snes, one.u, down);
    VecAXPBYPCZ(one.F, -0.5, -1, 0.5, down, Jv);
    VecNorm(one.F, NORM_2, &error);
    VecNorm(Jv, NORM_2, &norm);
    assert_true(norm > 0 && error < 1e-9 * norm);
    VecDestroy(&v), VecDestroy(&Jv), VecDestroy(&down);
    OneDestroy(&one);
    free(N);
    SdProblemDestroy(&problem);
  }
}

/* y = F, or J^-1 F with J as it is set. */
static double HalfSquare(const One *one, PetscBool inverse, Vec u)
{
  Vec       F, y;
  KSP       ksp;
  PetscReal dot;

  VecDuplicate(u, &F), VecDuplicate(u, &y);
  SNESComputeFunction(one->snes, u, F);
  SNESGetKSP(one->snes, &ksp);
  if (inverse)
    KSPSolve(ksp, F, y);
  else
    VecCopy(F, y);
  VecDot(y, y, &dot);
  VecDestroy(&F), VecDestroy(&y);
  return dot / 2;
}

/* w . v of one sample against differences of the loss along v, newton's with J held. */
static void Cotangent(void **state)
{
  const double h = 1e-3;

  (void)state;
  for (PetscInt e = 0; SdEquations[e]; e++) {
    for (int inverse = 0; inverse < 2; inverse++) {
      const PetscInt j = 2;
      double         loss, slope = 0, difference, B;
      float         *N, *w;
      One            one;
      Vec            v;

      Open(SdEquations[e], forms[inverse]);
      B = (double)(NSAMPLE * problem->npoints);
      N = Outputs(NSAMPLE), w = Outputs(NSAMPLE);
      assert_int_equal(SdObjectiveEvaluate(objective, N, &loss, w), 0);
      one = OneCreate(j, NSAMPLE, N);
      v   = Direction(&one, h);
      for (PetscInt q = 0; q < problem->npoints; q++) slope += (double)w[q * NSAMPLE + j] * cos(0.2 + 1.1 * (double)q);
      VecAXPY(one.u, 1, v);
      difference = HalfSquare(&one, (PetscBool)inverse, one.u);
      VecAXPY(one.u, -2, v);
      difference = (difference - HalfSquare(&one, (PetscBool)inverse, one.u)) / (2 * h * B);
      if (!(fabs(slope - difference) < 1e-4 * fabs(difference) + 1e-6 * loss)) fail_msg("%s, %s: slope %g, differences %g", SdEquations[e]->name, forms[inverse], slope, difference);
      VecDestroy(&v);
      OneDestroy(&one);
      free(N), free(w);
      Close();
    }
  }
}

/* Each sample by itself, which then stands for its shard: losses and cotangents are those of the whole, but for the samples that it stands for. */
static void Batches(void **state)
{
  (void)state;
  for (size_t f = 0; f < COUNT(forms); f++) {
    float *N, *w, *own, *part;
    double loss, mean = 0, one;

    Open(SdEquations[1], forms[f]);
    N = Outputs(NSAMPLE), w = Outputs(NSAMPLE), own = Outputs(1), part = Outputs(1);
    assert_int_equal(SdObjectiveEvaluate(objective, N, &loss, w), 0);
    for (PetscInt j = 0; j < NSAMPLE; j++) {
      for (PetscInt q = 0; q < problem->npoints; q++) own[q] = N[q * NSAMPLE + j];
      assert_int_equal(SdObjectiveSelect(objective, 1, &j, NULL, 1), 0);
      assert_int_equal(SdObjectiveEvaluate(objective, own, &one, part), 0);
      mean += one / InShard(j);
      for (PetscInt q = 0; q < problem->npoints; q++) assert_true(fabs((double)part[q] / InShard(j) - (double)w[q * NSAMPLE + j]) <= 1e-6 * fabs((double)w[q * NSAMPLE + j]));
    }
    assert_true(fabs(mean - loss) < 1e-12 * loss);
    assert_int_equal(SdObjectiveSelect(objective, -1, NULL, NULL, 0), 0);
    assert_int_equal(SdObjectiveEvaluate(objective, N, &one, w), 0);
    assert_true(one == loss);
    free(N), free(w), free(own), free(part);
    Close();
  }
}

/* The gradient A C F - H of the normal equations around C is that of the loss with respect to C. */
static void Basis(void **state)
{
  enum { R = 18, K = 17 };

  (void)state;
  for (PetscInt e = 0; SdEquations[e]; e++) {
    double         C[R * K], A[R * R], F[K * K], H[R * K], loss;
    float          phi[K * NSAMPLE], *P, *N, *w;
    SdBasisProject p = {.nbasis = R, .ncol = K, .around = C, .phi = phi};
    PetscInt       Q;

    Open(SdEquations[e], "-loss_form newton");
    assert_true(objective->gram_fixed && !objective->quadratic);
    Q = problem->npoints;
    P = malloc(sizeof(float) * (size_t)(Q * R)), N = Outputs(NSAMPLE), w = Outputs(NSAMPLE);
    for (PetscInt i = 0; i < Q * R; i++) P[i] = (float)cos(0.5 * (double)(i % R) * (double)(i / R));
    for (PetscInt i = 0; i < K * NSAMPLE; i++) phi[i] = (float)(0.5 + sin(1.7 * (double)i));
    for (PetscInt i = 0; i < R * K; i++) C[i] = 0.3 * cos(2.3 * (double)i);
    for (PetscInt i = 0; i < Q * NSAMPLE; i++) {
      double sum = 0;

      for (PetscInt r = 0; r < R; r++) {
        for (PetscInt k = 0; k < K; k++) sum += (double)P[i / NSAMPLE * R + r] * C[r * K + k] * (double)phi[k * NSAMPLE + i % NSAMPLE];
      }
      N[i] = (float)sum;
    }
    p.P = P;
    assert_int_equal(SdObjectiveProjectBasis(objective, &p, A, F, H), 0);
    assert_int_equal(SdObjectiveEvaluate(objective, N, &loss, w), 0);
    for (PetscInt r = 0; r < R; r++) {
      for (PetscInt k = 0; k < K; k++) {
        double gradient = 0, size = 0, normal = -H[r * K + k];

        for (PetscInt i = 0; i < Q * NSAMPLE; i++) {
          const double term = (double)w[i] * (double)P[i / NSAMPLE * R + r] * (double)phi[k * NSAMPLE + i % NSAMPLE];

          gradient += term;
          size += fabs(term);
        }
        for (PetscInt s = 0; s < R; s++) {
          for (PetscInt l = 0; l < K; l++) normal += A[r * R + s] * C[s * K + l] * F[l * K + k];
        }
        if (!(size > 0 && fabs(normal - gradient) < 1e-5 * size)) fail_msg("%s: %g, expected %g", SdEquations[e]->name, normal, gradient);
      }
    }
    p.ncol = 5;
    for (PetscInt i = 0; i < R * K; i++) H[i] = 7;
    assert_int_equal(SdObjectiveSelect(objective, 0, NULL, NULL, 1), 0); /* as on a rank that has no sample */
    assert_int_equal(SdObjectiveProjectBasis(objective, &p, A, F, H), 0);
    for (PetscInt i = 0; i < p.ncol * p.ncol; i++) assert_true(F[i] == 0);
    for (PetscInt i = 0; i < R * K; i++) assert_true(H[i] == (i < R * p.ncol ? 0 : 7));
    free(P), free(N), free(w);
    Close();
  }
}

/* An objective of this form on a file with a flaw is refused; data alone are learnt from it all the same. */
static void Bad(Flaw flaw, const char form[], PetscErrorCode code, const char words[])
{
  WriteFile(SdEquations[1], flaw);
  OpenProblem(form);
  message[0] = 0;
  PetscPushErrorHandler(KeepMessage, NULL);
  assert_int_equal(SdObjectiveCreate(problem, &layout, &objective), code);
  PetscPopErrorHandler();
  if (!strstr(message, words) || !strstr(message, "loss_form")) fail_msg("message '%s' does not hold '%s'", message, words);
  assert_null(strchr(message, '\n'));
  Close();
  OpenProblem("");
  assert_int_equal(SdObjectiveCreate(problem, &layout, &objective), 0);
  assert_string_equal(objective->name, "misfit");
  Close();
}

static void BadInput(void **state)
{
  (void)state;
  Bad(NO_NAME, "-loss_form newton", SD_ERR_USAGE, "names no equation in an attribute 'equation'; allowed: misfit, or a file that names one of poisson, reaction_diffusion");
  Bad(OTHER_NAME, "-loss_form residual", SD_ERR_FILE, "attribute equation is 'navier_stokes'");
  Bad(OTHER_BOX, "-loss_form newton", SD_ERR_FILE, "the output points are no uniform grid of equation reaction_diffusion");
  Bad(NO_SENSORS, "-loss_form newton", SD_ERR_FILE, "0 of the 7 nodes of space have a sensor");
  Bad(FEW_SENSORS, "-loss_form newton", SD_ERR_FILE, "6 of the 7 nodes of space have a sensor");
  Bad(GOOD, "-loss_form energy", SD_ERR_USAGE, "'energy' given, but the matrix of problem_type operator is not symmetric");
}

/* Without training outputs: Newton's correction is the loss, and u = shift + scale N has the mean and deviation of the equation's solutions. */
static void NoOutputs(void **state)
{
  enum { SOLVED = 8 /* the first samples, whose solutions give the scale */ };
  SdReference ref;

  (void)state;
  for (PetscInt e = 0; SdEquations[e]; e++) {
    double   *u, *a, *x, *g, *d, mean = 0, square = 0, difference = 0, norm = 0, error;
    PetscInt  Q, m;

    WriteFile(SdEquations[e], NO_OUTPUTS);
    OpenProblem("");
    assert_true(problem->inputs_only && problem->nout == 1);
    Q = problem->npoints, m = problem->nsensor;
    PetscMalloc5(NSAMPLE * Q, &u, NSAMPLE * m, &a, Q * problem->dim, &x, Q, &g, Q, &d);
    problem->ops.samples(problem, 0, NSAMPLE, a, NULL);
    problem->ops.points(problem, 0, Q, x);
    problem->ops.lift(problem, Q, x, g, d);
    for (PetscInt j = 0; j < SOLVED; j++) assert_int_equal(SdProblemSolveSample(problem, a + j * m, u + j * Q), 0);
    for (PetscInt i = 0; i < SOLVED * Q; i++) mean += u[i] / (double)(SOLVED * Q);
    for (PetscInt i = 0; i < SOLVED * Q; i++) square += pow(u[i] - mean, 2) / (double)(SOLVED * Q);
    assert_true(square > 0 && fabs(g[Q / 2] - mean) < 1e-12 && fabs(d[Q / 2] - sqrt(square)) < 1e-12);
    /* the distance of these solutions, which the held-out samples' inputs have too, from the outputs that are there */
    assert_int_equal(SdProblemGetReference(problem, &ref), 0);
    for (PetscInt i = 0; i < 2 * Q; i++) difference += pow(u[i] - ref.u[i], 2), norm += pow(ref.u[i], 2);
    assert_int_equal(SdProblemEquationError(problem, &ref, 2, &error), 0);
    assert_true(error > 0 && fabs(error - sqrt(difference / norm)) < 1e-12 * error);
    SdReferenceDestroy(&ref);
    assert_int_equal(SdObjectiveCreate(problem, &layout, &objective), 0);
    assert_string_equal(objective->name, "newton");
    PetscFree5(u, a, x, g, d);
    Close();
  }
  OpenProblem("-loss_form misfit");
  message[0] = 0;
  PetscPushErrorHandler(KeepMessage, NULL);
  assert_int_equal(SdObjectiveCreate(problem, &layout, &objective), SD_ERR_USAGE);
  PetscPopErrorHandler();
  assert_non_null(strstr(message, "loss_form: 'misfit' given, but problem_type operator has no data"));
  Close();
}

static int Register(void **state)
{
  (void)state;
  return (int)SdObjectiveRegisterOptions();
}

PROBLEM_TESTS_MAIN(rank, cmocka_unit_test_setup(Vanish, Register), cmocka_unit_test(Derivative), cmocka_unit_test(Cotangent), cmocka_unit_test(Batches), cmocka_unit_test(Basis), cmocka_unit_test(BadInput), cmocka_unit_test(NoOutputs))
