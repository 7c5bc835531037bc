/* spindrift COMMAND INPUT|RUN|FILE.nir [-option value ...] */
#include <signal.h>
#include <spindrift/nir.h>
#include <spindrift/options.h>
#include <spindrift/plugin.h>
#include <spindrift/record.h>
#include <spindrift/run.h>
#include <stdio.h>
#include <string.h>
#include "cli.h"

typedef enum { TAKES_NOTHING, TAKES_INPUT, TAKES_RUN, TAKES_JOURNAL, TAKES_GRAPH } Takes;

static const struct {
  const char *name;
  Takes       takes;
  SdCommand  *run;
  const char *help;
} commands[] = {
  {"train", TAKES_INPUT, SdCommandTrain, "train a network (goes on by itself where a checkpoint was left)"},
  {"reference", TAKES_INPUT, SdCommandReference, "solve the problem by PETSc and say how good that solution is"},
  {"dataset", TAKES_INPUT, SdCommandDataset, "samples of an operator by PETSc, into problem_file"},
  {"compare", TAKES_RUN, SdCommandCompare, "errors of a run against the reference; -tolerance sets the exit status"},
  {"predict", TAKES_RUN, SdCommandPredict, "values of a run's network on a grid or at given points"},
  {"info", TAKES_RUN, SdCommandInfo, "what a run was: configuration, environment, network, last errors"},
  {"replay", TAKES_JOURNAL, SdCommandReplay, "rebuild the parameters of any step from a run's journal, compare them with its checkpoints"},
  {"export", TAKES_RUN, SdCommandExport, "a run's networks as a graph for other codes and devices (NIR)"},
  {"import", TAKES_GRAPH, SdCommandImport, "a run folder from such a graph, for predict, compare, train and the rest"},
  {"problems", TAKES_NOTHING, SdCommandProblems, "list the problems"},
};
enum { NCOMMANDS = sizeof(commands) / sizeof(commands[0]) };

static const char *const takes[] = {"", "INPUT.yaml", "RUN", "RUN", "FILE.nir"};

static void Usage(FILE *out)
{
  fprintf(out, "usage: spindrift COMMAND INPUT.yaml|RUN|FILE.nir [-key value ...]\n\n");
  for (int i = 0; i < NCOMMANDS; i++) fprintf(out, "  %-10s %-11s %s\n", commands[i].name, takes[commands[i].takes], commands[i].help);
  fprintf(out, "\nspindrift -help lists every key with its default and range; spindrift -version prints the version.\n"
               "Under mpirun every rank takes its share. Exit status: 0 done, 1 error, 2 usage, 3 diverged, 4 tolerance missed,\n"
               "111 stopped early after a checkpoint.\n");
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

/* A graph's configuration: the input file of -import_input, which this reads ahead of all other options, or what is in the graph. */
static PetscErrorCode LoadGraphOptions(const char argument[], int argc, char **argv)
{
  const char *input = NULL;
  char       *config;

  PetscFunctionBegin;
  for (int i = 0; i + 1 < argc; i++) {
    if (!strcmp(argv[i], "-import_input")) input = argv[i + 1];
  }
  if (input) {
    PetscCall(SdOptionsLoad(input, argc, argv));
    PetscFunctionReturn(0);
  }
  PetscCall(SdNirConfiguration(PETSC_COMM_WORLD, argument, &config));
  PetscCheck(config, PETSC_COMM_WORLD, SD_ERR_USAGE, "import_input: not given, and %s holds no configuration of Spindrift's; give an input file that names problem and training", argument);
  PetscCall(SdOptionsLoadText(argument, config, argc, argv));
  PetscCall(PetscFree(config));
  PetscFunctionReturn(0);
}

/* A run's configuration lies in its run.h5, and in its journal; an input file is read as it is. Later options win. */
static PetscErrorCode LoadOptions(int command, const char argument[], int argc, char **argv)
{
  char           *config;
  float          *theta;
  PetscInt        P, step;
  PetscBool       complete;
  SdJournalReader journal;

  PetscFunctionBegin;
  if (commands[command].takes == TAKES_RUN) {
    PetscCall(SdRecordRead(PETSC_COMM_WORLD, argument, &config, &P, &theta, &step, &complete));
    PetscCall(SdOptionsLoadText(argument, config, argc, argv));
    PetscCall(PetscFree(config));
    PetscCall(PetscFree(theta));
  } else if (commands[command].takes == TAKES_JOURNAL) {
    PetscCall(SdJournalOpen(PETSC_COMM_WORLD, argument, &journal));
    PetscCall(SdOptionsLoadText(argument, SdJournalGetHeader(journal)->config, argc, argv));
    PetscCall(SdJournalReaderClose(&journal));
  } else if (commands[command].takes == TAKES_GRAPH) {
    PetscCall(LoadGraphOptions(argument, argc, argv));
  } else {
    PetscCall(SdOptionsLoad(argument, argc, argv));
  }
  PetscCall(SdPluginLoad((PetscBool)(commands[command].takes == TAKES_RUN)));
  PetscCall(SdOptionsCheck());
  PetscFunctionReturn(0);
}

/* "-help -problem_plugin FILE" lists the plug-in's keys too. */
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
  PetscCheck(command >= 0, PETSC_COMM_WORLD, SD_ERR_USAGE, "unknown command '%s'; the nearest known one is '%s' (all are listed by -help)", argv[1], Nearest(argv[1]));
  PetscCheck(!named || argument, PETSC_COMM_WORLD, SD_ERR_USAGE, "%s needs %s", argv[1], takes[commands[command].takes]);
  PetscCall(LoadOptions(command, argument, argc - 2 - named, argv + 2 + named));
  PetscCall((*commands[command].run)(argument, status));
  PetscFunctionReturn(0);
}

/* -help and -version are answered before PETSc sees them: it has its own. */
static int Answer(int argc, char **argv)
{
  int rank, help = argc < 2, version = 0;

  for (int i = 1; i < argc; i++) {
    help    = help || !strcmp(argv[i], "-help") || !strcmp(argv[i], "--help") || !strcmp(argv[i], "-h");
    version = version || !strcmp(argv[i], "-version") || !strcmp(argv[i], "--version");
  }
  if (!help && !version) return 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (rank) return 1;
  if (version) printf("spindrift %s\n", SD_VERSION);
  else Usage(argc < 2 ? stderr : stdout);
  if (help && argc >= 2) (void)SdOptionsViewHelp(stdout);
  return 1;
}

int main(int argc, char **argv)
{
  SdExit         status = SD_EXIT_DONE;
  int            code, answered;
  int            no_argc = 1;
  PetscErrorCode ierr;

  MPI_Init(&argc, &argv);
  /* PETSc reads the arguments once they are known not to ask for help; the file's values go below them later */
  for (answered = 1; answered < argc && strcmp(argv[answered], "-help") && strcmp(argv[answered], "--help") && strcmp(argv[answered], "-version") && strcmp(argv[answered], "--version") && strcmp(argv[answered], "-h"); answered++) { }
  if (PetscInitialize(answered < argc ? &no_argc : &argc, &argv, NULL, NULL)) return SD_EXIT_ERROR;
  signal(SIGPIPE, SIG_DFL); /* "spindrift -help | head" is no error */
  ierr = SdErrorHandlerPush();
  if (!ierr) ierr = SdEventsRegister();
  if (!ierr) ierr = SdRegisterOptions();
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
