/* PETSc log events of a training step, shown by -log_view. */
#include <spindrift/base.h>

PetscLogEvent SdEvent[SD_EVENT_COUNT];

PetscErrorCode SdEventsRegister(void)
{
  static const char *const names[SD_EVENT_COUNT] = {"SdForward", "SdLoss", "SdGradient", "SdReduce", "SdOptimizer", "SdProject", "SdCheckpoint", "SdJournal"};
  PetscClassId             id;

  PetscFunctionBegin;
  PetscCall(PetscClassIdRegister("Spindrift", &id));
  for (int i = 0; i < SD_EVENT_COUNT; i++) PetscCall(PetscLogEventRegister(names[i], id, &SdEvent[i]));
  PetscFunctionReturn(0);
}
