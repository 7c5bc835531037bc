/* Branch and trunks: u_j(x) = sum_r B_r(a_j) phi_r(x) + c with the basis phi_r = T_r (DeepONet) or prod_i T^i_r(x_i) (SepONet, on the
   axes of a tensor grid, x fastest). With w = dL/du:

     dL/dB_r(a_j)  = sum_x w_j(x) phi_r(x)
     dL/dphi_r(x)  = sum_j B_r(a_j) w_j(x),   dL/dT^i_r(x_i) = sum over the other axes of dL/dphi_r prod_{k != i} T^k_r(x_k)
     dL/dc         = sum_j,x w_j(x)

   Input functions and each trunk's points are cut over the ranks. Every rank gathers all trunks' values, combines its own input
   functions, and a sum over their shards, exact and in no order, gives every trunk its cotangent. */
#include <string.h>
#include "model_impl.h"

typedef struct {
  PetscInt at[SD_MAX_AXES + 2]; /* trunk i's values begin at axis + at[i]; its last entry: all of them, then c */
  float   *axis;                /* of each trunk [npoint][nout of the trunk] */
  float   *basis;               /* [nout][npoint][rank] */
  float   *branch, *pulled;     /* [nout of the branch][SD_BLOCK] */
  float   *turned;              /* [SD_BLOCK][ld] branch outputs of one component */
  float   *u;                   /* [npoint][SD_BLOCK] */
  float   *dbasis;              /* [nout][npoint][ld] cotangent of the basis by one shard */
  float   *rows;                /* [own shards][at[last]] cotangents of the axes and of c */
  double  *sum;                 /* [at[last]] */
  PetscInt ld;                  /* rank, rounded up to whole vectors */
} Operator;

static PetscErrorCode AddTrunk(SdModel model, const char name[], PetscInt dim, const double lo[], const double hi[], PetscInt n, const double x[])
{
  PetscFunctionBegin;
  PetscCall(SdModelAddPart(model, &(SdPartSpec){.name = name, .kind = "trunk", .dim = dim, .nout = model->rank * model->nout, .npoint = n, .lo = lo, .hi = hi, .x = x}));
  PetscFunctionReturn(0);
}

static PetscErrorCode BeginSetUp(SdModel model, const SdModelSpec *spec)
{
  PetscFunctionBegin;
  PetscCall(SdOptionsGetInt("model_rank", &model->rank));
  PetscCheck(((double)model->rank + 16) * (double)model->rows <= (double)PETSC_MAX_INT, PETSC_COMM_WORLD, SD_ERR_USAGE, "model_rank: %" PetscInt_FMT " given for %" PetscInt_FMT " output values; at most %" PetscInt_FMT " numbers in all", model->rank, model->rows, PETSC_MAX_INT);
  PetscCall(SdModelAddItemPart(model, spec, "branch", "branch", model->rank * model->nout));
  PetscFunctionReturn(0);
}

/* The constants c, after the networks' parameters. */
static PetscErrorCode EndSetUp(SdModel model)
{
  SdSegment *seg = &model->segment[model->nsegment];

  PetscFunctionBegin;
  *seg = (SdSegment){.name = "bias", .offset = model->P, .rows = model->nout, .cols = 1, .layer = SD_MAX_LAYERS};
  model->owner[model->nsegment++] = model->npart;
  model->P += model->nout;
  PetscFunctionReturn(0);
}

static PetscErrorCode SetUpDeepONet(SdModel model, const SdModelSpec *spec)
{
  PetscFunctionBegin;
  PetscCall(BeginSetUp(model, spec));
  PetscCall(AddTrunk(model, "trunk", spec->dim, spec->lo, spec->hi, spec->npoint, spec->x));
  PetscCall(EndSetUp(model));
  PetscFunctionReturn(0);
}

