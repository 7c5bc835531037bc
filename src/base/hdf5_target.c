/* What a file may be written over. */
#include <spindrift/base.h>
#include <spindrift/hdf5_image.h>
#include <string.h>
#include <unistd.h>

/* Whether the root group has an attribute "format" of this text. */
static int HasFormat(hid_t file, const char format[])
{
  char        held[64] = "";
  const hid_t attribute = H5Aexists(file, "format") > 0 ? H5Aopen(file, "format", H5P_DEFAULT) : -1;
  hid_t       type;

  if (attribute < 0) return 0;
  type = H5Aget_type(attribute);
  if (H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) == 0 && H5Tget_size(type) < sizeof(held)) H5Aread(attribute, type, held);
  H5Tclose(type);
  H5Aclose(attribute);
  return !strcmp(held, format);
}

/* Whether the root group holds these and nothing else. */
static int HoldsOnly(hid_t file, const char *const members[])
{
  H5G_info_t root;
  hsize_t    n = 0;

  for (; members[n]; n++) {
    if (H5Lexists(file, members[n], H5P_DEFAULT) <= 0) return 0;
  }
  return H5Gget_info(file, &root) >= 0 && root.nlinks == n;
}

static int IsOfKind(const char path[], const char format[], const char *const members[])
{
  int kind = 0;

  H5E_BEGIN_TRY
  {
    const hid_t file = H5Fis_hdf5(path) > 0 ? H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT) : -1;

    if (file >= 0) {
      kind = (!format || HasFormat(file, format)) && (!members || HoldsOnly(file, members));
      H5Fclose(file);
    }
  }
  H5E_END_TRY;
  return kind;
}

PetscErrorCode SdImageCheckTarget(MPI_Comm comm, const char key[], const char path[], const char what[], const char format[], const char *const members[])
{
  PetscMPIInt rank, good = 1;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (!rank && !access(path, F_OK)) good = IsOfKind(path, format, members);
  PetscCallMPI(MPI_Bcast(&good, 1, MPI_INT, 0, comm));
  PetscCheck(good, comm, SD_ERR_USAGE, "%s: '%s' is there and is not %s; allowed: a file that is not there, or one to be replaced", key, path, what);
  PetscFunctionReturn(0);
}
