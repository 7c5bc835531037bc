/* Fuzz input files: YAML into the options, their checks, all values by their types, and the printed configuration, which must give the same
   again when it is read back. */
#include "fuzz.h"

#define TEXT 4096

/* The tables of all rooms as -help lists them hold each key once; a value that passed the checks must be readable by its type. */
static void ReadBack(void)
{
  char          *first, *second, *difference = NULL;
  PetscErrorCode ierr;

  MUST(SdOptionsViewYAML(&first));
  ierr = SdOptionsDiff(first, &difference);
  if (ierr || difference) {
    fprintf(stderr, "the printed configuration differs from what it was printed from: %s\n", ierr ? SdErrorMessage() : difference);
    abort();
  }
  MUST(SdOptionsLoadText("first", first, 0, NULL));
  MUST(SdOptionsCheck());
  MUST(SdOptionsViewYAML(&second));
  if (strcmp(first, second)) {
    fprintf(stderr, "printed:\n%s\nread back and printed again:\n%s\n", first, second);
    abort();
  }
  MUST(PetscFree(first));
  MUST(PetscFree(second));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
  char  text[TEXT];
  char *unread = NULL;

  if (size >= sizeof(text) || memchr(bytes, 0, size)) return 0;
  memcpy(text, bytes, size);
  text[size] = 0;
  if (SdOptionsLoadText("fuzz.yaml", text, 0, NULL) || SdOptionsCheck()) return 0;
  MUST(SdOptionsUnread(&unread));
  MUST(PetscFree(unread));
  ReadBack();
  return 0;
}