static PetscErrorCode SetUpSepONet(SdModel model, const SdModelSpec *spec)
{
  PetscInt stride = 1;

  PetscFunctionBegin;
  PetscCheck(spec->grid && spec->grid[0], PETSC_COMM_WORLD, SD_ERR_USAGE, "model_type: 'seponet' given, but the output points are scattered; allowed: deeponet, mlp, or output points on a tensor grid");
  PetscCall(BeginSetUp(model, spec));
  for (PetscInt a = 0; a < spec->dim; a++) {
    double *axis;
    char    name[16];

    PetscCall(PetscMalloc1(spec->grid[a], &axis));
    for (PetscInt i = 0; i < spec->grid[a]; i++) axis[i] = spec->x[i * stride * spec->dim + a];
    PetscCall(PetscSNPrintf(name, sizeof(name), "trunk%" PetscInt_FMT, a));
    PetscCall(AddTrunk(model, name, 1, spec->lo + a, spec->hi + a, spec->grid[a], axis));
    PetscCall(PetscFree(axis));
    stride *= spec->grid[a];
  }
  PetscCall(EndSetUp(model));
  PetscFunctionReturn(0);
}

static PetscErrorCode Begin(SdModelInput input)
{
  SdModel        model = input->model;
  const PetscInt terms = model->rank * model->nout, nlocal = input->layout[0].shard_end - input->layout[0].shard_begin;
  Operator      *op;
  PetscInt       end;

  PetscFunctionBegin;
  PetscCall(PetscNew(&op));
  input->data = op;
  op->ld      = (model->rank + 15) / 16 * 16;
  for (PetscInt i = 1; i < model->npart; i++) op->at[i] = op->at[i - 1] + model->part[i].npoint * terms;
  end                   = op->at[model->npart - 1] + model->nout;
  op->at[model->npart] = end;
  PetscCheck((double)nlocal * (double)end <= (double)PETSC_MAX_INT, PETSC_COMM_WORLD, SD_ERR_USAGE, "train_shards, model_rank: cotangents of %" PetscInt_FMT " trunk outputs for each of %" PetscInt_FMT " shards on one rank, at most %" PetscInt_FMT " numbers; use more ranks or fewer shards", end, nlocal, PETSC_MAX_INT);
  PetscCall(PetscMalloc3(op->at[model->npart - 1], &op->axis, terms * model->npoint, &op->basis, model->nout * model->npoint * op->ld, &op->dbasis));
  PetscCall(PetscMalloc4(terms * SD_BLOCK, &op->branch, terms * SD_BLOCK, &op->pulled, op->ld * SD_BLOCK, &op->turned, model->npoint * SD_BLOCK, &op->u));
  PetscCall(PetscMalloc2(nlocal * end, &op->rows, end, &op->sum));
  PetscFunctionReturn(0);
}

static PetscErrorCode End(SdModelInput input)
{
  Operator *op = (Operator *)input->data;

  PetscFunctionBegin;
  PetscCall(PetscFree3(op->axis, op->basis, op->dbasis));
  PetscCall(PetscFree4(op->branch, op->pulled, op->turned, op->u));
  PetscCall(PetscFree2(op->rows, op->sum));
  PetscCall(PetscFree(input->data));
  PetscFunctionReturn(0);
}

/* A trunk's values at all of its points from those of every rank: axis[npoint][nout], from out[nout][own]. */
static PetscErrorCode Gather(SdModelInput input, PetscInt part, const float out[], float axis[])
{
  const SdLayout *layout = &input->layout[part];
  const PetscInt  own = layout->end - layout->begin, terms = input->model->part[part].net->nout;
  PetscMPIInt    *count, *displacement;
  float          *local;

  PetscFunctionBegin;
  PetscCall(PetscMalloc3(layout->size, &count, layout->size, &displacement, own * terms, &local));
  for (PetscInt r = 0; r < terms; r++) {
    for (PetscInt i = 0; i < own; i++) local[i * terms + r] = out[r * own + i];
  }
  PetscCall(SdLayoutCounts(layout, terms, count, displacement));
  PetscCallMPI(MPI_Allgatherv(local, count[layout->rank], MPI_FLOAT, axis, count, displacement, MPI_FLOAT, layout->comm));
  if (layout->size > 1) input->bytes += (PetscLogDouble)(sizeof(float) * (size_t)(own * terms));
  PetscCall(PetscFree3(count, displacement, local));
  PetscFunctionReturn(0);
}

