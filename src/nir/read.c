/* A NIR file read by rank 0 and shared. */
#include <math.h>
#include <string.h>
#include "nir_impl.h"

/* What all ranks need before the arrays. */
typedef struct {
  SdNir      nir;    /* pointers mean nothing */
  PetscInt64 config; /* bytes with the final zero, 0: none */
} Head;

/* dt of the file's metadata where none is given. */
static PetscErrorCode Step(SdImage *image, double *dt)
{
  PetscBool has = PETSC_FALSE;

  PetscFunctionBegin;
  if (*dt > 0) PetscFunctionReturn(0);
  PetscCall(SdImageHas(image, METADATA, &has));
  if (has) PetscCall(SdImageHas(image, METADATA "/dt", &has));
  *dt = strtod(SD_NIR_DT, NULL);
  if (has) PetscCall(SdImageReadNumbers(image, METADATA "/dt", 0, NULL, dt));
  if (!image->why[0] && !(*dt > 0 && *dt < 1e30)) PetscCall(SdImageFail(image, METADATA "/dt is %g s", *dt));
  PetscFunctionReturn(0);
}

/* The operator's own parameters. */
static PetscErrorCode Constants(SdImage *image, SdNir *nir)
{
  PetscInt  ndim = 0, dim[SD_IMAGE_RANK] = {0};
  PetscBool has = PETSC_FALSE;

  PetscFunctionBegin;
  PetscCall(SdImageHas(image, METADATA, &has));
  if (has) PetscCall(SdImageHas(image, METADATA "/constants", &has));
  if (!has) PetscFunctionReturn(0);
  PetscCall(SdImageShape(image, METADATA "/constants", &ndim, dim));
  if (!image->why[0] && (ndim != 1 || dim[0] < 1 || dim[0] > SD_MAX_WIDTH)) PetscCall(SdImageFail(image, METADATA "/constants must be [outputs], at most %d", SD_MAX_WIDTH));
  if (image->why[0]) PetscFunctionReturn(0);
  nir->nconstant = dim[0];
  PetscCall(PetscMalloc1(dim[0], &nir->constant));
  PetscCall(SdImageReadArray(image, METADATA "/constants", H5T_NATIVE_FLOAT, 1, dim, nir->constant));
  for (PetscInt i = 0; i < dim[0] && !image->why[0]; i++) {
    if (!isfinite(nir->constant[i])) PetscCall(SdImageFail(image, METADATA "/constants holds a number that is not finite, at place %" PetscInt_FMT, i));
  }
  PetscFunctionReturn(0);
}

/* The configuration, if there is one. */
static PetscErrorCode Configuration(SdImage *image, char **config)
{
  PetscBool has = PETSC_FALSE;

  PetscFunctionBegin;
  *config = NULL;
  PetscCall(SdImageHas(image, METADATA, &has));
  if (has) PetscCall(SdImageHas(image, METADATA "/configuration", &has));
  if (has) PetscCall(SdNirReadLong(image, METADATA "/configuration", config));
  PetscFunctionReturn(0);
}

/* "branch_input" is of the part "branch", any other name of the only one. */
static PetscErrorCode PartName(SdImage *image, const char node[], char name[16])
{
  const char *end = strstr(node, "_input");

  PetscFunctionBegin;
  name[0] = 0;
  if (!end || end[6]) PetscFunctionReturn(0);
  if (end - node > 15)
    PetscCall(SdImageFail(image, "node %s: the part before _input is longer than 15 letters", node));
  else
    PetscCall(PetscStrncpy(name, node, (size_t)(end - node) + 1));
  PetscFunctionReturn(0);
}

static PetscErrorCode Chains(SdImage *image, const Graph *graph, double dt, SdNir *nir)
{
  PetscInt seen = 0;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < graph->nnode && !image->why[0]; i++) {
    if (strcmp(graph->node[i].type, "Input")) continue;
    if (graph->node[i].before >= 0)
      PetscCall(SdImageFail(image, "node %s is an Input and follows %s", graph->node[i].name, graph->node[graph->node[i].before].name));
    else if (nir->nchain == SD_MAX_PARTS)
      PetscCall(SdImageFail(image, "more than %d nodes of type Input", SD_MAX_PARTS));
    if (image->why[0]) break;
    PetscCall(PartName(image, graph->node[i].name, nir->chain[nir->nchain].name));
    PetscCall(SdNirReadChain(image, graph, i, dt, &nir->chain[nir->nchain]));
    seen += 2 * nir->chain[nir->nchain++].nlayer + 3;
  }
  if (!image->why[0] && !nir->nchain) PetscCall(SdImageFail(image, "the graph has no node of type Input"));
  if (!image->why[0] && nir->nchain == 1) nir->chain[0].name[0] = 0;
  if (!image->why[0] && seen != graph->nnode) PetscCall(SdImageFail(image, "%" PetscInt_FMT " of %" PetscInt_FMT " nodes are in no chain from an Input to an Output", graph->nnode - seen, graph->nnode));
  PetscFunctionReturn(0);
}

