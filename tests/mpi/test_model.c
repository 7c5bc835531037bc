/* Models on several ranks. The truth is the same model on PETSC_COMM_SELF, computed by every rank: outputs and gradients are the same
   bits. There, outputs are compared with the formula of model.h, the cotangents with the outputs' own derivatives (u is linear in each
   network's values), and the gradient with finite differences of smooth networks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <spindrift/model_gradient.h>
#include <spindrift/options.h>

#define OK(call) assert_int_equal((call), 0)
#define NITEM    70 /* more than a block */
#define NSENSOR  5
#define NSHARD   3

typedef struct {
  const char *options;
  PetscInt    dim, nout, grid[SD_MAX_AXES]; /* grid[0] = 0: 11 scattered points */
  PetscInt    nsensor;
} Case;

static const Case cases[] = {
  {"-model_type deeponet -model_rank 5", 1, 1, {0}, NSENSOR},
  {"-model_type deeponet -model_rank 17 -branch_width 6 -trunk_T 3", 2, 2, {0}, NSENSOR},
  {"-model_type seponet -model_rank 4", 2, 1, {4, 3}, NSENSOR},
  {"-model_type seponet -model_rank 3 -trunk_fourier 1", 3, 2, {2, 3, 4}, NSENSOR},
  {"-model_type mlp", 2, 2, {3, 2}, NSENSOR},
  {"-model_type auto", 2, 2, {0}, 0},
};
enum { NCASE = sizeof(cases) / sizeof(cases[0]) };

/* A model with items and parameters, cut over the ranks of comm. */
typedef struct {
  const Case  *c;
  SdModel      model;
  SdLayout     layout;
  SdModelInput input;
  double       items[NITEM * NSENSOR], x[64 * SD_MAX_AXES];
  PetscInt     npoint, n; /* own items */
  float       *theta, *u, *w;
  double      *g;
} Fixture;

static double Value(PetscInt i)
{
  return 0.5 + 0.5 * sin(1.0 + 0.7 * (double)i + 0.013 * (double)(i * i % 101));
}

static void Create(Fixture *f, const Case *c, MPI_Comm comm, int smooth)
{
  static const double lo[SD_MAX_AXES] = {0}, hi[SD_MAX_AXES] = {1, 2, 1};
  SdModelSpec         spec = {.dim = c->dim, .nout = c->nout, .lo = lo, .hi = hi, .nsensor = c->nsensor, .a_hi = 1, .x = f->x, .grid = c->grid};

  f->c = c;
  OK(PetscOptionsClear(NULL));
  OK(PetscOptionsInsertString(NULL, "-net_width 8,7 -net_T 5"));
  OK(PetscOptionsInsertString(NULL, c->options));
  f->npoint = c->grid[0] ? 1 : 11;
  for (PetscInt a = 0; a < c->dim && c->grid[0]; a++) f->npoint *= c->grid[a];
  for (PetscInt q = 0; q < f->npoint; q++) {
    PetscInt rest = q;

    for (PetscInt a = 0; a < c->dim; a++) {
      f->x[q * c->dim + a] = c->grid[0] ? Value(100 * a + rest % c->grid[a]) : Value(q * c->dim + a);
      if (c->grid[0]) rest /= c->grid[a];
    }
  }
  for (PetscInt i = 0; i < NITEM * NSENSOR; i++) f->items[i] = Value(3 * i);
  spec.npoint = f->npoint;
  OK(SdModelCreate(&spec, &f->model));
  for (PetscInt i = 0; i < f->model->npart; i++) f->model->part[i].net->neuron.smooth = smooth;
  OK(SdLayoutCreate(comm, NITEM, NSHARD, &f->layout));
  OK(SdModelInputCreate(f->model, &f->layout, &f->input));
  OK(SdModelInputSet(f->input, NULL, f->items + f->layout.begin * f->model->part[0].net->dim));
  f->n     = f->layout.end - f->layout.begin;
  f->theta = malloc(sizeof(float) * (size_t)f->model->P);
  f->g     = malloc(sizeof(double) * (size_t)f->model->P);
  f->u     = malloc(sizeof(float) * (size_t)(f->model->rows * f->n + 1));
  f->w     = malloc(sizeof(float) * (size_t)(f->model->rows * f->n + 1));
  OK(SdModelInitialize(f->model, 5, c->nsensor ? NITEM : 0, f->items, f->theta));
  f->theta[f->model->P - 1] += 0.25f;
  for (PetscInt r = 0; r < f->model->rows; r++) {
    for (PetscInt i = 0; i < f->n; i++) f->w[r * f->n + i] = (float)(Value(7 * r + f->layout.begin + i) - 0.4);
  }
}

