/* Steady convection, diffusion and reaction on the unit square, as a plug-in:

     -k (u_xx + u_yy) + b . grad u + r u = f,   u given on the boundary

   f and the boundary values are those of u = exp(x/2 - 3y/10) + sin(3x + 1/5) cos(5y/2). */
#include <math.h>
#include <spindrift/plugin.h>

typedef struct {
  double k, b[2], r;
} Coefficients;

static const SdOption Keys[] = {
    {"problem_cdr_diffusion", SD_REAL, "0.1", "", 1e-6, 1e6, NULL, "cdr: the constant k"},
    {"problem_cdr_velocity", SD_REALS, "1,-0.5", "", -1e6, 1e6, NULL, "cdr: the vector b, two numbers"},
    {"problem_cdr_reaction", SD_REAL, "2", "", 0, 1e6, NULL, "cdr: the constant r"},
    {NULL, SD_BOOL, NULL, NULL, 0, 0, NULL, NULL}};

static PetscErrorCode Options(void *ctx)
{
  Coefficients *c = (Coefficients *)ctx;
  PetscInt      n = 2;

  PetscFunctionBegin;
  PetscCall(SdOptionsGetReal("problem_cdr_diffusion", &c->k));
  PetscCall(SdOptionsGetReals("problem_cdr_velocity", c->b, &n));
  PetscCheck(n == 2, PETSC_COMM_WORLD, SD_ERR_USAGE, "problem_cdr_velocity: %d numbers given; allowed: 2", (int)n);
  PetscCall(SdOptionsGetReal("problem_cdr_reaction", &c->r));
  PetscFunctionReturn(0);
}

static double U(const void *ctx, const double x[])
{
  (void)ctx;
  return exp(0.5 * x[0] - 0.3 * x[1]) + sin(3 * x[0] + 0.2) * cos(2.5 * x[1]);
}

/* -k (u_xx + u_yy) + b . grad u of that u */
static double Transport(const Coefficients *c, const double x[])
{
  const double e = exp(0.5 * x[0] - 0.3 * x[1]), s = sin(3 * x[0] + 0.2), t = cos(2.5 * x[1]);
  const double ux = 0.5 * e + 3 * cos(3 * x[0] + 0.2) * t, uy = -0.3 * e - 2.5 * s * sin(2.5 * x[1]);
  const double laplacian = (0.25 + 0.09) * e - (9 + 6.25) * s * t;

  return -c->k * laplacian + c->b[0] * ux + c->b[1] * uy;
}

/* -k (u_xx + u_yy) + b . grad u by central differences, and its derivatives by u[0] ... u[4] */
static double Differences(const Coefficients *c, const double h[], const double u[], double dF[])
{
  double F = 0;

  dF[0] = 0;
  for (int a = 0; a < 2; a++) {
    const double diffusion = c->k / (h[a] * h[a]), convection = c->b[a] / (2 * h[a]);

    dF[0] += 2 * diffusion;
    dF[1 + 2 * a] = -diffusion - convection; /* the neighbour below */
    dF[2 + 2 * a] = -diffusion + convection; /* the neighbour above */
  }
  for (int s = 0; s < 5; s++) F += dF[s] * u[s];
  return F;
}

static double Row(const void *ctx, const double x[], const double h[], const double u[], double dF[])
{
  const Coefficients *c = (const Coefficients *)ctx;
  const double        F = Differences(c, h, u, dF);

  dF[0] += c->r;
  return F + c->r * u[0] - (Transport(c, x) + c->r * U(ctx, x));
}

static const SdStationary Linear = {
    .dim = 2, .lo = {0, 0}, .hi = {1, 1}, .linear = PETSC_TRUE, .size = sizeof(Coefficients), .options = Options, .row = Row, .boundary = U, .exact = U};

static PetscErrorCode CreateLinear(SdProblem p)
{
  PetscFunctionBegin;
  PetscCall(SdStationaryCreate(p, &Linear));
  PetscFunctionReturn(0);
}

/* The same with a reaction r u^3. */
static double RowCubic(const void *ctx, const double x[], const double h[], const double u[], double dF[])
{
  const Coefficients *c = (const Coefficients *)ctx;
  const double        F = Differences(c, h, u, dF), exact = U(ctx, x);

  dF[0] += 3 * c->r * u[0] * u[0];
  return F + c->r * u[0] * u[0] * u[0] - (Transport(c, x) + c->r * exact * exact * exact);
}

static const SdStationary Cubic = {
    .dim = 2, .lo = {0, 0}, .hi = {1, 1}, .size = sizeof(Coefficients), .options = Options, .row = RowCubic, .boundary = U};

static PetscErrorCode CreateCubic(SdProblem p)
{
  PetscFunctionBegin;
  PetscCall(SdStationaryCreate(p, &Cubic));
  PetscFunctionReturn(0);
}

static PetscErrorCode Register(void)
{
  PetscFunctionBegin;
  PetscCall(SdProblemRegister("cdr", "-k Laplace u + b . grad u + r u = f on the unit square, Dirichlet", Keys, CreateLinear));
  PetscCall(SdProblemRegister("cdr_cubic", "the same with the reaction r u^3", Keys, CreateCubic));
  PetscFunctionReturn(0);
}
SD_PLUGIN(Register)
