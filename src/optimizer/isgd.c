/* Implicit gradient descent (arXiv 2303.01767): theta_{k+1} = theta_k - lr grad L(theta_{k+1}), a stationary point of the loss plus
   |theta - theta_k|^2 / (2 lr), looked for by inner iterations on the same batch and along the same directions. q is its gradient:

     q_i = g(theta_i) + (theta_i - theta_k) / lr,   theta_{i+1} = theta_i - eta_i q_i
     eta_0 = the first inner step, then |s| / |y| with s, y the last changes of theta and q; never more than lr

   until |q_i| <= tolerance |q_0| or there have been as many as allowed. The inner solver is ours: eta is the geometric mean of Barzilai and
   Borwein's two steps (IMA J. Numer. Anal. 8, 1988). It needs no line search, whose comparisons of losses mean little where spikes come
   and go, and no convexity. */
#include <math.h>
#include <spindrift/options.h>
#include "optimizer_impl.h"

typedef struct {
  PetscInt  most;
  PetscReal first, tolerance, eta, q0; /* q0: |q_0| of the step in progress */
  float    *anchor, *last;             /* [P] theta_k, theta_{i-1} */
  double   *q;                         /* [P] q_{i-1} */
} Implicit;

/* q into its place; its norm, and those of the changes since the last one. */
static void Gradient(const Implicit *c, PetscInt P, PetscReal lr, const double g[], const unsigned char mask[], const float theta[], double *size, double *s, double *y)
{
  *size = *s = *y = 0;
  for (PetscInt p = 0; p < P; p++) {
    double q;

    if (mask && !mask[p]) continue;
    q = g[p] + ((double)theta[p] - (double)c->anchor[p]) / lr;
    *size += q * q;
    *s += ((double)theta[p] - (double)c->last[p]) * ((double)theta[p] - (double)c->last[p]);
    *y += (q - c->q[p]) * (q - c->q[p]);
    c->q[p]    = q;
    c->last[p] = theta[p];
  }
  *size = sqrt(*size);
  *s    = sqrt(*s);
  *y    = sqrt(*y);
}

static PetscErrorCode Step_ISGD(SdOptimizer opt, PetscInt step, PetscReal lr, const double g[], const unsigned char mask[], float theta[])
{
  Implicit       *c     = opt->data;
  const PetscBool first = (PetscBool)(opt->inner == 0);
  double          size, s, y;

  PetscFunctionBegin;
  (void)step;
  if (lr <= 0) PetscFunctionReturn(0);
  if (first) PetscCall(PetscArraycpy(c->anchor, theta, opt->P));
  Gradient(c, opt->P, lr, g, mask, theta, &size, &s, &y);
  if (first) {
    c->eta = c->first;
    c->q0  = size;
  } else if (y > 0) {
    c->eta = s / y;
  }
  if (!first && size <= c->tolerance * c->q0) PetscFunctionReturn(0);
  c->eta = PetscMin(c->eta, lr);
  for (PetscInt p = 0; p < opt->P; p++) {
    if (!mask || mask[p]) theta[p] = (float)((double)theta[p] - c->eta * c->q[p]);
  }
  opt->again = (PetscBool)(opt->inner + 1 < c->most);
  PetscFunctionReturn(0);
}

static PetscErrorCode Destroy_ISGD(SdOptimizer opt)
{
  Implicit *c = opt->data;

  PetscFunctionBegin;
  PetscCall(PetscFree3(c->anchor, c->last, c->q));
  PetscCall(PetscFree(opt->data));
  PetscFunctionReturn(0);
}

PetscErrorCode SdOptimizerCreate_ISGD(SdOptimizer opt)
{
  Implicit *c;

  PetscFunctionBegin;
  PetscCall(PetscNew(&c));
  PetscCall(SdOptionsGetInt("optimizer_inner", &c->most));
  PetscCall(SdOptionsGetReal("optimizer_inner_lr", &c->first));
  PetscCall(SdOptionsGetReal("optimizer_inner_tolerance", &c->tolerance));
  PetscCall(PetscCalloc3(opt->P, &c->anchor, opt->P, &c->last, opt->P, &c->q));
  opt->data = c;
  opt->ops  = (SdOptimizerOps){.step = Step_ISGD, .destroy = Destroy_ISGD};
  PetscFunctionReturn(0);
}