static void Destroy(Fixture *f)
{
  free(f->theta);
  free(f->g);
  free(f->u);
  free(f->w);
  OK(SdModelInputDestroy(&f->input));
  OK(SdModelDestroy(&f->model));
}

static void Gradient(Fixture *f, const SdGradientConfig *cfg)
{
  SdModelGradient grad;

  OK(SdModelGradientCreate(f->input, cfg, 9, &grad));
  OK(SdModelGradientSetBatch(grad));
  OK(SdModelGradientEvaluate(grad, f->theta, 4, f->u));
  OK(SdModelGradientAssemble(grad, f->theta, f->w, f->g));
  OK(SdModelGradientDestroy(&grad));
}

static void test_ranks_give_the_same_bits(void **state)
{
  static const SdGradientConfig configs[] = {
    {.method = SD_METHOD_REVERSE},
    {.method = SD_METHOD_NODE, .K = 1, .tail = SD_TAIL_UNIT, .guess = SD_GUESS_TRANSPOSE},
    {.method = SD_METHOD_WEIGHT, .K = 3, .tail = SD_TAIL_READOUT, .reduce = SD_REDUCE_SCALARS},
  };

  (void)state;
  for (int c = 0; c < NCASE; c++) {
    for (size_t k = 0; k < sizeof(configs) / sizeof(configs[0]); k++) {
      Fixture one, all;
      float  *N[2];

      Create(&one, &cases[c], PETSC_COMM_SELF, 0);
      Create(&all, &cases[c], PETSC_COMM_WORLD, 0);
      Gradient(&one, &configs[k]);
      Gradient(&all, &configs[k]);
      for (PetscInt r = 0; r < one.model->rows; r++) {
        for (PetscInt i = 0; i < all.n; i++) assert_true(all.u[r * all.n + i] == one.u[r * NITEM + all.layout.begin + i]);
      }
      for (PetscInt p = 0; p < one.model->P; p++) assert_true(one.g[p] == all.g[p]);
      for (int i = 0; i < 2; i++) {
        N[i] = malloc(sizeof(float) * (size_t)(one.model->rows * NITEM));
        OK(SdModelPredict(one.model, i ? PETSC_COMM_WORLD : PETSC_COMM_SELF, one.theta, NITEM, one.items, N[i]));
        assert_memory_equal(N[i], one.u, sizeof(float) * (size_t)(one.model->rows * NITEM));
        free(N[i]);
      }
      Destroy(&one);
      Destroy(&all);
    }
  }
}

/* Value of a part's output r for output point q and item j. */
static double PartValue(const Fixture *f, PetscInt part, PetscInt r, PetscInt q, PetscInt j, float *const out[])
{
  PetscInt stride = 1;

  if (!part) return (double)out[0][r * NITEM + j];
  for (PetscInt k = 1; k < part; k++) stride *= f->model->part[k].npoint;
  return (double)out[part][r * f->model->part[part].npoint + q / stride % f->model->part[part].npoint];
}

static void test_combination_is_the_formula(void **state)
{
  (void)state;
  for (int c = 0; c < NCASE; c++) {
    Fixture f;
    SdModel m;
    float  *out[SD_MAX_PARTS];

    Create(&f, &cases[c], PETSC_COMM_SELF, 0);
    m = f.model;
    for (PetscInt i = 0; i < m->npart; i++) {
      const PetscInt n = m->part[i].net->nout * f.input->batch[i].npoint;

      out[i] = malloc(sizeof(float) * (size_t)n);
      for (PetscInt k = 0; k < n; k++) out[i][k] = (float)(Value(17 * k + i) - 0.5);
    }
    OK(m->ops.combine(f.input, f.theta, out, f.u));
    for (PetscInt row = 0; row < m->rows && m->rank; row++) {
      const PetscInt o = row / m->npoint, q = row % m->npoint;

      for (PetscInt j = 0; j < NITEM; j++) {
        double u = (double)f.theta[m->P - m->nout + o];

        for (PetscInt r = 0; r < m->rank; r++) {
          double term = 1;

          for (PetscInt i = 0; i < m->npart; i++) term *= PartValue(&f, i, o * m->rank + r, q, j, out);
          u += term;
        }
        assert_true(fabs(u - (double)f.u[row * NITEM + j]) < 1e-5);
      }
    }
    for (PetscInt i = 0; i < m->npart; i++) free(out[i]);
    Destroy(&f);
  }
}

