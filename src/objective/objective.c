/* The concept "objective": its options, its list, and dispatch. */
#include "objective_impl.h"

static const char *const FormNames[] = {"auto",
#define SD_OBJECTIVE(name, text, create) #name,
#include "list.h"
#undef SD_OBJECTIVE
                                        NULL};

typedef enum {
  FORM_auto,
#define SD_OBJECTIVE(name, text, create) FORM_##name,
#include "list.h"
#undef SD_OBJECTIVE
} Form;

static PetscErrorCode (*const Creators[])(SdObjective) = {
#define SD_OBJECTIVE(name, text, create) create,
#include "list.h"
#undef SD_OBJECTIVE
};

static const char *const EvaluationNames[] = {"auto", "redundant", "distributed", NULL};

static const char *const WeightsNames[] = {"none", "adaptive", NULL};

static const SdOption Options[] = {
    {"loss_form", SD_ENUM, "auto", "", 0, 0, FormNames,
     "The loss; auto: misfit for data, preconditioned for a linear equation, newton for a nonlinear one."},
    {"loss_evaluation", SD_ENUM, "auto", "", 0, 0, EvaluationNames,
     "Losses of an equation: redundant (every rank works on the whole equation: the same bits on any number of "
     "ranks), distributed (a linear equation is cut over the ranks), auto (redundant up to 50000 points, or if nonlinear)."},
    {"loss_cycles", SD_INT, "1", "", 1, 100, NULL,
     "preconditioned: cycles of the preconditioner (options loss_pc_...) in one application."},
    {"loss_weights", SD_ENUM, "none", "", 0, 0, WeightsNames, "A weight for each collocation point, adapted by gradient ascent of the loss while the network descends (SA-PINN)."},
    {"loss_weights_rate", SD_REAL, "0.01", "", 1e-6, 1, NULL, "adaptive: relative change of the weights in one step, where the loss is of average size."},
    {NULL, SD_BOOL, NULL, NULL, 0, 0, NULL, NULL}};

PetscErrorCode SdObjectiveRegisterOptions(void)
{
  PetscFunctionBegin;
  PetscCall(SdOptionsRegister("loss", Options));
  PetscCall(SdOptionsAllowPrefix("loss_"));
  PetscFunctionReturn(0);
}

PetscErrorCode SdObjectiveCreate(SdProblem p, const SdLayout *layout, SdObjective *objective)
{
  const PetscBool data = (PetscBool)(p->ops.targets || (p->nsample && !p->inputs_only));
  SdObjective     obj;
  PetscInt        form;

  PetscFunctionBegin;
  *objective = NULL;
  PetscCheck(layout->npoints == (p->nsample ? p->nsample : p->npoints), layout->comm, PETSC_ERR_PLIB, "a layout of %" PetscInt_FMT " items for a problem of %" PetscInt_FMT " samples and %" PetscInt_FMT " points", layout->npoints, p->nsample, p->npoints);
  PetscCall(SdOptionsGetEnum("loss_form", &form));
  if (form == FORM_auto) form = data ? FORM_misfit : p->ops.system ? FORM_preconditioned : FORM_newton;
  PetscCheck(form == FORM_misfit ? data : p->ops.system || p->ops.nonlinear, layout->comm, SD_ERR_USAGE,
             "loss_form: '%s' given, but problem_type %s has no %s; allowed: auto, %s", FormNames[form], p->name,
             form == FORM_misfit ? "data" : "equation", form == FORM_misfit ? "residual, energy, preconditioned, newton" : "misfit");
  PetscCall(PetscNew(&obj));
  *objective   = obj;
  obj->name    = FormNames[form];
  obj->problem = p;
  obj->layout  = *layout;
  PetscCall((*Creators[form - 1])(obj));
  PetscCall((*obj->ops.setup)(obj));
  PetscFunctionReturn(0);
}

PetscErrorCode SdObjectiveDestroy(SdObjective *obj)
{
  PetscFunctionBegin;
  if (!*obj) PetscFunctionReturn(0);
  if ((*obj)->ops.destroy) PetscCall((*(*obj)->ops.destroy)(*obj));
  PetscCall(SdWeightsDestroy(*obj));
  PetscCall(PetscFree((*obj)->data));
  PetscCall(PetscFree(*obj));
  PetscFunctionReturn(0);
}

PetscErrorCode SdObjectiveEvaluate(SdObjective obj, const float N[], double *loss, float w[])
{
  PetscFunctionBegin;
  PetscCall((*obj->ops.evaluate)(obj, N, loss, w));
  /* rank 0's is everybody's: solvers' last bits may differ between processors, what follows from the loss must not */
  PetscCallMPI(MPI_Bcast(loss, 1, MPI_DOUBLE, 0, obj->layout.comm));
  PetscCheck(isfinite(*loss), obj->layout.comm, SD_ERR_DIVERGED, "the loss '%s' is not finite", obj->name);
  PetscFunctionReturn(0);
}

PetscErrorCode SdObjectiveProject(SdObjective obj, PetscInt ncol, const float phi[], const double around[], double G[], double h[])
{
  PetscFunctionBegin;
  PetscCheck(obj->ops.project, obj->layout.comm, PETSC_ERR_SUP, "the loss '%s' has no normal equations for %" PetscInt_FMT " outputs", obj->name,
             obj->problem->nout);
  PetscCall((*obj->ops.project)(obj, ncol, phi, around, G, h));
  PetscFunctionReturn(0);
}

PetscErrorCode SdObjectiveProjectBasis(SdObjective obj, const SdBasisProject *p, double A[], double F[], double H[])
{
  PetscFunctionBegin;
  PetscCheck(obj->ops.project_basis && obj->problem->nsample, obj->layout.comm, PETSC_ERR_SUP, "the loss '%s' has no normal equations for operators", obj->name);
  PetscCall((*obj->ops.project_basis)(obj, p, A, F, H));
  PetscFunctionReturn(0);
}

PetscErrorCode SdObjectiveSelect(SdObjective obj, PetscInt n, const PetscInt index[], const PetscInt image[], PetscInt total)
{
  PetscFunctionBegin;
  PetscCheck(obj->ops.select, PETSC_COMM_SELF, PETSC_ERR_SUP, "the loss '%s' couples all points: it has no batches", obj->name);
  PetscCheck(!image || obj->problem->ops.image, PETSC_COMM_SELF, PETSC_ERR_SUP, "images of what has no symmetries");
  PetscCall((*obj->ops.select)(obj, n, index, image, total));
  PetscFunctionReturn(0);
}
