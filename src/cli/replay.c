/* spindrift replay RUN [-replay_step N] [-replay_output RUN2]: parameters of any step from the run's journal. */
#include <spindrift/options.h>
#include <spindrift/run.h>
#include "cli.h"

PetscErrorCode SdCommandReplay(const char argument[], SdExit *status)
{
  SdRun    run;
  PetscInt step;
  char     output[PETSC_MAX_PATH_LEN];

  PetscFunctionBegin;
  PetscCall(SdOptionsGetInt("replay_step", &step));
  PetscCall(SdOptionsGetString("replay_output", output, sizeof(output)));
  PetscCall(SdRunCreate(&run));
  PetscCall(SdRunReplay(run, argument, step, output, status));
  PetscCall(SdRunDestroy(&run));
  PetscFunctionReturn(0);
}
