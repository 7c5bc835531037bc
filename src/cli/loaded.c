/* A run read back. */
#include "loaded.h"

PetscErrorCode SdLoadedCreate(const char dir[], SdLoaded *loaded)
{
  PetscInt P;

  PetscFunctionBegin;
  PetscCall(PetscMemzero(loaded, sizeof(*loaded)));
  PetscCall(SdRecordRead(PETSC_COMM_WORLD, dir, &loaded->config, &P, &loaded->theta, &loaded->step, &loaded->complete));
  PetscCall(SdProblemCreate(&loaded->problem));
  PetscCall(SdProblemModel(loaded->problem, 0, NULL, NULL, &loaded->model));
  PetscCheck(P == loaded->model->P, PETSC_COMM_WORLD, SD_ERR_FILE, "%s/run.h5: %" PetscInt_FMT " parameters, but the network of this configuration has %" PetscInt_FMT, dir, P, loaded->model->P);
  PetscCall(SdProblemGetReference(loaded->problem, &loaded->reference));
  PetscFunctionReturn(0);
}

PetscErrorCode SdLoadedDestroy(SdLoaded *loaded)
{
  PetscFunctionBegin;
  PetscCall(SdReferenceDestroy(&loaded->reference));
  PetscCall(SdModelDestroy(&loaded->model));
  PetscCall(SdProblemDestroy(&loaded->problem));
  PetscCall(PetscFree(loaded->theta));
  PetscCall(PetscFree(loaded->config));
  PetscFunctionReturn(0);
}
