/* Rebuilt parameters against the checkpoints and the record of a run folder, bit for bit. */
#include <unistd.h>
#include "replay_impl.h"

/* The record, where there is one. */
static PetscErrorCode ReadRecord(SdReplayCompare *c)
{
  char        path[PETSC_MAX_PATH_LEN], *config;
  PetscMPIInt rank;
  PetscInt    P;
  PetscBool   complete;
  int         there = 0;

  PetscFunctionBegin;
  c->record = -1;
  PetscCallMPI(MPI_Comm_rank(c->run->comm, &rank));
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/run.h5", c->dir));
  if (!rank) there = !access(path, F_OK);
  PetscCallMPI(MPI_Bcast(&there, 1, MPI_INT, 0, c->run->comm));
  if (!there) PetscFunctionReturn(0);
  PetscCall(SdRecordRead(c->run->comm, c->dir, &config, &P, &c->theta, &c->record, &complete));
  PetscCall(PetscFree(config));
  PetscCheck(P == c->run->model->P, c->run->comm, SD_ERR_FILE, "%s: %" PetscInt_FMT " parameters, but the network of the journal has %" PetscInt_FMT, path, P, c->run->model->P);
  PetscFunctionReturn(0);
}

PetscErrorCode SdReplayCompareCreate(SdRun run, const char dir[], SdReplayCompare *c)
{
  PetscFunctionBegin;
  PetscCall(PetscMemzero(c, sizeof(*c)));
  c->run = run;
  PetscCall(PetscStrncpy(c->dir, dir, sizeof(c->dir)));
  PetscCall(PetscSNPrintf(c->checkpoints, sizeof(c->checkpoints), "%s/checkpoints", dir));
  PetscCall(SdCheckpointSteps(run->comm, c->checkpoints, &c->nstep, &c->step));
  PetscCall(PetscCalloc1(4 * run->model->nsegment + 1, &c->array));
  PetscCall(SdRunLearnt(run, &c->narray, c->array));
  for (PetscInt i = 0; i < c->narray; i++) PetscCall(PetscMalloc(SdArrayBytes(&c->array[i]), &c->array[i].data));
  c->array[c->narray] = (SdArray){.name = "/rollback/retries", .type = SD_INT64, .ndim = 1, .dim = {1}, .data = &c->retries, .unit = ""};
  PetscCall(ReadRecord(c));
  PetscFunctionReturn(0);
}

PetscErrorCode SdReplayCompareDestroy(SdReplayCompare *c)
{
  PetscFunctionBegin;
  for (PetscInt i = 0; i < c->narray; i++) PetscCall(PetscFree(c->array[i].data));
  PetscCall(PetscFree(c->array));
  PetscCall(PetscFree(c->step));
  PetscCall(PetscFree(c->theta));
  PetscFunctionReturn(0);
}

/* The first number of n in which ours and theirs differ, into text behind its name; "" where none does. Columns 0: a flat array. */
static PetscErrorCode Difference(const char name[], PetscInt n, PetscInt columns, const float ours[], const float theirs[], size_t len, char text[])
{
  const unsigned char *a = (const unsigned char *)ours, *b = (const unsigned char *)theirs;
  const size_t         size = sizeof(float) * (size_t)n;
  size_t               at   = 0;
  char                 place[64];

  PetscFunctionBegin;
  text[0] = 0;
  while (at < size && a[at] == b[at]) at++;
  if (at < size) {
    const PetscInt i = (PetscInt)(at / sizeof(float));

    if (columns)
      PetscCall(PetscSNPrintf(place, sizeof(place), "[%" PetscInt_FMT "][%" PetscInt_FMT "]", i / columns, i % columns));
    else
      PetscCall(PetscSNPrintf(place, sizeof(place), "[%" PetscInt_FMT "]", i));
    snprintf(text, len, "DIFFERS: %s%s is %a rebuilt, %a there", name, place, (double)ours[i], (double)theirs[i]);
  }
  PetscFunctionReturn(0);
}

