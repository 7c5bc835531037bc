/* A chain of a NIR graph as a network's parameters. Formulas: nir.h. */
#include <math.h>
#include <string.h>
#include "nir_impl.h"

#define SMALLEST 2000 /* no compression of HDF5's own makes numbers smaller than by this factor */
#define GAIN     1e-6 /* a gain this close to 1 is 1 */

/* Whether a path of a node lies in the file itself: links that lead to other files are not followed. */
static PetscErrorCode Own(SdImage *image, const char path[])
{
  H5L_info_t link;
  PetscBool  has;

  PetscFunctionBegin;
  PetscCall(SdImageHas(image, path, &has));
  if (!has)
    PetscCall(SdImageFail(image, "has no dataset %s", path));
  else if (H5Lget_info(image->file, path, &link, H5P_DEFAULT) < 0 || link.type != H5L_TYPE_HARD)
    PetscCall(SdImageFail(image, "%s is a link to elsewhere", path));
  PetscFunctionReturn(0);
}

/* Numbers of a node: name [dim[0]](...[dim[1]]), whose shape is to be these, finite. */
static PetscErrorCode Numbers(SdImage *image, const char node[], const char name[], PetscInt ndim, const PetscInt dim[], double out[])
{
  PetscInt n = 1;
  char     path[PATH];

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(path, sizeof(path), NODES "/%s/%s", node, name));
  PetscCall(Own(image, path));
  PetscCall(SdImageReadNumbers(image, path, ndim, dim, out));
  for (PetscInt i = 0; i < ndim; i++) n *= dim[i];
  for (PetscInt i = 0; i < n && !image->why[0]; i++) {
    if (!isfinite(out[i])) PetscCall(SdImageFail(image, "%s holds a number that is not finite, at place %" PetscInt_FMT, path, i));
  }
  PetscFunctionReturn(0);
}

/* The one number of all n neurons. */
static PetscErrorCode One(SdImage *image, const char node[], const char name[], PetscInt n, double *value)
{
  double *all;

  PetscFunctionBegin;
  *value = 0;
  if (image->why[0]) PetscFunctionReturn(0);
  PetscCall(PetscMalloc1(n, &all));
  PetscCall(Numbers(image, node, name, 1, &n, all));
  for (PetscInt i = 1; i < n && !image->why[0]; i++) {
    if (all[i] != all[0]) PetscCall(SdImageFail(image, "node %s: %s is %.9g and %.9g; a network's neurons have all the same", node, name, all[0], all[i]));
  }
  if (!image->why[0]) *value = all[0];
  PetscCall(PetscFree(all));
  PetscFunctionReturn(0);
}

static PetscErrorCode Zero(SdImage *image, const char node[], const char name[], PetscInt n)
{
  double value;

  PetscFunctionBegin;
  PetscCall(One(image, node, name, n, &value));
  if (!image->why[0] && value != 0) PetscCall(SdImageFail(image, "node %s: %s is %.9g, allowed: 0", node, name, value));
  PetscFunctionReturn(0);
}

/* Rows and columns of a node's weights, before anything is read: no more numbers than the file can hold. */
static PetscErrorCode Weights(SdImage *image, const char node[], PetscInt *rows, PetscInt *cols)
{
  char     path[PATH];
  PetscInt ndim = 0, dim[SD_IMAGE_RANK] = {0};
  hid_t    set;

  PetscFunctionBegin;
  *rows = *cols = 0;
  PetscCall(PetscSNPrintf(path, sizeof(path), NODES "/%s/weight", node));
  PetscCall(Own(image, path));
  PetscCall(SdImageShape(image, path, &ndim, dim));
  if (!image->why[0] && (ndim != 2 || dim[0] < 1 || dim[1] < 1 || dim[0] > PETSC_MAX_INT / dim[1])) PetscCall(SdImageFail(image, "%s must be [out][in], at most %" PetscInt_FMT " numbers", path, PETSC_MAX_INT));
  if (image->why[0]) PetscFunctionReturn(0);
  set = H5Dopen2(image->file, path, H5P_DEFAULT);
  if (set < 0 || (double)H5Dget_storage_size(set) * SMALLEST < 2.0 * (double)dim[0] * (double)dim[1]) PetscCall(SdImageFail(image, "%s claims %" PetscInt_FMT " x %" PetscInt_FMT " numbers that the file does not hold", path, dim[0], dim[1]));
  if (set >= 0) H5Dclose(set);
  *rows = dim[0];
  *cols = dim[1];
  PetscFunctionReturn(0);
}

/* Double precision reaches further than the single precision of theta. */
static PetscErrorCode CheckSingle(SdImage *image, const char node[], const char what[], PetscInt n, const float theta[])
{
  PetscFunctionBegin;
  for (PetscInt i = 0; i < n && !image->why[0]; i++) {
    if (!isfinite(theta[i])) PetscCall(SdImageFail(image, "node %s: %s is too large for single precision, at place %" PetscInt_FMT, node, what, i));
  }
  PetscFunctionReturn(0);
}

