/* A model's metrics from the activity of its networks. Definitions: metrics.h, activity.h. */
#include <spindrift/activity.h>
#include <spindrift/metrics.h>
#include "model_impl.h"

/* Activity of a part at this rank's share of n points x[n][dim], every stride-th of them. */
static PetscErrorCode Own(MPI_Comm comm, const SdModelPart *part, const float theta[], PetscInt n, PetscInt stride, const double x[], SdActivity *activity)
{
  const PetscInt dim = part->net->dim;
  SdLayout       layout;
  SdBatch        batch;
  PetscMPIInt    size;
  PetscInt       count;
  double        *own;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(comm, &size));
  PetscCall(SdLayoutCreate(comm, n, size, &layout));
  count = layout.end - layout.begin;
  PetscCall(PetscMalloc1(count * dim, &own));
  for (PetscInt i = 0; i < count; i++) PetscCall(PetscArraycpy(own + i * dim, x + (layout.begin + i) * stride * dim, dim));
  PetscCall(SdBatchCreate(part->net, 0, 1, &count, own, &batch));
  PetscCall(SdNetworkActivity(part->net, theta + part->offset, &batch, activity));
  PetscCall(SdBatchDestroy(&batch));
  PetscCall(PetscFree(own));
  PetscFunctionReturn(0);
}

/* What a part adds to one evaluation: the mean over items, or the sum over a trunk's points. */
static void Add(const SdModelPart *part, const SdActivity *a, SdMetrics *m, double *outputs, double *nonzero)
{
  SdNetwork    net  = part->net;
  const double each = part->npoint ? 1.0 : 1.0 / (double)a->points, points = part->npoint ? (double)part->npoint : 1.0;
  const double pj    = net->neuron.kind == SD_LIF && net->neuron.beta == 1.0f ? SD_PJ_AC : SD_PJ_MAC;
  double       dense = 0;

  for (PetscInt l = 0; l <= net->nlayer; l++) dense += (double)SdNetworkInWidth(net, l) * (double)SdNetworkOutWidth(net, l);
  *outputs += each * (double)a->outputs;
  *nonzero += each * (double)a->nonzero;
  m->dense += each * (double)a->dense;
  m->macs += each * (double)a->macs;
  m->acs += each * (double)a->acs;
  m->neuron_updates += each * (double)a->neurons;
  m->membrane_updates += each * (double)a->membranes;
  m->energy_neurons += 1e-12 * pj * each * (double)a->neurons;
  m->ordinary_macs += points * dense;
}

PetscErrorCode SdModelMetrics(SdModel model, MPI_Comm comm, const float theta[], PetscInt n, const double x[], SdMetrics *m)
{
  const PetscInt stride = (n + SD_METRICS_MOST - 1) / SD_METRICS_MOST, counted = (n + stride - 1) / stride;
  const double   joined  = (double)model->rank * (double)model->rows;
  double         outputs = 0, nonzero = 0;
  PetscInt64     zeros = 0, weights = 0;

  PetscFunctionBegin;
  *m = (SdMetrics){.evaluations = (double)counted, .parameters = (double)model->P, .footprint = (double)sizeof(float) * (double)model->P};
  for (PetscInt i = 0; i < model->npart; i++) {
    const SdModelPart *part = &model->part[i];
    SdActivity         own  = {0}, all;
    PetscInt64         some;

    PetscCall(Own(comm, part, theta, i ? part->npoint : counted, i ? 1 : stride, i ? part->x : x, &own));
    PetscCallMPI(MPI_Allreduce(&own, &all, SD_ACTIVITIES, MPI_INT64_T, MPI_SUM, comm));
    Add(part, &all, m, &outputs, &nonzero);
    zeros += SdNetworkZeros(part->net, theta + part->offset, &some);
    weights += some;
  }
  m->dense += joined;
  m->macs += joined;
  m->ordinary_macs += joined;
  m->connection_sparsity = (double)zeros / (double)weights;
  m->activation_sparsity = 1 - nonzero / outputs;
  m->energy_synapses     = 1e-12 * (SD_PJ_MAC * m->macs + SD_PJ_AC * m->acs);
  m->ordinary_energy     = 1e-12 * SD_PJ_MAC * m->ordinary_macs;
  PetscFunctionReturn(0);
}