/* Values of trunk i that belong to output point q: [nout of the trunk]. */
static inline const float *AxisOf(SdModel model, const Operator *op, PetscInt i, PetscInt q)
{
  PetscInt stride = 1;

  for (PetscInt k = 1; k < i; k++) stride *= model->part[k].npoint;
  return op->axis + op->at[i - 1] + q / stride % model->part[i].npoint * model->part[i].net->nout;
}

static PetscErrorCode Basis(SdModelInput input, float *const out[], const float **basis)
{
  SdModel        model = input->model;
  Operator      *op    = (Operator *)input->data;
  const PetscInt R     = model->rank;

  PetscFunctionBegin;
  for (PetscInt i = 1; i < model->npart; i++) PetscCall(Gather(input, i, out[i], op->axis + op->at[i - 1]));
  for (PetscInt o = 0; o < model->nout; o++) {
    for (PetscInt q = 0; q < model->npoint; q++) {
      float *phi = op->basis + (o * model->npoint + q) * R;

      memcpy(phi, AxisOf(model, op, 1, q) + o * R, sizeof(float) * (size_t)R);
      for (PetscInt i = 2; i < model->npart; i++) {
        const float *more = AxisOf(model, op, i, q) + o * R;

        for (PetscInt r = 0; r < R; r++) phi[r] *= more[r];
      }
    }
  }
  *basis = op->basis;
  PetscFunctionReturn(0);
}

static PetscErrorCode Combine(SdModelInput input, const float theta[], float *const out[], float u[])
{
  SdModel          model = input->model;
  Operator        *op    = (Operator *)input->data;
  const SdBatch   *batch = &input->batch[0];
  const PetscInt   R = model->rank, Q = model->npoint;
  const SdKernels *kernels = model->part[0].net->kernels;
  const float     *basis;

  PetscFunctionBegin;
  PetscCall(Basis(input, out, &basis));
  for (PetscInt b = 0; b < batch->nblock; b++) {
    SdBatchScatter(batch, b, R * model->nout, out[0], op->branch);
    for (PetscInt o = 0; o < model->nout; o++) {
      const float c = theta[model->P - model->nout + o];

      for (PetscInt i = 0; i < Q * SD_BLOCK; i++) op->u[i] = c;
      kernels->product((int)Q, (int)R, SD_BLOCK, basis + o * Q * R, R, 1, op->branch + o * R * SD_BLOCK, SD_BLOCK, op->u, SD_BLOCK, 1);
      SdBatchGather(batch, b, Q, op->u, u + o * Q * batch->npoint);
    }
  }
  PetscFunctionReturn(0);
}

/* One block of items: the branch's cotangent, and what it adds to the shard's dbasis and dc[nout]. */
static void PullBlock(SdModelInput input, PetscInt b, const float branch[], const float w[], float cotangent[], float dc[])
{
  SdModel          model = input->model;
  Operator        *op    = (Operator *)input->data;
  const SdBatch   *batch = &input->batch[0];
  const PetscInt   R = model->rank, Q = model->npoint, ld = op->ld;
  const SdKernels *kernels = model->part[0].net->kernels;

  SdBatchScatter(batch, b, R * model->nout, branch, op->branch);
  for (PetscInt o = 0; o < model->nout; o++) {
    double sum[SD_BLOCK] = {0}; /* of each item, so that the additions need not wait for each other */

    SdBatchScatter(batch, b, Q, w + o * Q * batch->npoint, op->u);
    kernels->product((int)R, (int)Q, SD_BLOCK, op->basis + o * Q * R, 1, R, op->u, SD_BLOCK, op->pulled + o * R * SD_BLOCK, SD_BLOCK, 0);
    kernels->transpose((int)R, op->branch + o * R * SD_BLOCK, (int)ld, op->turned);
    kernels->product((int)Q, SD_BLOCK, (int)ld, op->u, SD_BLOCK, 1, op->turned, ld, op->dbasis + o * Q * ld, ld, 1);
    for (PetscInt q = 0; q < Q; q++) {
      for (PetscInt i = 0; i < SD_BLOCK; i++) sum[i] += (double)op->u[q * SD_BLOCK + i];
    }
    for (PetscInt i = 1; i < SD_BLOCK; i++) sum[0] += sum[i];
    dc[o] += (float)sum[0];
  }
  SdBatchGather(batch, b, R * model->nout, op->pulled, cotangent);
}