/* <w, u(out + e)> - <w, u(out - e)> over 2 for a change e of one part's outputs, and <cotangent, e>. */
static void test_cotangents_are_derivatives(void **state)
{
  (void)state;
  for (int c = 0; c < NCASE; c++) {
    Fixture f;
    SdModel m;
    float  *out[SD_MAX_PARTS], *cotangent[SD_MAX_PARTS];

    Create(&f, &cases[c], PETSC_COMM_SELF, 0);
    m = f.model;
    for (PetscInt i = 0; i < m->npart; i++) {
      const PetscInt n = m->part[i].net->nout * f.input->batch[i].npoint;

      out[i]       = malloc(sizeof(float) * (size_t)n);
      cotangent[i] = malloc(sizeof(float) * (size_t)n);
      for (PetscInt k = 0; k < n; k++) out[i][k] = (float)(Value(17 * k + i) - 0.5);
    }
    for (PetscInt i = 0; i < m->npart; i++) {
      const PetscInt n = m->part[i].net->nout * f.input->batch[i].npoint;
      double         difference = 0, dual = 0;

      for (int side = 1; side >= -1; side -= 2) {
        for (PetscInt k = 0; k < n; k++) out[i][k] += (float)side * (float)Value(5 * k);
        OK(m->ops.combine(f.input, f.theta, out, f.u));
        for (PetscInt k = 0; k < m->rows * NITEM; k++) difference += 0.5 * side * (double)f.w[k] * (double)f.u[k];
        for (PetscInt k = 0; k < n; k++) out[i][k] -= (float)side * (float)Value(5 * k);
      }
      OK(m->ops.combine(f.input, f.theta, out, f.u));
      OK(m->ops.pull(f.input, out, f.w, cotangent, f.g));
      for (PetscInt k = 0; k < n; k++) dual += (double)cotangent[i][k] * (double)(float)Value(5 * k);
      assert_true(fabs(dual) > 1e-3);
      assert_true(fabs(difference - dual) < 1e-4 * fabs(dual) + 1e-4);
    }
    for (PetscInt i = 0; i < m->npart; i++) {
      free(out[i]);
      free(cotangent[i]);
    }
    Destroy(&f);
  }
}

static double Loss(Fixture *f)
{
  double sum = 0;

  OK(SdModelPredict(f->model, PETSC_COMM_SELF, f->theta, NITEM, f->items, f->u));
  for (PetscInt k = 0; k < f->model->rows * NITEM; k++) sum += (double)f->w[k] * (double)f->u[k];
  return sum;
}

static void test_gradient_is_that_of_finite_differences(void **state)
{
  (void)state;
  for (int c = 0; c < NCASE; c++) {
    Fixture f;
    double  largest = 0;

    Create(&f, &cases[c], PETSC_COMM_SELF, 1);
    Gradient(&f, &(SdGradientConfig){.method = SD_METHOD_REVERSE});
    for (PetscInt p = 0; p < f.model->P; p++) largest = PetscMax(largest, fabs(f.g[p]));
    for (PetscInt i = 0; i < f.model->nsegment; i++) {
      const SdSegment *seg = &f.model->segment[i];
      const PetscInt   p   = seg->offset + seg->rows * seg->cols / 2;
      const float      kept = f.theta[p], h = 1e-2f;
      double           difference;

      f.theta[p] = kept + h;
      difference = Loss(&f);
      f.theta[p] = kept - h;
      difference = (difference - Loss(&f)) / (2 * (double)h);
      f.theta[p] = kept;
      assert_true(fabs(difference - f.g[p]) < 2e-3 * largest);
    }
    Destroy(&f);
  }
}

/* Networks of one model draw other numbers: of one seed, and none those of another seed. */
static void test_parts_have_seeds_of_their_own(void **state)
{
  (void)state;
  for (uint64_t seed = 1; seed < 40; seed++) {
    for (PetscInt part = 0; part < 4; part++) {
      for (uint64_t other = 1; other <= seed; other++) {
        for (PetscInt k = 0; k < 4; k++) assert_true((SdModelSeed(seed, part) == SdModelSeed(other, k)) == (other == seed && k == part));
      }
    }
  }
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_parts_have_seeds_of_their_own), cmocka_unit_test(test_ranks_give_the_same_bits),
    cmocka_unit_test(test_combination_is_the_formula),
    cmocka_unit_test(test_cotangents_are_derivatives),
    cmocka_unit_test(test_gradient_is_that_of_finite_differences),
  };
  int failed;

  if (PetscInitialize(&argc, &argv, NULL, NULL) || SdModelRegisterOptions() || SdNetworkRegisterOptions() || SdGradientRegisterOptions()) return 99;
  failed = cmocka_run_group_tests(tests, NULL, NULL);
  if (PetscFinalize()) return 99;
  return failed;
}
