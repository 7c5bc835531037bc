/* Fuzz the reader of NIR graphs. The input is a recipe (recipe.h), whose texts are names of nodes and types. */
#include <spindrift/nir.h>
#include "recipe.h"

#define NODE(name, part) "node/nodes/" name "/" part

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
  static const char *const names[] = {
      "version", "node/type", "node/edges", "node/metadata/dt", "node/metadata/constants", "node/metadata/configuration",
      NODE("input", "type"), NODE("input", "shape"), NODE("a", "type"), NODE("a", "weight"), NODE("a", "bias"),
      NODE("n", "type"), NODE("n", "tau"), NODE("n", "r"), NODE("n", "v_leak"), NODE("n", "v_threshold"), NODE("n", "v_reset"),
      NODE("b", "type"), NODE("b", "weight"), NODE("b", "bias"), NODE("output", "type"), NODE("output", "shape"),
      NODE("trunk_input", "type"), NODE("trunk_input", "shape"),
      "input", "a", "n", "b", "output", "trunk_input", "NIRGraph", "Input", "Affine", "Linear", "LIF", "IF", "Output"};
  size_t      n;
  void       *file = RecipeCook(bytes, size, names, sizeof(names) / sizeof(names[0]), &n);
  const char *path;
  SdNir       nir;
  char       *config = NULL;

  if (!file) return 0;
  path = FuzzFile(0, file, n);
  free(file);
  if (!SdNirRead(PETSC_COMM_WORLD, path, 0, &nir)) MUST(SdNirDestroy(&nir));
  if (!SdNirConfiguration(PETSC_COMM_WORLD, path, &config)) MUST(PetscFree(config));
  return 0;
}