/* A shard's dbasis into cotangents of the axes, row[at[npart - 1]]. */
static void PullAxes(SdModel model, const Operator *op, float row[])
{
  const PetscInt   R = model->rank, Q = model->npoint;
  const SdKernels *kernels = model->part[0].net->kernels;

  for (PetscInt i = 1; i < model->npart; i++) {
    for (PetscInt o = 0; o < model->nout; o++) {
      for (PetscInt q = 0; q < Q; q++) {
        const float *pulled = op->dbasis + (o * Q + q) * op->ld;
        float       *turn[] = {op->pulled, op->pulled + R};

        for (PetscInt k = 1, at = 0; k < model->npart; k++) {
          if (k == i) continue;
          kernels->multiply((size_t)R, pulled, AxisOf(model, op, k, q) + o * R, turn[at]);
          pulled = turn[at];
          at     = !at;
        }
        kernels->accumulate((size_t)R, 1, pulled, row + (AxisOf(model, op, i, q) - op->axis) + o * R);
      }
    }
  }
}

static PetscErrorCode Pull(SdModelInput input, float *const out[], const float w[], float *const cotangent[], double g[])
{
  SdModel        model = input->model;
  Operator      *op    = (Operator *)input->data;
  const SdBatch *batch = &input->batch[0];
  const PetscInt end = op->at[model->npart];

  PetscFunctionBegin;
  PetscCall(PetscArrayzero(op->rows, batch->nshard * end));
  for (PetscInt s = 0; s < batch->nshard; s++) {
    float *row = op->rows + s * end;

    PetscCall(PetscArrayzero(op->dbasis, model->nout * model->npoint * op->ld));
    for (PetscInt b = batch->shard_block[s]; b < batch->shard_block[s + 1]; b++) PullBlock(input, b, out[0], w, cotangent[0], row + op->at[model->npart - 1]);
    PullAxes(model, op, row);
  }
  PetscCall(SdExactSumFloat(&input->layout[0], end, end, op->rows, model->npart, op->at, op->sum, &input->bytes));
  for (PetscInt i = 1; i < model->npart; i++) {
    const SdLayout *layout = &input->layout[i];
    const PetscInt  own = layout->end - layout->begin, terms = model->part[i].net->nout;

    for (PetscInt r = 0; r < terms; r++) {
      for (PetscInt q = 0; q < own; q++) cotangent[i][r * own + q] = (float)op->sum[op->at[i - 1] + (layout->begin + q) * terms + r];
    }
  }
  for (PetscInt o = 0; o < model->nout; o++) g[model->P - model->nout + o] = op->sum[op->at[model->npart - 1] + o];
  PetscFunctionReturn(0);
}

const SdModelOps SdModelOps_DeepONet = {.setup = SetUpDeepONet, .basis = Basis, .combine = Combine, .pull = Pull, .begin = Begin, .end = End};
const SdModelOps SdModelOps_SepONet  = {.setup = SetUpSepONet, .basis = Basis, .combine = Combine, .pull = Pull, .begin = Begin, .end = End};
