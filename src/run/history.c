/* The history of a run: rows of numbers, in memory. */
#include <spindrift/record.h>

static const char *const names[SD_NCOL] = {
#define SD_COLUMN(name, unit, text) #name,
  SD_HISTORY_COLUMNS(SD_COLUMN)
#undef SD_COLUMN
};

PetscErrorCode SdHistoryCreate(PetscInt nlayer, PetscInt capacity, SdHistory *h)
{
  PetscFunctionBegin;
  *h = (SdHistory){.capacity = capacity, .nlayer = nlayer};
  for (PetscInt c = 0; c < SD_NCOL; c++) PetscCall(PetscCalloc1(capacity, &h->column[c]));
  PetscCall(PetscCalloc1(capacity * nlayer, &h->rates));
  PetscFunctionReturn(0);
}

PetscErrorCode SdHistoryAppend(SdHistory *h, const double row[SD_NCOL], const double rates[])
{
  PetscInt64 i = h->nrow;

  PetscFunctionBegin;
  if (i > 0 && h->column[SD_COL_step][i - 1] == row[SD_COL_step]) i--;
  PetscCheck(i < h->capacity, PETSC_COMM_SELF, PETSC_ERR_PLIB, "history of %" PetscInt_FMT " rows is full", h->capacity);
  for (PetscInt c = 0; c < SD_NCOL; c++) h->column[c][i] = row[c];
  PetscCall(PetscArraycpy(h->rates + i * h->nlayer, rates, h->nlayer));
  h->nrow = i + 1;
  PetscFunctionReturn(0);
}

PetscErrorCode SdHistoryArrays(SdHistory *h, SdArray arrays[SD_NCOL + 2])
{
  PetscFunctionBegin;
  for (PetscInt c = 0; c < SD_NCOL; c++) {
    arrays[c] = (SdArray){.type = SD_FLOAT64, .ndim = 1, .dim = {h->capacity}, .data = h->column[c], .unit = "", .grows = PETSC_TRUE};
    PetscCall(PetscSNPrintf(arrays[c].name, sizeof(arrays[c].name), "%s/%s", SD_PATH_HISTORY, names[c]));
  }
  arrays[SD_NCOL]     = (SdArray){.name = SD_PATH_RATES, .type = SD_FLOAT64, .ndim = 2, .dim = {h->capacity, h->nlayer}, .data = h->rates, .unit = "", .grows = PETSC_TRUE};
  arrays[SD_NCOL + 1] = (SdArray){.name = SD_PATH_HISTORY "/rows", .type = SD_INT64, .ndim = 1, .dim = {1}, .data = &h->nrow, .unit = "", .counts = PETSC_TRUE};
  PetscFunctionReturn(0);
}

PetscErrorCode SdHistoryDestroy(SdHistory *h)
{
  PetscFunctionBegin;
  for (PetscInt c = 0; c < SD_NCOL; c++) PetscCall(PetscFree(h->column[c]));
  PetscCall(PetscFree(h->rates));
  PetscFunctionReturn(0);
}