/* One line of the result. */
static PetscErrorCode Say(SdReplayCompare *c, PetscInt step, const char what[], const char differs[])
{
  PetscFunctionBegin;
  if (*differs)
    c->different++;
  else
    c->equal++;
  PetscCall(PetscPrintf(c->run->comm, "step %" PetscInt_FMT ": %s %s\n", step, what, *differs ? differs : "equal, bit for bit"));
  PetscFunctionReturn(0);
}

static PetscErrorCode WithCheckpoint(SdReplayCompare *c, PetscInt i)
{
  SdRun     run   = c->run;
  SdState   state = {.step = c->step[i], .narray = c->narray + 1, .array = c->array};
  SdArray  *ours;
  PetscInt  n;
  PetscBool found;
  char      name[64], differs[512] = "";

  PetscFunctionBegin;
  PetscCall(SdCheckpointLoadStep(run->comm, c->checkpoints, &state, &found));
  if (found) PetscCall(PetscFree(state.config));
  if (!found) c->step[i] = -1; /* the loader has told of it */
  /* of the same step on another course */
  if (!found || c->retries != SdRollbackCount(run)) PetscFunctionReturn(0);
  PetscCall(PetscCalloc1(4 * run->model->nsegment, &ours));
  PetscCall(SdRunLearnt(run, &n, ours));
  for (PetscInt a = 0; a < n && !*differs; a++) PetscCall(Difference(ours[a].name, ours[a].dim[0] * ours[a].dim[1], ours[a].dim[1], ours[a].data, c->array[a].data, sizeof(differs), differs));
  PetscCall(PetscFree(ours));
  PetscCall(PetscSNPrintf(name, sizeof(name), "checkpoints/step-%09" PetscInt_FMT ".h5", c->step[i]));
  PetscCall(Say(c, run->step, name, differs));
  c->step[i] = -1;
  PetscFunctionReturn(0);
}

PetscErrorCode SdReplayCompareAt(SdReplayCompare *c)
{
  SdRun run = c->run;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < c->nstep; i++) {
    if (c->step[i] == run->step) PetscCall(WithCheckpoint(c, i));
  }
  if (c->record != run->step) PetscFunctionReturn(0);
  PetscCall(Difference(SD_PATH_THETA, run->model->P, 0, SdRunWeights(run), c->theta, sizeof(c->differs), c->differs));
  if (*c->differs) PetscFunctionReturn(0);
  PetscCall(Say(c, run->step, "run.h5", ""));
  c->record = -1;
  PetscFunctionReturn(0);
}

/* Something that was met on no course so far. */
static PetscErrorCode Unmet(SdReplayCompare *c, PetscBool last, PetscInt step, const char what[], const char differs[])
{
  PetscFunctionBegin;
  if (last)
    PetscCall(Say(c, step, what, differs));
  else
    PetscCall(PetscPrintf(c->run->comm, "step %" PetscInt_FMT ": %s is not compared: of a later course, after a divergence\n", step, what));
  PetscFunctionReturn(0);
}

PetscErrorCode SdReplayCompareEnd(SdReplayCompare *c, PetscBool last)
{
  char name[64];

  PetscFunctionBegin;
  /* a step may be passed on several courses: the record differs when it does so on all of them */
  if (*c->differs && c->record >= 0) PetscCall(Unmet(c, last, c->record, "run.h5", c->differs));
  for (PetscInt i = 0; i < c->nstep; i++) {
    if (c->step[i] < 0 || c->step[i] > c->run->step) continue;
    PetscCall(PetscSNPrintf(name, sizeof(name), "checkpoints/step-%09" PetscInt_FMT ".h5", c->step[i]));
    PetscCall(Unmet(c, last, c->step[i], name, "DIFFERS: it is of another course than the journal's"));
  }
  PetscFunctionReturn(0);
}