/* A layer of weights, to the end of theta; gain multiplies what the neurons after it get. */
static PetscErrorCode Affine(SdImage *image, const Node *node, PetscInt nin, SdNirChain *chain, PetscInt *nout)
{
  const PetscBool bias = (PetscBool)!strcmp(node->type, "Affine");
  PetscInt        shape[2];
  float          *grown;
  double         *number;

  PetscFunctionBegin;
  if (!bias && strcmp(node->type, "Linear")) PetscCall(SdImageFail(image, "node %s is of type %s where a chain has Affine or Linear", node->name, node->type));
  if (image->why[0]) PetscFunctionReturn(0);
  PetscCall(Weights(image, node->name, &shape[0], &shape[1]));
  if (!image->why[0] && shape[1] != nin) PetscCall(SdImageFail(image, "node %s takes %" PetscInt_FMT " inputs, but gets %" PetscInt_FMT, node->name, shape[1], nin));
  if (!image->why[0] && (double)chain->P + (double)shape[0] * ((double)nin + 1) > (double)PETSC_MAX_INT) PetscCall(SdImageFail(image, "node %s: more than %" PetscInt_FMT " parameters", node->name, PETSC_MAX_INT));
  *nout = shape[0];
  if (image->why[0]) PetscFunctionReturn(0);
  PetscCall(PetscCalloc1(shape[0] * nin + shape[0], &number));
  PetscCall(Numbers(image, node->name, "weight", 2, shape, number));
  if (bias) PetscCall(Numbers(image, node->name, "bias", 1, shape, number + shape[0] * nin));
  PetscCall(PetscMalloc1(chain->P + shape[0] * (nin + 1), &grown));
  PetscCall(PetscArraycpy(grown, chain->theta, chain->P));
  for (PetscInt i = 0; i < shape[0] * (nin + 1); i++) grown[chain->P + i] = (float)number[i];
  PetscCall(CheckSingle(image, node->name, "weight", shape[0] * nin, grown + chain->P));
  PetscCall(CheckSingle(image, node->name, "bias", shape[0], grown + chain->P + shape[0] * nin));
  PetscCall(PetscFree(chain->theta));
  chain->theta = grown;
  chain->P += shape[0] * (nin + 1);
  PetscCall(PetscFree(number));
  PetscFunctionReturn(0);
}

/* Leak, threshold and gain of a layer of n neurons. */
static PetscErrorCode Neuron(SdImage *image, const Node *node, PetscInt n, double dt, double *beta, double *threshold, double *gain)
{
  const PetscBool leaky = (PetscBool)!strcmp(node->type, "LIF");
  double          tau   = INFINITY, r, v;
  PetscBool       has;
  char            path[PATH];

  PetscFunctionBegin;
  if (!leaky && strcmp(node->type, "IF")) PetscCall(SdImageFail(image, "node %s is of type %s where a chain has LIF or IF", node->name, node->type));
  if (leaky) PetscCall(One(image, node->name, "tau", n, &tau));
  if (leaky) PetscCall(Zero(image, node->name, "v_leak", n));
  PetscCall(One(image, node->name, "r", n, &r));
  PetscCall(One(image, node->name, "v_threshold", n, &v));
  PetscCall(PetscSNPrintf(path, sizeof(path), NODES "/%s/v_reset", node->name));
  PetscCall(SdImageHas(image, path, &has));
  if (has) PetscCall(Zero(image, node->name, "v_reset", n));
  if (image->why[0]) PetscFunctionReturn(0);
  if (leaky && !(tau >= dt)) PetscCall(SdImageFail(image, "node %s: tau is %.9g s, shorter than a step of %.9g s", node->name, tau, dt));
  *beta      = leaky ? (double)(float)(1.0 - dt / tau) : 1.0;
  *threshold = (double)nextafterf((float)v, INFINITY);
  *gain      = leaky ? dt / tau * r : dt * r;
  if (fabs(*gain - 1) < GAIN) *gain = 1;
  if (!image->why[0] && !(*threshold >= 1e-6 && *threshold <= 1e6)) PetscCall(SdImageFail(image, "node %s: v_threshold is %.9g, allowed: 1e-6 to 1e6", node->name, v));
  if (!image->why[0] && !isfinite((float)*gain)) PetscCall(SdImageFail(image, "node %s: r is %.9g, too large for a step of %.9g s", node->name, r, dt));
  PetscFunctionReturn(0);
}

