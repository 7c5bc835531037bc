/* spindrift COMMAND INPUT|RUN|FILE.nir [-option value ...] */
#include <signal.h>
#include <spindrift/options.h>
#include <spindrift/plugin.h>
#include <spindrift/record.h>
#include <spindrift/run.h>
#include <stdio.h>
#include <string.h>
#include "cli.h"

typedef enum { TAKES_NOTHING, TAKES_INPUT, TAKES_RUN, TAKES_JOURNAL, TAKES_GRAPH } Takes;

#define OF_RUN "train_ problem_ reference_ model_ net_ kernels branch_ trunk_ loss_ gradient_ readout_ optimizer_ run_"

/* One entry each, by which -help, docs/keys.md and the tests go. keys, of_run: how the keys begin that the command reads beside NAME_..., and
   those that it takes from the run's own configuration. example: command lines, at most six of them. */
static const struct {
  const char *name;
  Takes       takes;
  SdCommand  *run;
  const char *help, *keys, *of_run, *example[7];
} commands[] = {
  {"train", TAKES_INPUT, SdCommandTrain, "train a network (goes on by itself where a checkpoint was left)",
   OF_RUN, "",
   {"spindrift train inputs/poisson1d.yaml", "spindrift train inputs/smooth1d.yaml -net_width 64,64 -net_T 16 -run_dir runs/small",
    "mpirun -n 2 spindrift train inputs/poisson2d.yaml -run_walltime 3:55:00", "spindrift train inputs/operator_poisson.yaml", "spindrift train inputs/nir.yaml",
    "spindrift train inputs/poisson1d.yaml -gradient_method weight -gradient_guess none -gradient_tail none -readout_solve 0 -run_journal true -run_dir runs/journal"}},
  {"reference", TAKES_INPUT, SdCommandReference, "solve the problem by PETSc and say how good that solution is", "problem_", "",
   {"spindrift reference inputs/poisson1d.yaml", "spindrift reference inputs/poisson2d.yaml -problem_grid 17,17 -reference_ksp_monitor"}},
  {"dataset", TAKES_INPUT, SdCommandDataset, "samples of an operator by PETSc, into problem_file", "problem_file", "",
   {"spindrift dataset inputs/operator_poisson.yaml", "mpirun -n 2 spindrift dataset inputs/operator_heat.yaml -dataset_train 10 -dataset_test 4 -problem_file runs/few.h5"}},
  {"compare", TAKES_RUN, SdCommandCompare, "errors of a run against the reference; -tolerance sets the exit status", "tolerance reference_", "problem_ model_ net_ kernels branch_ trunk_",
   {"spindrift compare runs/poisson1d", "spindrift compare runs/poisson2d -tolerance 1e-2"}},
  {"predict", TAKES_RUN, SdCommandPredict, "values of a run's network on a grid or at given points", "", "problem_ reference_ model_ net_ kernels branch_ trunk_",
   {"spindrift predict runs/poisson2d -predict_grid 201", "spindrift predict runs/poisson1d -predict_grid 1001 -predict_output u.h5"}},
  {"info", TAKES_RUN, SdCommandInfo, "what a run was: configuration, environment, network, last errors", "", "problem_ reference_ model_ net_ kernels branch_ trunk_",
   {"spindrift info runs/poisson1d", "spindrift info runs/poisson2d >again.yaml"}},
  {"replay", TAKES_JOURNAL, SdCommandReplay, "rebuild the parameters of any step from a run's journal, compare them with its checkpoints", "", OF_RUN,
   {"spindrift replay runs/journal", "spindrift replay runs/journal -replay_step 2 -replay_output runs/at2"}},
  {"export", TAKES_RUN, SdCommandExport, "a run's networks as a graph for other codes and devices (NIR)", "", "problem_ reference_ model_ net_ kernels branch_ trunk_",
   {"spindrift export runs/nir", "spindrift export runs/nir -export_file net.nir -export_dt 1e-3"}},
  {"import", TAKES_GRAPH, SdCommandImport, "a run folder from such a graph, for predict, compare, train and the rest", OF_RUN, "",
   {"spindrift import runs/nir/network.nir -run_dir runs/imported", "spindrift import net.nir -import_input inputs/nir.yaml -run_dir runs/again"}},
  {"problems", TAKES_NOTHING, SdCommandProblems, "list the problems", "", "", {"spindrift problems"}},
  {"keys", TAKES_NOTHING, SdCommandKeys, "list every key with its default, unit and range", "", "", {"spindrift keys", "spindrift keys -keys_format markdown"}},
};
enum { NCOMMANDS = sizeof(commands) / sizeof(commands[0]) };

