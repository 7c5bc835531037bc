/* spindrift export RUN [-export_format nir] [-export_file FILE.nir] [-export_dt seconds]: a run's networks for other codes and devices. */
#include <spindrift/nir.h>
#include <spindrift/options.h>
#include "cli.h"
#include "loaded.h"

static const char *const formats[] = {"nir", NULL};

static const SdOption options[] = {
  {"export_format", SD_ENUM, "nir", "", 0, 0, formats, "export: Neuromorphic Intermediate Representation, for networks of leaky neurons with net_reset zero, net_stagger false, without signed spikes"},
  {"export_file", SD_STRING, "", "", 0, 0, NULL, "export: file to write; RUN/network.nir where not given"},
  {"export_dt", SD_REAL, SD_NIR_DT, "s", 1e-12, 1e6, NULL, "export: time of a simulation step, which gives the leak its time constant tau = dt / (1 - beta); snnTorch takes 1e-4"},
  {"import_input", SD_STRING, "", "", 0, 0, NULL, "import: input file that names problem and training; where not given, the configuration in the graph, if Spindrift wrote it. Width, leak, threshold and reset come from the graph where the input does not give them"},
  {"import_dt", SD_REAL, "0", "s", 0, 1e6, NULL, "import: time of a simulation step; 0: what the graph's metadata says, or else that of export_dt"},
  {NULL, SD_BOOL, NULL, NULL, 0, 0, NULL, NULL}
};

PetscErrorCode SdExportRegisterOptions(void)
{
  PetscFunctionBegin;
  PetscCall(SdOptionsRegister("export and import", options));
  PetscFunctionReturn(0);
}

static PetscErrorCode Write(const char path[], const SdLoaded *run, double dt, SdImage *image)
{
  PetscFunctionBegin;
  PetscCall(SdImageCreate(path, image));
  PetscCall(SdNirWrite(image, run->model, run->theta, dt, run->step, run->config));
  PetscCall(SdImagePublish(image));
  PetscCall(SdImageClose(image));
  PetscFunctionReturn(0);
}

PetscErrorCode SdCommandExport(const char argument[], SdExit *status)
{
  SdLoaded    run;
  SdImage     image = {0};
  char        path[PETSC_MAX_PATH_LEN];
  PetscMPIInt rank;
  PetscInt    format;
  PetscReal   dt;

  PetscFunctionBegin;
  *status = SD_EXIT_DONE;
  PetscCall(SdOptionsGetEnum("export_format", &format));
  PetscCall(SdOptionsGetReal("export_dt", &dt));
  PetscCall(SdOptionsGetString("export_file", path, sizeof(path)));
  if (!*path) PetscCall(PetscSNPrintf(path, sizeof(path), "%s/network.nir", argument));
  PetscCall(SdImageCheckTarget(PETSC_COMM_WORLD, "export_file", path, "a graph", NULL, (const char *const[]){"node", "version", NULL}));
  PetscCall(SdLoadedCreate(argument, &run));
  PetscCall(SdNirCheckModel(run.model));
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  if (!rank) PetscCall(Write(path, &run, dt, &image));
  PetscCall(SdImageCheck(PETSC_COMM_WORLD, rank ? NULL : &image));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%s: %" PetscInt_FMT " network%s, %" PetscInt_FMT " parameters, steps of %g s\n", path, run.model->npart, run.model->npart > 1 ? "s" : "", run.model->P, dt));
  PetscCall(SdLoadedDestroy(&run));
  PetscFunctionReturn(0);
}
