/* What a file may be written over. */
#include <spindrift/base.h>
#include <spindrift/hdf5_image.h>
#include <unistd.h>

static int IsOfKind(const char path[], const char has[], const char lacks[])
{
  int kind = 0;

  H5E_BEGIN_TRY
  {
    const hid_t file = H5Fis_hdf5(path) > 0 ? H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT) : -1;

    if (file >= 0) {
      kind = H5Lexists(file, has, H5P_DEFAULT) > 0 && H5Lexists(file, lacks, H5P_DEFAULT) == 0;
      H5Fclose(file);
    }
  }
  H5E_END_TRY;
  return kind;
}

PetscErrorCode SdImageCheckTarget(MPI_Comm comm, const char key[], const char path[], const char what[], const char has[], const char lacks[])
{
  PetscMPIInt rank, good = 1;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (!rank && !access(path, F_OK)) good = IsOfKind(path, has, lacks);
  PetscCallMPI(MPI_Bcast(&good, 1, MPI_INT, 0, comm));
  PetscCheck(good, comm, SD_ERR_USAGE, "%s: '%s' is there and is not %s; allowed: a file that is not there, or one to be replaced", key, path, what);
  PetscFunctionReturn(0);
}
