/* A careful reader of PETSc's binary files (sparse matrix or vector; big-endian, 32-bit indices):

     matrix  1211216  rows  columns  nonzeros  row lengths [rows]  columns [nonzeros]  values [nonzeros]
     vector  1211214  rows  values [rows] */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include "linear_impl.h"

#define CLASS_MATRIX 1211216
#define CLASS_VECTOR 1211214
#define WHY_LEN      256

typedef struct {
  FILE    *file;
  uint64_t  hash;
  PetscBool some;         /* a value that is not zero was there */
  char      why[WHY_LEN]; /* "" while all is well */
} Reader;

static PetscBool ReadBytes(Reader *r, void *bytes, size_t n)
{
  if (r->why[0]) return PETSC_FALSE;
  if (fread(bytes, 1, n, r->file) != n) snprintf(r->why, WHY_LEN, "the file ends too early");
  r->hash = SdHash(r->hash, bytes, n);
  return (PetscBool)!r->why[0];
}

static int32_t ReadInt(Reader *r)
{
  uint32_t raw = 0;

  return ReadBytes(r, &raw, sizeof raw) ? (int32_t)ntohl(raw) : 0;
}

static void CheckValues(Reader *r, PetscInt n)
{
  for (PetscInt i = 0; i < n && !r->why[0]; i++) {
    uint32_t raw[2] = {0};
    uint64_t bits;
    double   value;

    ReadBytes(r, raw, sizeof raw);
    bits = (uint64_t)ntohl(raw[0]) << 32 | ntohl(raw[1]);
    memcpy(&value, &bits, sizeof value);
    if (value != 0) r->some = PETSC_TRUE;
    if (!isfinite(value)) snprintf(r->why, WHY_LEN, "value %" PetscInt_FMT " is %g, expected finite numbers", i, value);
  }
}

/* The lengths of the rows, which sum up to the non-zeros. */
static void CheckRows(Reader *r, PetscInt rows, PetscInt nonzeros, int32_t length[])
{
  PetscInt64 sum = 0;

  for (PetscInt i = 0; i < rows && !r->why[0]; i++) {
    length[i] = ReadInt(r);
    sum += length[i];
    if (length[i] < 0 || sum > nonzeros)
      snprintf(r->why, WHY_LEN, "the row lengths do not fit the %" PetscInt_FMT " non-zeros of its header", nonzeros);
  }
  if (!r->why[0] && sum != nonzeros)
    snprintf(r->why, WHY_LEN, "the row lengths do not fit the %" PetscInt_FMT " non-zeros of its header", nonzeros);
}

/* Increasing in each row: PETSc's relaxation and factorisations take that for granted, and are wrong without a word otherwise. */
static void CheckColumns(Reader *r, const SdBinary *binary, const int32_t length[])
{
  for (PetscInt i = 0; i < binary->rows && !r->why[0]; i++) {
    for (int32_t k = 0, last = -1; k < length[i] && !r->why[0]; k++) {
      const int32_t column = ReadInt(r);

      if (r->why[0]) break;
      if (column < 0 || column >= binary->columns)
        snprintf(r->why, WHY_LEN, "column index %d, expected 0 to %" PetscInt_FMT, column, binary->columns - 1);
      else if (column <= last)
        snprintf(r->why, WHY_LEN, "column index %d after %d in row %" PetscInt_FMT ", expected increasing ones", column, last, i);
      last = column;
    }
  }
}

static PetscErrorCode CheckMatrix(Reader *r, size_t size, SdBinary *binary)
{
  PetscInt nonzeros;
  int32_t *length;

  PetscFunctionBegin;
  binary->rows    = ReadInt(r);
  binary->columns = ReadInt(r);
  nonzeros        = ReadInt(r);
  if (!r->why[0] && (binary->rows < 1 || binary->columns != binary->rows || nonzeros < 1)) {
    snprintf(r->why, WHY_LEN,
             "a matrix of %" PetscInt_FMT " rows, %" PetscInt_FMT " columns, %" PetscInt_FMT
             " non-zeros; expected a square sparse one",
             binary->rows, binary->columns, nonzeros);
  }
  if (!r->why[0] && (size_t)binary->rows > size / sizeof *length) snprintf(r->why, WHY_LEN, "the file ends too early");
  if (r->why[0]) PetscFunctionReturn(0);
  PetscCall(PetscMalloc1(binary->rows, &length));
  CheckRows(r, binary->rows, nonzeros, length);
  CheckColumns(r, binary, length);
  CheckValues(r, nonzeros);
  PetscCall(PetscFree(length));
  PetscFunctionReturn(0);
}

static void CheckVector(Reader *r, SdBinary *binary)
{
  binary->rows    = ReadInt(r);
  binary->columns = 1;
  if (!r->why[0] && binary->rows < 1)
    snprintf(r->why, WHY_LEN, "a vector of %" PetscInt_FMT " numbers, expected at least 1", binary->rows);
  CheckValues(r, binary->rows);
}

static PetscErrorCode Inspect(const char path[], PetscBool matrix, Reader *r, SdBinary *binary)
{
  const int32_t expected = matrix ? CLASS_MATRIX : CLASS_VECTOR;
  struct stat   st;

  PetscFunctionBegin;
  r->file = fopen(path, "rb");
  if (!r->file || fstat(fileno(r->file), &st)) {
    snprintf(r->why, WHY_LEN, "%s", strerror(errno));
    if (r->file) fclose(r->file);
    PetscFunctionReturn(0);
  }
  if (ReadInt(r) != expected && !r->why[0])
    snprintf(r->why, WHY_LEN, "not a PETSc binary %s (class %d)", matrix ? "matrix" : "vector", expected);
  if (!r->why[0] && matrix) PetscCall(CheckMatrix(r, (size_t)st.st_size, binary));
  if (!r->why[0] && !matrix) CheckVector(r, binary);
  if (!r->why[0] && fgetc(r->file) != EOF) snprintf(r->why, WHY_LEN, "the file goes on after the %s", matrix ? "matrix" : "vector");
  fclose(r->file);
  binary->hash = r->hash;
  binary->zero = (PetscBool)!r->some;
  PetscFunctionReturn(0);
}

PetscErrorCode SdBinaryInspect(const char path[], PetscBool matrix, SdBinary *binary)
{
  Reader      r = {.hash = SD_HASH_START};
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  if (!rank) PetscCall(Inspect(path, matrix, &r, binary));
  PetscCallMPI(MPI_Bcast(r.why, WHY_LEN, MPI_CHAR, 0, PETSC_COMM_WORLD));
  PetscCheck(!r.why[0], PETSC_COMM_WORLD, SD_ERR_FILE, "%s: %s", path, r.why);
  PetscCallMPI(MPI_Bcast(&binary->rows, 1, MPIU_INT, 0, PETSC_COMM_WORLD));
  PetscCallMPI(MPI_Bcast(&binary->columns, 1, MPIU_INT, 0, PETSC_COMM_WORLD));
  PetscCallMPI(MPI_Bcast(&binary->hash, 1, MPI_UINT64_T, 0, PETSC_COMM_WORLD));
  PetscCallMPI(MPI_Bcast(&binary->zero, 1, MPIU_BOOL, 0, PETSC_COMM_WORLD));
  PetscFunctionReturn(0);
}
