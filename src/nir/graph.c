/* The graph of a NIR file: nodes with their types, and edges, which must make chains. */
#include <string.h>
#include "nir_impl.h"

static PetscInt Find(const Graph *graph, const char name[])
{
  for (PetscInt i = 0; i < graph->nnode; i++) {
    if (!strcmp(graph->node[i].name, name)) return i;
  }
  return -1;
}

/* Nodes in the order of their names. Links that lead elsewhere are not followed. */
static PetscErrorCode Nodes(SdImage *image, Graph *graph)
{
  H5G_info_t info;
  hid_t      group = H5Gopen2(image->file, NODES, H5P_DEFAULT);
  char       path[PATH];

  PetscFunctionBegin;
  if (group < 0 || H5Gget_info(group, &info) < 0)
    PetscCall(SdImageFail(image, "has no group " NODES ": not a NIR graph"));
  else if (info.nlinks < 1 || info.nlinks > MAX_NODES)
    PetscCall(SdImageFail(image, NODES " has %llu nodes, allowed: 1 to %d", (unsigned long long)info.nlinks, MAX_NODES));
  for (hsize_t i = 0; !image->why[0] && i < info.nlinks; i++) {
    Node         *node = &graph->node[graph->nnode];
    const ssize_t len  = H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, i, node->name, NAME, H5P_DEFAULT);
    H5L_info_t    link;

    if (len < 0 || len >= NAME)
      PetscCall(SdImageFail(image, "the name of a node in " NODES " has %zd bytes, at most %d are read", len, NAME - 1));
    else if (H5Lget_info(group, node->name, &link, H5P_DEFAULT) < 0 || link.type != H5L_TYPE_HARD)
      PetscCall(SdImageFail(image, "node %s is a link to elsewhere, not a group", node->name));
    PetscCall(PetscSNPrintf(path, sizeof(path), NODES "/%s/type", node->name));
    PetscCall(SdNirReadText(image, path, NAME, node->type));
    node->next = node->before = -1;
    graph->nnode++;
  }
  if (group >= 0) H5Gclose(group);
  PetscFunctionReturn(0);
}

static PetscErrorCode Edge(SdImage *image, Graph *graph, const char from[], const char to[])
{
  const PetscInt a = Find(graph, from), b = Find(graph, to);

  PetscFunctionBegin;
  if (a < 0 || b < 0)
    PetscCall(SdImageFail(image, EDGES " names a node that is not there: %s", a < 0 ? from : to));
  else if (graph->node[a].next >= 0)
    PetscCall(SdImageFail(image, "the graph is no chain: node %s leads to both %s and %s", from, graph->node[graph->node[a].next].name, to));
  else if (graph->node[b].before >= 0)
    PetscCall(SdImageFail(image, "the graph is no chain: node %s follows both %s and %s", to, graph->node[graph->node[b].before].name, from));
  if (image->why[0]) PetscFunctionReturn(0);
  graph->node[a].next   = b;
  graph->node[b].before = a;
  PetscFunctionReturn(0);
}

PetscErrorCode SdNirReadGraph(SdImage *image, Graph *graph)
{
  PetscInt ndim = 0, dim[SD_IMAGE_RANK] = {0};
  char     type[NAME] = "";
  char(*pairs)[2][NAME];

  PetscFunctionBegin;
  graph->nnode = 0;
  if (image->why[0]) PetscFunctionReturn(0);
  PetscCall(SdNirReadText(image, "/node/type", NAME, type));
  if (!image->why[0] && strcmp(type, "NIRGraph")) PetscCall(SdImageFail(image, "/node/type is '%s', expected 'NIRGraph'", type));
  if (!image->why[0]) PetscCall(Nodes(image, graph));
  PetscCall(SdImageShape(image, EDGES, &ndim, dim));
  if (!image->why[0] && (ndim != 2 || dim[1] != 2 || dim[0] >= MAX_NODES)) PetscCall(SdImageFail(image, EDGES " must be [edges][2], fewer than %d of them", MAX_NODES));
  if (image->why[0]) PetscFunctionReturn(0);
  PetscCall(PetscMalloc1(dim[0], &pairs));
  PetscCall(SdNirReadPairs(image, EDGES, dim[0], pairs));
  for (PetscInt i = 0; i < dim[0] && !image->why[0]; i++) PetscCall(Edge(image, graph, pairs[i][0], pairs[i][1]));
  PetscCall(PetscFree(pairs));
  PetscFunctionReturn(0);
}