static PetscErrorCode Read(const char path[], double dt, SdImage *image, SdNir *nir)
{
  Graph *graph;

  PetscFunctionBegin;
  PetscCall(PetscNew(&graph));
  PetscCall(SdImageOpen(path, SD_NIR_LIMIT, image));
  PetscCall(SdNirReadGraph(image, graph));
  PetscCall(Step(image, &dt));
  PetscCall(Chains(image, graph, dt, nir));
  PetscCall(Constants(image, nir));
  PetscCall(Configuration(image, &nir->config));
  PetscCall(SdImageClose(image));
  PetscCall(PetscFree(graph));
  PetscFunctionReturn(0);
}

PetscErrorCode SdNirRead(MPI_Comm comm, const char path[], double dt, SdNir *nir)
{
  SdImage     image = {0};
  Head        head  = {0};
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCall(PetscMemzero(nir, sizeof(*nir)));
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (!rank) PetscCall(Read(path, dt, &image, nir));
  if (!rank && image.why[0]) PetscCall(SdNirDestroy(nir));
  PetscCall(SdImageCheck(comm, rank ? NULL : &image));
  head.nir    = *nir;
  head.config = nir->config ? (PetscInt64)strlen(nir->config) + 1 : 0;
  PetscCallMPI(MPI_Bcast(&head, (PetscMPIInt)sizeof(head), MPI_BYTE, 0, comm));
  if (rank) {
    *nir        = head.nir;
    nir->config = NULL;
    if (head.config) PetscCall(PetscMalloc1(head.config, &nir->config));
    nir->constant = NULL;
    PetscCall(PetscMalloc1(nir->nconstant, &nir->constant));
    for (PetscInt i = 0; i < nir->nchain; i++) PetscCall(PetscMalloc1(nir->chain[i].P, &nir->chain[i].theta));
  }
  PetscCallMPI(MPI_Bcast(nir->config, (PetscMPIInt)head.config, MPI_CHAR, 0, comm));
  PetscCallMPI(MPI_Bcast(nir->constant, (PetscMPIInt)nir->nconstant, MPI_FLOAT, 0, comm));
  for (PetscInt i = 0; i < nir->nchain; i++) PetscCallMPI(MPI_Bcast(nir->chain[i].theta, (PetscMPIInt)nir->chain[i].P, MPI_FLOAT, 0, comm));
  PetscFunctionReturn(0);
}

PetscErrorCode SdNirDestroy(SdNir *nir)
{
  PetscFunctionBegin;
  for (PetscInt i = 0; i < SD_MAX_PARTS; i++) PetscCall(PetscFree(nir->chain[i].theta));
  PetscCall(PetscFree(nir->constant));
  PetscCall(PetscFree(nir->config));
  nir->nchain = 0;
  PetscFunctionReturn(0);
}

PetscErrorCode SdNirConfiguration(MPI_Comm comm, const char path[], char **config)
{
  SdImage     image = {0};
  PetscInt64  len   = 0;
  PetscMPIInt rank;

  PetscFunctionBegin;
  *config = NULL;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (!rank) {
    PetscCall(SdImageOpen(path, SD_NIR_LIMIT, &image));
    PetscCall(Configuration(&image, config));
    PetscCall(SdImageClose(&image));
  }
  PetscCall(SdImageCheck(comm, rank ? NULL : &image));
  if (!rank && *config) len = (PetscInt64)strlen(*config) + 1;
  PetscCallMPI(MPI_Bcast(&len, 1, MPI_INT64_T, 0, comm));
  if (rank && len) PetscCall(PetscMalloc1(len, config));
  PetscCallMPI(MPI_Bcast(*config, (PetscMPIInt)len, MPI_CHAR, 0, comm));
  PetscFunctionReturn(0);
}