static const char *const takes[] = {"", "INPUT.yaml", "RUN", "RUN", "FILE.nir"};

static void Usage(FILE *out)
{
  fprintf(out, "usage: spindrift COMMAND INPUT.yaml|RUN|FILE.nir [-key value ...]\n\n");
  for (int i = 0; i < NCOMMANDS; i++) fprintf(out, "  %-10s %-11s %s\n", commands[i].name, takes[commands[i].takes], commands[i].help);
  fprintf(out, "\nspindrift help COMMAND, or COMMAND -help, lists a command's keys and examples, spindrift keys lists every key; spindrift -version\n"
               "prints the version. Under mpirun every rank takes its share. Exit status: 0 done, 1 error, 2 usage, 3 diverged, 4 tolerance missed,\n"
               "111 stopped early after a checkpoint.\n");
}

/* Beginnings of the keys that a command reads: NAME_, the plug-in and those of its entry; of_run: also those that a run gives. */
static void Begins(int command, int of_run, char text[], size_t len)
{
  snprintf(text, len, "%s_ problem_plugin %s %s", commands[command].name, commands[command].keys, of_run ? commands[command].of_run : "");
}

static void UsageOf(int command)
{
  char begins[256];

  printf("usage: spindrift %s %s%s[-key value ...]\n\n%s\n\nexamples:\n", commands[command].name, takes[commands[command].takes], *takes[commands[command].takes] ? " " : "", commands[command].help);
  for (const char *const *example = commands[command].example; *example; example++) printf("  %s\n", *example);
  Begins(command, 0, begins, sizeof(begins));
  (void)SdOptionsViewHelp(stdout, begins);
  if (*commands[command].of_run) printf("\nRead from the run's own configuration: keys that begin with %s.\n", commands[command].of_run);
}

PetscErrorCode SdCommandsReading(const char key[], char text[], size_t len)
{
  char begins[256];

  PetscFunctionBegin;
  text[0] = 0;
  for (int i = 0; i < NCOMMANDS; i++) {
    Begins(i, 1, begins, sizeof(begins));
    if (!SdOptionBegins(key, begins)) continue;
    if (*text) PetscCall(SdAppend(text, ", ", len));
    PetscCall(SdAppend(text, commands[i].name, len));
  }
  PetscFunctionReturn(0);
}

static int Find(const char name[])
{
  for (int i = 0; i < NCOMMANDS; i++) {
    if (!strcmp(commands[i].name, name)) return i;
  }
  return -1;
}

static const char *Nearest(const char name[])
{
  int best = 0;

  for (int i = 1; i < NCOMMANDS; i++) {
    if (SdEditDistance(name, commands[i].name) < SdEditDistance(name, commands[best].name)) best = i;
  }
  return commands[best].name;
}

/* A run's configuration lies in its run.h5, and in its journal; an input file is read as it is. Later options win. */
static PetscErrorCode LoadOptions(int command, const char argument[], int argc, char **argv)
{
  char           *config = NULL, *changed = NULL;
  float          *theta;
  PetscInt        P, step;
  PetscBool       complete;
  SdJournalReader journal;

  PetscFunctionBegin;
  if (commands[command].takes == TAKES_RUN) {
    PetscCall(SdRecordRead(PETSC_COMM_WORLD, argument, &config, &P, &theta, &step, &complete));
    PetscCall(SdOptionsLoadText(argument, config, argc, argv));
    PetscCall(PetscFree(theta));
  } else if (commands[command].takes == TAKES_JOURNAL) {
    PetscCall(SdJournalOpen(PETSC_COMM_WORLD, argument, &journal));
    PetscCall(SdOptionsLoadText(argument, SdJournalGetHeader(journal)->config, argc, argv));
    PetscCall(SdJournalReaderClose(&journal));
  } else if (commands[command].takes == TAKES_GRAPH) {
    PetscCall(SdImportLoadOptions(argument, argc, argv));
  } else {
    PetscCall(SdOptionsLoad(argument, argc, argv));
  }
  PetscCall(SdPluginLoad((PetscBool)(commands[command].takes == TAKES_RUN)));
  PetscCall(SdOptionsCheck());
  if (config) PetscCall(SdOptionsDiff(config, &changed));
  if (changed) PetscCall(SdWarn(PETSC_COMM_WORLD, "not as in the run (stored -> now): %s", changed));
  PetscCall(PetscFree(config));
  PetscCall(PetscFree(changed));
  PetscFunctionReturn(0);
}

