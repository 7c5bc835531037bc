/* The sections "train", "readout" and "run", and the registration of every room's tables. */
#include <spindrift/options.h>
#include <spindrift/run.h>
#include "run_impl.h"

static const SdOption train[] = {
  {"train_steps", SD_INT, "1000", "steps", 0, 1e9, NULL, "length of the run; a run goes on where it is given more"},
  {"train_seed", SD_INT, "1", "", 0, 2147483647, NULL, "seed of initial weights and of all directions"},
  {"train_shards", SD_INT, "8", "shards", 1, 65536, NULL, "pieces the points are cut into; the result depends on it, not on the number of ranks"},
  {"train_batch", SD_INT, "0", "points or samples", 0, 1e9, NULL, "points, or an operator's input functions, drawn at random for each step, spread over the shards; 0: all"},
  {"train_symmetries", SD_BOOL, "false", "", 0, 0, NULL, "operator: at each step take every sample as an image of itself, drawn at random, under the symmetries of the data set's equation"},
  {"train_retries", SD_INT, "2", "", 0, 100, NULL, "times that a run which diverges goes back to its last good state; then, or with 0 at once, it ends with status 3"},
  {"train_rollback", SD_INT, "100", "steps", 1, 1e9, NULL, "interval between states to go back to"},
  {"train_backoff", SD_REAL, "0.5", "", 1e-12, 1, NULL, "factor of the learning rate at each retry, kept to the end"},
  {"train_rise", SD_REAL, "0", "", 0, 1e30, NULL, "a loss above this multiple of the least so far (after a retry: since then) counts as divergence, while that is above 0; 0: only what is not finite"},
  {NULL, SD_BOOL, NULL, NULL, 0, 0, NULL, NULL}
};

static const SdOption readout[] = {
  {"readout_solve", SD_INT, "0", "steps", 0, 1e9, NULL, "solve the readout (of an operator: the branch's) by regularised least squares every so many steps; 0: train it with the rest"},
  {"readout_ridge", SD_REAL, "1e-4", "", 1e-14, 1e6, NULL, "regularisation over the mean diagonal of the normal equations"},
  {"readout_images", SD_INT, "1", "", 1, 1000, NULL, "train_symmetries: images of each sample in the normal equations, others at each solve"},
  {NULL, SD_BOOL, NULL, NULL, 0, 0, NULL, NULL}
};

static const SdOption run[] = {
  {"run_dir", SD_STRING, "runs/run", "", 0, 0, NULL, "folder of the run: run.h5, checkpoints/, log.txt, journal.bin"},
  {"run_restart", SD_BOOL, "false", "", 0, 0, NULL, "start over even if the folder holds a checkpoint"},
  {"run_record", SD_INT, "20", "steps", 1, 1e9, NULL, "interval between rows of the history"},
  {"run_error", SD_INT, "100", "steps", 1, 1e9, NULL, "interval between evaluations of the error against the reference"},
  {"run_cosine", SD_INT, "0", "steps", 0, 1e9, NULL, "interval between comparisons of the estimate with surrogate back-propagation (cosine; where a row is recorded); 0: never"},
  {"run_checkpoint", SD_INT, "100", "steps", 1, 1e9, NULL, "interval between checkpoints"},
  {"run_refresh", SD_REAL, "10", "s", 0, 1e9, NULL, "interval between writings of run.h5 that whoever watches reads, beside those at checkpoints (where a row is recorded, and at least 100 times as long as a writing takes); 0: at checkpoints only"},
  {"run_keep", SD_INT, "2", "files", 1, 10000, NULL, "checkpoints kept"},
  {"run_journal", SD_BOOL, "false", "", 0, 0, NULL, "keep journal.bin, from which replay rebuilds the parameters of any step: the directional derivatives of each (gradient_method weight)"},
  {"run_progress", SD_REAL, "2", "s", 0, 1e9, NULL, "interval between progress lines"},
  {"run_walltime", SD_STRING, "auto", "h:mm:ss or s", 0, 0, NULL, "stop with a checkpoint before this much time has passed; auto: before the batch job ends, where the environment tells; none"},
  {NULL, SD_BOOL, NULL, NULL, 0, 0, NULL, NULL}
};

PetscErrorCode SdRegisterOptions(void)
{
  PetscFunctionBegin;
  PetscCall(SdProblemRegisterOptions());
  PetscCall(SdModelRegisterOptions());
  PetscCall(SdNetworkRegisterOptions());
  PetscCall(SdObjectiveRegisterOptions());
  PetscCall(SdGradientRegisterOptions());
  PetscCall(SdOptionsRegister("readout", readout));
  PetscCall(SdOptimizerRegisterOptions());
  PetscCall(SdOptionsRegister("train", train));
  PetscCall(SdOptionsRegister("run", run));
  PetscFunctionReturn(0);
}
