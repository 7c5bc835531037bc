/* Exact solution with a matrix J that is block lower triangular in slabs, by substitution from slab to slab:

     J y = r    for n = 0, 1, ...:  y_n = D_n^-1 (r_n - sum_{m < n} J_nm y_m),   D_n = J_nn by sparse LU
     J' y = r   for n = last, ...:  y_n = D_n^-T (r_n - sum_{m > n} J_mn' y_m)

   As a PCSHELL, set up again by PETSc when J has changed; its pattern of non-zeros must stay. */
#include <petscpc.h>
#include <spindrift/base.h>
#include <spindrift/equation.h>

typedef struct {
  PetscInt     slab, nslab;
  Mat         *D, *factor;  /* [nslab] */
  PetscScalar *rest;        /* [rows] right-hand sides, less what is known */
  Vec          right, part; /* without arrays of their own */
} March;

/* The rows of J. Columns are in ascending order; entries [own, end) lie in the row's own slab, and none beyond it. */
typedef struct {
  PetscInt           n;
  const PetscInt    *row, *column;
  const PetscScalar *value;
} Rows;

static PetscErrorCode Borrow(Mat J, Rows *rows)
{
  PetscBool done;

  PetscFunctionBegin;
  PetscCall(MatGetRowIJ(J, 0, PETSC_FALSE, PETSC_FALSE, &rows->n, &rows->row, &rows->column, &done));
  PetscCheck(done, PETSC_COMM_SELF, PETSC_ERR_PLIB, "not a sequential AIJ matrix");
  PetscCall(MatSeqAIJGetArrayRead(J, &rows->value));
  PetscFunctionReturn(0);
}

static PetscErrorCode GiveBack(Mat J, Rows *rows)
{
  PetscBool done;

  PetscFunctionBegin;
  PetscCall(MatSeqAIJRestoreArrayRead(J, &rows->value));
  PetscCall(MatRestoreRowIJ(J, 0, PETSC_FALSE, PETSC_FALSE, &rows->n, &rows->row, &rows->column, &done));
  PetscFunctionReturn(0);
}

static PetscInt Own(const March *m, const Rows *rows, PetscInt i)
{
  PetscInt k = rows->row[i];

  while (k < rows->row[i + 1] && rows->column[k] < i / m->slab * m->slab) k++;
  return k;
}

