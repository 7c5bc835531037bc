/* An evolution equation of all times at once: backward differences in time, of second order (BDF2) after a first step of first order,

     inner rows   a u_n + b u_{n-1} + c u_{n-2} - dt f(u_n) = 0,   (a, b, c) = (3/2, -2, 1/2); (1, -1, 0) for n = 1
     other rows   u - u_0 = 0 at time 0 and at held nodes; u - u(opposite node) = 0 at copies

   Multiplied by dt, rows are of the size of u. J is block lower triangular in time levels, and march.c solves with it exactly. */
#include "evolution_impl.h"

typedef struct {
  SdSpace  space;
  PetscInt levels;
  double   dt;
  double  *initial; /* [space.nodes] */
} Equation;

#define MAX_ROW (SD_STENCIL + 2)

/* A row of F, and of J as n columns with values. */
typedef struct {
  PetscInt    n, column[MAX_ROW];
  PetscScalar value[MAX_ROW];
} Row;

static double TimeStep(const Equation *e, PetscInt level, PetscInt node, const PetscInt stencil[], const double u[], Row *row)
{
  const PetscInt nodes = e->space.nodes, here = level * nodes, width = 2 * e->space.pieces->dim + 1;
  const double   bdf[2][3] = {{1, -1, 0}, {1.5, -2, 0.5}}, *c = bdf[level > 1];
  double         df[SD_STENCIL], f = SdSpaceRate(&e->space, stencil, u + here, df), F = -e->dt * f;

  row->n = 0;
  for (PetscInt s = 0; s < width; s++) {
    row->column[row->n]  = here + stencil[s];
    row->value[row->n++] = -e->dt * df[s];
  }
  row->value[0] += c[0];
  F += c[0] * u[here + node];
  for (PetscInt back = 1; back <= PetscMin(level, 2); back++) {
    F += c[back] * u[here + node - back * nodes];
    row->column[row->n]  = here + node - back * nodes;
    row->value[row->n++] = c[back];
  }
  return F;
}

static double EquationRow(const Equation *e, PetscInt level, PetscInt node, const double u[], Row *row)
{
  const PetscInt at = level * e->space.nodes + node;
  PetscInt       stencil[SD_STENCIL];
  SdNodeKind     kind = SdSpaceStencil(&e->space, node, stencil);

  if (level && kind == SD_NODE_INNER) return TimeStep(e, level, node, stencil, u, row);
  *row = (Row){.n = 1, .column = {at}, .value = {1}};
  if (!level || kind == SD_NODE_HELD) return u[at] - e->initial[node];
  row->column[row->n]  = at - node + stencil[0];
  row->value[row->n++] = -1;
  return u[at] - u[at - node + stencil[0]];
}

static PetscErrorCode Function(SNES snes, Vec u, Vec F, void *ctx)
{
  const Equation    *e = (const Equation *)ctx;
  const PetscScalar *value;
  PetscScalar       *out;
  Row                row;

  PetscFunctionBegin;
  (void)snes;
  PetscCall(VecGetArrayRead(u, &value));
  PetscCall(VecGetArrayWrite(F, &out));
  for (PetscInt l = 0; l < e->levels; l++) {
    for (PetscInt i = 0; i < e->space.nodes; i++) out[l * e->space.nodes + i] = EquationRow(e, l, i, value, &row);
  }
  PetscCall(VecRestoreArrayWrite(F, &out));
  PetscCall(VecRestoreArrayRead(u, &value));
  PetscFunctionReturn(0);
}

static PetscErrorCode Jacobian(SNES snes, Vec u, Mat J, Mat P, void *ctx)
{
  const Equation    *e = (const Equation *)ctx;
  const PetscScalar *value;
  Row                row;

  PetscFunctionBegin;
  (void)snes, (void)J;
  PetscCall(VecGetArrayRead(u, &value));
  for (PetscInt l = 0; l < e->levels; l++) {
    for (PetscInt i = 0; i < e->space.nodes; i++) {
      const PetscInt at = l * e->space.nodes + i;

      (void)EquationRow(e, l, i, value, &row);
      PetscCall(MatSetValues(P, 1, &at, row.n, row.column, row.value, INSERT_VALUES));
    }
  }
  PetscCall(VecRestoreArrayRead(u, &value));
  PetscCall(MatAssemblyBegin(P, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(P, MAT_FINAL_ASSEMBLY));
  PetscFunctionReturn(0);
}

static PetscErrorCode Free(void *ctx)
{
  Equation *e = (Equation *)ctx;

  PetscFunctionBegin;
  PetscCall(PetscFree(e->initial));
  PetscCall(PetscFree(e));
  PetscFunctionReturn(0);
}

static PetscErrorCode Fill(SdProblem p, PetscInt refine, Equation *e)
{
  PetscFunctionBegin;
  e->space  = SdSpaceCreate(p, refine);
  e->levels = ((p->grid[p->dim - 1] - 1) << refine) + 1;
  e->dt     = e->space.pieces->time / (double)(e->levels - 1);
  PetscCall(PetscMalloc1(e->space.nodes, &e->initial));
  for (PetscInt i = 0; i < e->space.nodes; i++) e->initial[i] = SdSpaceInitial(&e->space, i);
  PetscFunctionReturn(0);
}

PetscErrorCode SdEvolutionNonlinear(SdProblem p, const double a[], PetscInt refine, SNES *snes)
{
  Equation      *e;
  PetscContainer owner;
  PetscInt       n;
  KSP            ksp;
  PC             pc;
  Mat            J;

  PetscFunctionBegin;
  PetscCheck(!a, PETSC_COMM_SELF, PETSC_ERR_SUP, "problem_type %s has no input functions", p->name);
  PetscCall(PetscNew(&e));
  PetscCall(Fill(p, refine, e));
  n = e->levels * e->space.nodes;
  PetscCall(SNESCreate(PETSC_COMM_SELF, snes));
  PetscCall(PetscContainerCreate(PETSC_COMM_SELF, &owner));
  PetscCall(PetscContainerSetPointer(owner, e));
  PetscCall(PetscContainerSetUserDestroy(owner, Free));
  PetscCall(PetscObjectCompose((PetscObject)*snes, "equation", (PetscObject)owner));
  PetscCall(PetscContainerDestroy(&owner));
  PetscCall(MatCreateSeqAIJ(PETSC_COMM_SELF, n, n, MAX_ROW, NULL, &J));
  PetscCall(SNESSetFunction(*snes, NULL, Function, e));
  PetscCall(SNESSetJacobian(*snes, J, J, Jacobian, e));
  PetscCall(MatDestroy(&J));
  PetscCall(SNESGetKSP(*snes, &ksp));
  PetscCall(KSPSetType(ksp, KSPPREONLY));
  PetscCall(KSPGetPC(ksp, &pc));
  PetscCall(SdMarchSetUp(pc, e->space.nodes));
  PetscFunctionReturn(0);
}