static PetscErrorCode Shape(SdImage *image, const Node *node, PetscInt *n)
{
  double value = 0;

  PetscFunctionBegin;
  *n = 0;
  PetscCall(Numbers(image, node->name, "shape", 1, (PetscInt[]){1}, &value));
  if (!image->why[0] && !(value >= 1 && value <= PETSC_MAX_INT && value == floor(value))) PetscCall(SdImageFail(image, "node %s: shape is %.9g, allowed: 1 to %" PetscInt_FMT, node->name, value, PETSC_MAX_INT));
  if (!image->why[0]) *n = (PetscInt)value;
  PetscFunctionReturn(0);
}

/* One layer of neurons after weights that are the last P - before numbers of theta. */
static PetscErrorCode Layer(SdImage *image, const Node *node, PetscInt n, double dt, PetscInt before, SdNirChain *chain)
{
  double beta = 0, threshold = 0, gain = 1;

  PetscFunctionBegin;
  if (!image->why[0] && chain->nlayer == SD_MAX_LAYERS) PetscCall(SdImageFail(image, "node %s: more than %d layers of neurons", node->name, SD_MAX_LAYERS));
  if (!image->why[0] && n > SD_MAX_WIDTH) PetscCall(SdImageFail(image, "node %s: %" PetscInt_FMT " neurons, at most %d", node->name, n, SD_MAX_WIDTH));
  if (!image->why[0]) PetscCall(Neuron(image, node, n, dt, &beta, &threshold, &gain));
  if (!image->why[0] && chain->nlayer && (beta != chain->beta || threshold != chain->threshold)) PetscCall(SdImageFail(image, "node %s: leak %.9g and threshold %.9g, the layer before %.9g and %.9g; a network has one of each", node->name, beta, threshold, chain->beta, chain->threshold));
  if (image->why[0]) PetscFunctionReturn(0);
  chain->beta                   = beta;
  chain->threshold              = threshold;
  chain->width[chain->nlayer++] = n;
  for (PetscInt i = before; i < chain->P && gain != 1; i++) chain->theta[i] *= (float)gain;
  PetscCall(CheckSingle(image, node->name, "a weight or bias before it, times its gain,", chain->P - before, chain->theta + before));
  PetscFunctionReturn(0);
}

/* How the features are had of the inputs and how they are fed, if the file says so. */
static PetscErrorCode Features(SdImage *image, const char node[], SdNirChain *chain)
{
  PetscBool has;
  double    log_input = -1;
  char      path[PATH];

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(path, sizeof(path), NODES "/%s/metadata/encoding", node));
  PetscCall(SdImageHas(image, path, &has));
  if (has) PetscCall(SdNirReadText(image, path, sizeof(chain->encoding), chain->encoding));
  PetscCall(PetscSNPrintf(path, sizeof(path), NODES "/%s/metadata/log_input", node));
  PetscCall(SdImageHas(image, path, &has));
  if (has) PetscCall(SdImageReadNumbers(image, path, 0, NULL, &log_input));
  if (has && !image->why[0] && log_input != 0 && log_input != 1) PetscCall(SdImageFail(image, "%s is %g; allowed: 0 or 1", path, log_input));
  chain->log_input = image->why[0] ? -1 : (int)log_input;
  PetscFunctionReturn(0);
}

PetscErrorCode SdNirReadChain(SdImage *image, const Graph *graph, PetscInt input, double dt, SdNirChain *chain)
{
  const Node *node = &graph->node[input];
  PetscInt    n = 0, shape = 0;

  PetscFunctionBegin;
  PetscCall(Shape(image, node, &n));
  PetscCall(Features(image, node->name, chain));
  chain->nin = n;
  for (;;) {
    const PetscInt before = chain->P;

    if (!image->why[0] && node->next < 0) PetscCall(SdImageFail(image, "node %s leads nowhere, not to an Output", node->name));
    if (image->why[0]) PetscFunctionReturn(0);
    node = &graph->node[node->next];
    if (!strcmp(node->type, "Output")) break;
    PetscCall(Affine(image, node, n, chain, &n));
    chain->nout = n;
    if (image->why[0] || node->next < 0) continue;
    if (!strcmp(graph->node[node->next].type, "Output")) continue;
    node = &graph->node[node->next];
    PetscCall(Layer(image, node, n, dt, before, chain));
    chain->nout = 0;
  }
  PetscCall(Shape(image, node, &shape));
  if (!image->why[0] && !chain->nlayer)
    PetscCall(SdImageFail(image, "no layer of neurons between %s and %s", graph->node[input].name, node->name));
  else if (!image->why[0] && !chain->nout)
    PetscCall(SdImageFail(image, "node %s follows a layer of neurons; a network's values come from an Affine or Linear node", node->name));
  else if (!image->why[0] && shape != n)
    PetscCall(SdImageFail(image, "node %s has shape %" PetscInt_FMT ", but gets %" PetscInt_FMT " values", node->name, shape, n));
  else if (!image->why[0] && node->next >= 0)
    PetscCall(SdImageFail(image, "node %s is an Output and leads on to %s", node->name, graph->node[node->next].name));
  PetscFunctionReturn(0);
}
