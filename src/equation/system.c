/* A system for all levels of time at once: function and Jacobian, of rows that the equation states. J is block lower triangular in levels, and
   march.c solves with it exactly. */
#include <spindrift/base.h>
#include <spindrift/equation.h>

typedef struct {
  SdSystem  system;
  double   *initial; /* [nodes] */
  PetscBool known;   /* J has its pattern */
} System;

#define MAX_ROW (SD_ROW + 2)

/* A row of F, and of J as n columns with values, the columns ascending. */
typedef struct {
  PetscInt    n, column[MAX_ROW];
  PetscScalar value[MAX_ROW];
} Row;

static void Add(Row *row, PetscInt column, double value)
{
  PetscInt k = row->n;

  while (k > 0 && row->column[k - 1] > column) k--;
  if (k > 0 && row->column[k - 1] == column) {
    row->value[k - 1] += value;
    return;
  }
  for (PetscInt i = row->n++; i > k; i--) {
    row->column[i] = row->column[i - 1];
    row->value[i]  = row->value[i - 1];
  }
  row->column[k] = column;
  row->value[k]  = value;
}

/* Row node of a level of F; of J too, unless row is NULL. */
static double SystemRow(const System *s, PetscInt level, PetscInt node, const double u[], Row *row)
{
  const PetscInt  nodes = s->system.nodes, here = level * nodes, back = PetscMin(level, 2);
  const PetscBool moves     = (PetscBool)(s->system.dt > 0);
  const double    bdf[2][3] = {{1, -1, 0}, {1.5, -2, 0.5}}, *c = bdf[level > 1];
  PetscBool       algebraic = (PetscBool)!moves;
  PetscInt        column[SD_ROW], n;
  double          slope[SD_ROW], rate, F, scale;

  if (row) row->n = 0;
  if (moves && !level) {
    if (row) Add(row, node, 1);
    return u[node] - s->initial[node];
  }
  n     = (*s->system.row)(s->system.ctx, s->system.begin + (double)level * s->system.dt, u + here, node, &rate, column, slope, &algebraic);
  scale = algebraic ? -1 : -s->system.dt;
  F     = scale * rate;
  for (PetscInt b = 0; b <= back && !algebraic; b++) F += c[b] * u[here + node - b * nodes];
  if (!row) return F;
  for (PetscInt b = back; b >= 0 && !algebraic; b--) Add(row, here + node - b * nodes, c[b]);
  for (PetscInt k = 0; k < n; k++) Add(row, here + column[k], scale * slope[k]);
  return F;
}

static PetscErrorCode Function(SNES snes, Vec u, Vec F, void *ctx)
{
  System            *s = (System *)ctx;
  const PetscScalar *value;
  PetscScalar       *out;

  PetscFunctionBegin;
  (void)snes;
  (*s->system.start)(s->system.ctx, s->initial);
  PetscCall(VecGetArrayRead(u, &value));
  PetscCall(VecGetArrayWrite(F, &out));
  for (PetscInt l = 0; l < s->system.levels; l++) {
    for (PetscInt i = 0; i < s->system.nodes; i++) out[l * s->system.nodes + i] = SystemRow(s, l, i, value, NULL);
  }
  PetscCall(VecRestoreArrayWrite(F, &out));
  PetscCall(VecRestoreArrayRead(u, &value));
  PetscFunctionReturn(0);
}

/* Rows of J one after the other into its values: its pattern stays, so they need not be looked up. */
static PetscErrorCode Overwrite(System *s, const double u[], Mat J)
{
  PetscScalar *value, *to;
  Row          row;

  PetscFunctionBegin;
  PetscCall(MatSeqAIJGetArrayWrite(J, &value));
  to = value;
  for (PetscInt l = 0; l < s->system.levels; l++) {
    for (PetscInt i = 0; i < s->system.nodes; i++) {
      (void)SystemRow(s, l, i, u, &row);
      for (PetscInt k = 0; k < row.n; k++) *to++ = row.value[k];
    }
  }
  PetscCall(MatSeqAIJRestoreArrayWrite(J, &value));
  PetscFunctionReturn(0);
}

static PetscErrorCode Insert(System *s, const double u[], Mat J)
{
  Row row;

  PetscFunctionBegin;
  for (PetscInt l = 0; l < s->system.levels; l++) {
    for (PetscInt i = 0; i < s->system.nodes; i++) {
      const PetscInt at = l * s->system.nodes + i;

      (void)SystemRow(s, l, i, u, &row);
      PetscCall(MatSetValues(J, 1, &at, row.n, row.column, row.value, INSERT_VALUES));
    }
  }
  PetscCall(MatAssemblyBegin(J, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(J, MAT_FINAL_ASSEMBLY));
  s->known = PETSC_TRUE;
  PetscFunctionReturn(0);
}

static PetscErrorCode Jacobian(SNES snes, Vec u, Mat J, Mat P, void *ctx)
{
  System            *s = (System *)ctx;
  const PetscScalar *value;

  PetscFunctionBegin;
  (void)snes, (void)J;
  (*s->system.start)(s->system.ctx, s->initial);
  PetscCall(VecGetArrayRead(u, &value));
  PetscCall((s->known ? Overwrite : Insert)(s, value, P));
  PetscCall(VecRestoreArrayRead(u, &value));
  PetscFunctionReturn(0);
}

static PetscErrorCode Free(void *ctx)
{
  System *s = (System *)ctx;

  PetscFunctionBegin;
  PetscCall((*s->system.destroy)(s->system.ctx));
  PetscCall(PetscFree(s->initial));
  PetscCall(PetscFree(s));
  PetscFunctionReturn(0);
}

PetscErrorCode SdSystemCreate(const SdSystem *system, SNES *snes)
{
  const PetscInt n = system->levels * system->nodes;
  System        *s;
  PetscContainer owner;
  KSP            ksp;
  PC             pc;
  Mat            J;

  PetscFunctionBegin;
  PetscCall(PetscNew(&s));
  s->system = *system;
  PetscCall(PetscMalloc1(system->nodes, &s->initial));
  PetscCall(SNESCreate(PETSC_COMM_SELF, snes));
  PetscCall(PetscContainerCreate(PETSC_COMM_SELF, &owner));
  PetscCall(PetscContainerSetPointer(owner, s));
  PetscCall(PetscContainerSetUserDestroy(owner, Free));
  PetscCall(PetscObjectCompose((PetscObject)*snes, "equation", (PetscObject)owner));
  PetscCall(PetscContainerDestroy(&owner));
  PetscCall(MatCreateSeqAIJ(PETSC_COMM_SELF, n, n, MAX_ROW, NULL, &J));
  PetscCall(SNESSetFunction(*snes, NULL, Function, s));
  PetscCall(SNESSetJacobian(*snes, J, J, Jacobian, s));
  PetscCall(MatDestroy(&J));
  PetscCall(SNESGetKSP(*snes, &ksp));
  PetscCall(KSPSetType(ksp, KSPPREONLY));
  PetscCall(KSPGetPC(ksp, &pc));
  PetscCall(SdMarchSetUp(pc, system->nodes));
  PetscFunctionReturn(0);
}
