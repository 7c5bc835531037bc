/* What the files of this room share. */
#ifndef SD_NIR_IMPL_H
#define SD_NIR_IMPL_H

#include <spindrift/base.h>
#include <spindrift/nir.h>

#define NODES    "/node/nodes"
#define EDGES    "/node/edges"
#define METADATA "/node/metadata"

enum { PATH = 320,
       NAME = 64 };

/* text.c: a text of variable length and UTF-8, as h5py writes them, as a scalar dataset; rows of two of them. Reading takes fixed lengths
   too; a text longer than len - 1 bytes, or no text, is a failure. SdNirReadLong - a text of up to 1 MiB, allocated; NULL after a failure. */
PetscErrorCode SdNirWriteText(SdImage *image, const char name[], const char text[]);
PetscErrorCode SdNirWritePairs(SdImage *image, const char name[], PetscInt n, const char *const (*pairs)[2]);
PetscErrorCode SdNirReadText(SdImage *image, const char name[], size_t len, char text[]);
PetscErrorCode SdNirReadLong(SdImage *image, const char name[], char **text);
PetscErrorCode SdNirReadPairs(SdImage *image, const char name[], PetscInt n, char (*pairs)[2][NAME]);

/* A file's graph: every node with its type and its place in a chain. */
enum { MAX_NODES = SD_MAX_PARTS * (2 * SD_MAX_LAYERS + 3) };
typedef struct {
  char     name[NAME], type[NAME];
  PetscInt next, before; /* numbers of nodes, -1: none */
} Node;
typedef struct {
  PetscInt nnode;
  Node     node[MAX_NODES];
} Graph;

/* graph.c: nodes and edges. The first thing that is no set of chains is put into image->why. */
PetscErrorCode SdNirReadGraph(SdImage *image, Graph *graph);

/* chain.c: the chain that begins at a node of type Input. */
PetscErrorCode SdNirReadChain(SdImage *image, const Graph *graph, PetscInt input, double dt, SdNirChain *chain);

#endif
