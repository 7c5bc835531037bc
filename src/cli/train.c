/* spindrift train INPUT.yaml */
#include <spindrift/run.h>
#include "cli.h"

PetscErrorCode SdCommandTrain(const char argument[], SdExit *status)
{
  SdRun run;

  PetscFunctionBegin;
  (void)argument;
  PetscCall(SdRunCreate(&run));
  PetscCall(SdRunTrain(run, status));
  PetscCall(SdRunDestroy(&run));
  PetscFunctionReturn(0);
}