/* The diagonal block of slab s, the first time with its pattern. */
static PetscErrorCode Insert(March *m, const Rows *rows, PetscInt s)
{
  const PetscInt first = s * m->slab;

  PetscFunctionBegin;
  for (PetscInt i = first; i < first + m->slab; i++) {
    for (PetscInt k = Own(m, rows, i); k < rows->row[i + 1]; k++) {
      PetscCheck(rows->column[k] < first + m->slab, PETSC_COMM_SELF, PETSC_ERR_PLIB, "row %" PetscInt_FMT " needs a later slab", i);
      PetscCall(MatSetValue(m->D[s], i - first, rows->column[k] - first, rows->value[k], INSERT_VALUES));
    }
  }
  PetscCall(MatAssemblyBegin(m->D[s], MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(m->D[s], MAT_FINAL_ASSEMBLY));
  PetscFunctionReturn(0);
}

/* And then its values alone. */
static PetscErrorCode Overwrite(March *m, const Rows *rows, PetscInt s)
{
  PetscScalar *value, *to;

  PetscFunctionBegin;
  PetscCall(MatSeqAIJGetArrayWrite(m->D[s], &value));
  to = value;
  for (PetscInt i = s * m->slab; i < (s + 1) * m->slab; i++) {
    for (PetscInt k = Own(m, rows, i); k < rows->row[i + 1]; k++) *to++ = rows->value[k];
  }
  PetscCall(MatSeqAIJRestoreArrayWrite(m->D[s], &value));
  PetscFunctionReturn(0);
}

static PetscErrorCode Create(March *m, const Rows *rows)
{
  PetscFunctionBegin;
  m->nslab = rows->n / m->slab;
  PetscCheck(m->nslab * m->slab == rows->n, PETSC_COMM_SELF, PETSC_ERR_PLIB,
             "%" PetscInt_FMT " rows in slabs of %" PetscInt_FMT, rows->n, m->slab);
  PetscCall(PetscCalloc3(m->nslab, &m->D, m->nslab, &m->factor, rows->n, &m->rest));
  for (PetscInt s = 0; s < m->nslab; s++) PetscCall(MatCreateSeqAIJ(PETSC_COMM_SELF, m->slab, m->slab, SD_ROW, NULL, &m->D[s]));
  PetscFunctionReturn(0);
}

static PetscErrorCode Factor(March *m, PetscInt s)
{
  MatFactorInfo  info;
  MatFactorError failure;
  IS             row, column;

  PetscFunctionBegin;
  PetscCall(MatFactorInfoInitialize(&info));
  info.fill = 2;
  if (!m->factor[s]) {
    PetscCall(MatGetFactor(m->D[s], MATSOLVERPETSC, MAT_FACTOR_LU, &m->factor[s]));
    PetscCall(MatGetOrdering(m->D[s], MATORDERINGRCM, &row, &column));
    PetscCall(MatLUFactorSymbolic(m->factor[s], m->D[s], row, column, &info));
    PetscCall(ISDestroy(&row));
    PetscCall(ISDestroy(&column));
  }
  PetscCall(MatLUFactorNumeric(m->factor[s], m->D[s], &info));
  PetscCall(MatFactorGetError(m->factor[s], &failure));
  PetscCheck(!failure, PETSC_COMM_SELF, SD_ERR_DIVERGED, "the linearised equation of time level %" PetscInt_FMT " is singular", s);
  PetscFunctionReturn(0);
}

static PetscErrorCode SetUp(PC pc)
{
  March *m;
  Mat    J;
  Rows   rows;

  PetscFunctionBegin;
  PetscCall(PCShellGetContext(pc, &m));
  PetscCall(PCGetOperators(pc, NULL, &J));
  PetscCall(Borrow(J, &rows));
  if (!m->D) PetscCall(Create(m, &rows));
  for (PetscInt s = 0; s < m->nslab; s++) {
    PetscCall((m->factor[s] ? Overwrite : Insert)(m, &rows, s));
    PetscCall(Factor(m, s));
  }
  PetscCall(GiveBack(J, &rows));
  PetscFunctionReturn(0);
}

static PetscErrorCode Begin(PC pc, Vec r, March **m, Mat *J, Rows *rows)
{
  const PetscScalar *right;

  PetscFunctionBegin;
  PetscCall(PCShellGetContext(pc, m));
  PetscCall(PCGetOperators(pc, NULL, J));
  PetscCall(Borrow(*J, rows));
  PetscCall(VecGetArrayRead(r, &right));
  PetscCall(PetscArraycpy((*m)->rest, right, rows->n));
  PetscCall(VecRestoreArrayRead(r, &right));
  PetscFunctionReturn(0);
}

/* y_s = D_s^-1 rest_s, or with D_s^T */
static PetscErrorCode SolveSlab(March *m, PetscInt s, PetscBool transpose, PetscScalar y[])
{
  PetscFunctionBegin;
  PetscCall(VecPlaceArray(m->right, m->rest + s * m->slab));
  PetscCall(VecPlaceArray(m->part, y + s * m->slab));
  PetscCall((transpose ? MatSolveTranspose : MatSolve)(m->factor[s], m->right, m->part));
  PetscCall(VecResetArray(m->part));
  PetscCall(VecResetArray(m->right));
  PetscFunctionReturn(0);
}

static PetscErrorCode Apply(PC pc, Vec r, Vec y)
{
  March       *m;
  Mat          J;
  Rows         rows;
  PetscScalar *out;

  PetscFunctionBegin;
  PetscCall(Begin(pc, r, &m, &J, &rows));
  PetscCall(VecGetArrayWrite(y, &out));
  for (PetscInt s = 0; s < m->nslab; s++) {
    for (PetscInt i = s * m->slab; i < (s + 1) * m->slab; i++) {
      for (PetscInt k = rows.row[i], own = Own(m, &rows, i); k < own; k++) m->rest[i] -= rows.value[k] * out[rows.column[k]];
    }
    PetscCall(SolveSlab(m, s, PETSC_FALSE, out));
  }
  PetscCall(VecRestoreArrayWrite(y, &out));
  PetscCall(GiveBack(J, &rows));
  PetscFunctionReturn(0);
}

static PetscErrorCode ApplyTranspose(PC pc, Vec r, Vec y)
{
  March       *m;
  Mat          J;
  Rows         rows;
  PetscScalar *out;

  PetscFunctionBegin;
  PetscCall(Begin(pc, r, &m, &J, &rows));
  PetscCall(VecGetArrayWrite(y, &out));
  for (PetscInt s = m->nslab - 1; s >= 0; s--) {
    PetscCall(SolveSlab(m, s, PETSC_TRUE, out));
    for (PetscInt i = s * m->slab; i < (s + 1) * m->slab; i++) {
      for (PetscInt k = rows.row[i], own = Own(m, &rows, i); k < own; k++) m->rest[rows.column[k]] -= rows.value[k] * out[i];
    }
  }
  PetscCall(VecRestoreArrayWrite(y, &out));
  PetscCall(GiveBack(J, &rows));
  PetscFunctionReturn(0);
}

static PetscErrorCode Destroy(PC pc)
{
  March *m;

  PetscFunctionBegin;
  PetscCall(PCShellGetContext(pc, &m));
  for (PetscInt s = 0; s < m->nslab; s++) {
    PetscCall(MatDestroy(&m->D[s]));
    PetscCall(MatDestroy(&m->factor[s]));
  }
  PetscCall(VecDestroy(&m->right));
  PetscCall(VecDestroy(&m->part));
  PetscCall(PetscFree3(m->D, m->factor, m->rest));
  PetscCall(PetscFree(m));
  PetscFunctionReturn(0);
}

PetscErrorCode SdMarchSetUp(PC pc, PetscInt slab)
{
  March *m;

  PetscFunctionBegin;
  PetscCall(PetscNew(&m));
  m->slab = slab;
  PetscCall(VecCreateSeqWithArray(PETSC_COMM_SELF, 1, slab, NULL, &m->right));
  PetscCall(VecCreateSeqWithArray(PETSC_COMM_SELF, 1, slab, NULL, &m->part));
  PetscCall(PCSetType(pc, PCSHELL));
  PetscCall(PCShellSetContext(pc, m));
  PetscCall(PCShellSetName(pc, "march"));
  PetscCall(PCShellSetSetUp(pc, SetUp));
  PetscCall(PCShellSetApply(pc, Apply));
  PetscCall(PCShellSetApplyTranspose(pc, ApplyTranspose));
  PetscCall(PCShellSetDestroy(pc, Destroy));
  PetscFunctionReturn(0);
}
