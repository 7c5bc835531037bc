/* How points are cut into shards and shards dealt to ranks: both in contiguous, nearly equal pieces. */
#include <spindrift/base.h>
#include <spindrift/layout.h>

static PetscInt Cut(PetscInt piece, PetscInt total, PetscInt pieces)
{
  return (PetscInt)((PetscInt64)piece * (PetscInt64)total / (PetscInt64)pieces);
}

PetscErrorCode SdLayoutCreate(MPI_Comm comm, PetscInt npoints, PetscInt nshards, SdLayout *layout)
{
  PetscFunctionBegin;
  PetscCheck(npoints >= 1 && nshards >= 1, comm, SD_ERR_USAGE, "a layout takes at least 1 point and 1 shard, not %" PetscInt_FMT " and %" PetscInt_FMT, npoints, nshards);
  *layout = (SdLayout){.comm = comm, .npoints = npoints, .nshards = nshards};
  PetscCallMPI(MPI_Comm_rank(comm, &layout->rank));
  PetscCallMPI(MPI_Comm_size(comm, &layout->size));
  layout->shard_begin = Cut(layout->rank, nshards, layout->size);
  layout->shard_end   = Cut(layout->rank + 1, nshards, layout->size);
  layout->begin       = Cut(layout->shard_begin, npoints, nshards);
  layout->end         = Cut(layout->shard_end, npoints, nshards);
  PetscFunctionReturn(0);
}

PetscErrorCode SdLayoutShard(const SdLayout *layout, PetscInt shard, PetscInt *begin, PetscInt *end)
{
  PetscFunctionBegin;
  PetscCheck(shard >= 0 && shard < layout->nshards, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE, "shard %" PetscInt_FMT " of %" PetscInt_FMT, shard, layout->nshards);
  *begin = Cut(shard, layout->npoints, layout->nshards);
  *end   = Cut(shard + 1, layout->npoints, layout->nshards);
  PetscFunctionReturn(0);
}

PetscErrorCode SdLayoutCounts(const SdLayout *layout, PetscInt width, PetscMPIInt count[], PetscMPIInt displacement[])
{
  PetscFunctionBegin;
  PetscCall(PetscIntMultError(width, layout->npoints, NULL));
  for (PetscMPIInt r = 0; r < layout->size; r++) {
    const PetscInt begin = Cut(Cut(r, layout->nshards, layout->size), layout->npoints, layout->nshards), end = Cut(Cut(r + 1, layout->nshards, layout->size), layout->npoints, layout->nshards);

    PetscCall(PetscMPIIntCast((end - begin) * width, &count[r]));
    PetscCall(PetscMPIIntCast(begin * width, &displacement[r]));
  }
  PetscFunctionReturn(0);
}