/* "COMMAND -help -problem_plugin FILE" lists the plug-in's keys too. */
static PetscErrorCode LoadForHelp(int argc, char **argv)
{
  PetscFunctionBegin;
  for (int i = 1; i + 1 < argc; i++) {
    if (!strcmp(argv[i], "-problem_plugin")) PetscCall(PetscOptionsSetValue(NULL, argv[i], argv[i + 1]));
  }
  PetscCall(SdPluginLoad(PETSC_FALSE));
  PetscFunctionReturn(0);
}

static PetscErrorCode Run(int argc, char **argv, SdExit *status)
{
  const int   command  = argc > 1 ? Find(argv[1]) : -1;
  const int   named    = command >= 0 && commands[command].takes != TAKES_NOTHING;
  const char *argument = named && argc > 2 && argv[2][0] != '-' ? argv[2] : NULL;

  PetscFunctionBegin;
  PetscCheck(argc > 1, PETSC_COMM_WORLD, SD_ERR_USAGE, "no command given; spindrift -help tells");
  PetscCheck(command >= 0, PETSC_COMM_WORLD, SD_ERR_USAGE, "unknown command '%s'; the nearest known one is '%s' (spindrift -help lists all)", argv[1], Nearest(argv[1]));
  PetscCheck(!named || argument, PETSC_COMM_WORLD, SD_ERR_USAGE, "%s needs %s", argv[1], takes[commands[command].takes]);
  PetscCall(LoadOptions(command, argument, argc - 2 - named, argv + 2 + named));
  PetscCall((*commands[command].run)(argument, status));
  PetscFunctionReturn(0);
}

static int AsksForHelp(const char word[])
{
  return !strcmp(word, "-help") || !strcmp(word, "--help") || !strcmp(word, "-h");
}

static int AsksForVersion(const char word[])
{
  return !strcmp(word, "-version") || !strcmp(word, "--version");
}

/* "help COMMAND ..." is "COMMAND -help ...", and "help" is "-help". */
static void HelpAsOption(int argc, char **argv)
{
  static char option[] = "-help";
  const int   of       = argc > 2 && argv[2][0] != '-'; /* a command is named */

  if (argc < 2 || strcmp(argv[1], "help") != 0) return;
  if (of) argv[1] = argv[2];
  argv[1 + of] = option;
}

/* -help and -version are answered before PETSc sees them: it has its own. A command that there is none of gets Run()'s error. */
static int Answer(int argc, char **argv)
{
  const int command = argc > 1 ? Find(argv[1]) : -1;
  int       rank, help = argc < 2, version = 0;

  for (int i = 1; i < argc; i++) {
    help    = help || AsksForHelp(argv[i]);
    version = version || AsksForVersion(argv[i]);
  }
  if ((!help && !version) || (argc > 1 && command < 0 && argv[1][0] != '-')) return 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (rank) return 1;
  if (version) printf("spindrift %s\n", SD_VERSION);
  else if (command >= 0) UsageOf(command);
  else Usage(argc < 2 ? stderr : stdout);
  return 1;
}

int main(int argc, char **argv)
{
  SdExit         status = SD_EXIT_DONE;
  int            code, answered;
  int            no_argc = 1;
  PetscErrorCode ierr;

  MPI_Init(&argc, &argv);
  HelpAsOption(argc, argv);
  /* PETSc reads the arguments once they are known not to ask for help; the file's values go below them later */
  for (answered = 1; answered < argc && !AsksForHelp(argv[answered]) && !AsksForVersion(argv[answered]); answered++) { }
  if (PetscInitialize(answered < argc ? &no_argc : &argc, &argv, NULL, NULL)) return SD_EXIT_ERROR;
  signal(SIGPIPE, SIG_DFL); /* "spindrift -help | head" is no error */
  ierr = SdErrorHandlerPush();
  if (!ierr) ierr = SdEventsRegister();
  if (!ierr) ierr = SdRegisterOptions();
  if (!ierr) ierr = SdKeysRegisterOptions();
  if (!ierr) ierr = SdCliRegisterOptions();
  if (!ierr && answered < argc) ierr = LoadForHelp(argc, argv);
  if (!ierr && Answer(argc, argv)) {
    code = argc < 2 ? SD_EXIT_USAGE : SD_EXIT_DONE;
  } else {
    if (!ierr) ierr = Run(argc, argv, &status);
    code = SdErrorFinish(ierr, status);
  }
  if (!ierr) (void)PetscFinalize();
  MPI_Finalize();
  return code;
}
