/* Arrays that vector kernels run through: at the start of a cache line, or every load of a 64-byte vector would touch two of them. */
#include <spindrift/base.h>

/* The pointer to free stands before the array. */
PetscErrorCode SdCallocAligned(size_t size, void *out)
{
  char *raw, *array;

  PetscFunctionBegin;
  PetscCheck(size <= (size_t)-1 - SD_ALIGNMENT - sizeof(raw), PETSC_COMM_SELF, PETSC_ERR_MEM, "an array of %zu bytes", size);
  PetscCall(PetscCalloc1(size + SD_ALIGNMENT + sizeof(raw), &raw));
  array = raw + sizeof(raw);
  array += (SD_ALIGNMENT - (uintptr_t)array % SD_ALIGNMENT) % SD_ALIGNMENT;
  ((char **)(void *)array)[-1] = raw;
  *(char **)out                = array;
  PetscFunctionReturn(0);
}

PetscErrorCode SdFreeAligned(void *address)
{
  char **array = (char **)address, *raw = *array ? ((char **)(void *)*array)[-1] : NULL;

  PetscFunctionBegin;
  PetscCall(PetscFree(raw));
  *array = NULL;
  PetscFunctionReturn(0);
}
