/* A small network on 1-D points with a cotangent, for the tests of src/network and src/gradient. */
#ifndef SD_GRADIENT_FIXTURE_H
#define SD_GRADIENT_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <math.h>
#include <spindrift/gradient.h>
#include <spindrift/options.h>

#define OK(call) assert_int_equal((call), 0)

typedef struct {
  SdNetwork net;
  SdLayout  layout;
  SdBatch   batch;
  float    *theta, *u, *w;
  double   *g, *exact; /* [P]; exact by reverse */
} Fixture;

static double Dot(PetscInt n, const double a[], const double b[])
{
  double sum = 0;

  for (PetscInt i = 0; i < n; i++) sum += a[i] * b[i];
  return sum;
}

static double Distance(PetscInt n, const double a[], const double b[])
{
  double sum = 0;

  for (PetscInt i = 0; i < n; i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sqrt(sum / Dot(n, b, b));
}

/* Weight direction k as floats. */
static inline void Dense(SdNetwork net, const SdPerturbation *along, PetscInt k, float v[])
{
  const PetscInt begin = net->word[2 * along->from[k]], end = net->word[2 * along->to[k]];
  uint64_t      *signs = malloc(sizeof(uint64_t) * (size_t)(end - begin));

  SdNetworkSigns(net, along, k, begin, end - begin, signs);
  for (PetscInt seg = 2 * along->from[k]; seg < 2 * along->to[k]; seg++) {
    const PetscInt cols = SdSegmentCols(net, seg);

    for (PetscInt n = 0; n < SdSegmentRows(net, seg); n++) net->kernels->expand((size_t)cols, signs + net->word[seg] - begin + n * SD_WORDS(cols), 1.0f, v + net->segment[seg].offset + n * cols);
  }
  free(signs);
}

static inline void Estimate(Fixture *f, const SdGradientConfig *cfg, PetscInt step, double g[])
{
  SdGradient grad;

  OK(SdGradientCreate(f->net, &f->layout, cfg, 7, &grad));
  OK(SdGradientSetBatch(grad, &f->batch));
  OK(SdGradientEvaluate(grad, f->theta, step, f->u));
  OK(SdGradientAssemble(grad, f->theta, f->w, g));
  OK(SdGradientDestroy(&grad));
}

/* options: "-net_width 12,9 ..." on top of the defaults; nin: 1 or 2 */
static inline void FixtureCreateIn(Fixture *f, PetscInt nin, PetscInt npoints, const char options[], int smooth)
{
  static const double lo[] = {0, 0}, hi[] = {1, 1};
  double             *x;

  OK(PetscOptionsClear(NULL));
  OK(PetscOptionsInsertString(NULL, options));
  OK(SdNetworkCreate("net", nin, lo, hi, 1, &f->net));
  f->net->neuron.smooth = smooth;
  OK(SdLayoutCreate(PETSC_COMM_SELF, npoints, 3, &f->layout));
  x = malloc(sizeof(double) * (size_t)(nin * npoints));
  f->theta = malloc(sizeof(float) * (size_t)f->net->P);
  f->u     = malloc(sizeof(float) * (size_t)npoints);
  f->w     = malloc(sizeof(float) * (size_t)npoints);
  f->g     = malloc(sizeof(double) * (size_t)f->net->P);
  f->exact = malloc(sizeof(double) * (size_t)f->net->P);
  for (PetscInt i = 0; i < npoints; i++) {
    const double t = (double)i / (double)(npoints - 1);

    x[nin * i] = t;
    if (nin > 1) x[nin * i + 1] = fmod(7 * t, 1.0);
    f->w[i] = (float)(sin(7.0 * t) + 0.3);
  }
  PetscInt count[3];
  for (PetscInt s = 0; s < 3; s++) {
    PetscInt begin, end;

    OK(SdLayoutShard(&f->layout, s, &begin, &end));
    count[s] = end - begin;
  }
  OK(SdBatchCreate(f->net, 0, 3, count, x, &f->batch));
  free(x);
  OK(SdNetworkInitialize(f->net, 3, 0, NULL, f->theta));
  Estimate(f, &(SdGradientConfig){.method = SD_METHOD_REVERSE}, 0, f->exact);
  assert_true(Dot(f->net->P, f->exact, f->exact) > 0);
}

static inline void FixtureCreate(Fixture *f, PetscInt npoints, const char options[], int smooth)
{
  FixtureCreateIn(f, 1, npoints, options, smooth);
}

static inline void FixtureDestroy(Fixture *f)
{
  OK(SdBatchDestroy(&f->batch));
  OK(SdNetworkDestroy(&f->net));
  free(f->theta);
  free(f->u);
  free(f->w);
  free(f->g);
  free(f->exact);
}

/* A fixture's main: PETSc and the option tables around cmocka. */
#define SD_TEST_MAIN(tests) \
  int main(int argc, char **argv) \
  { \
    int failed; \
    if (PetscInitialize(&argc, &argv, NULL, NULL) || SdNetworkRegisterOptions() || SdGradientRegisterOptions()) return 99; \
    failed = cmocka_run_group_tests(tests, NULL, NULL); \
    if (PetscFinalize()) return 99; \
    return failed; \
  }

#endif
