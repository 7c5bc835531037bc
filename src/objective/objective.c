/* The concept "objective": its options, its list, its interface. */
#include <math.h>
#include "objective_impl.h"

#define SD_OBJECTIVE(name, text, create) #name,
static const char *const forms[] = {"auto",
#include "list.h"
                                    NULL};
#undef SD_OBJECTIVE
#define SD_OBJECTIVE(name, text, create) create,
static PetscErrorCode (*const creators[])(SdObjective) = {
#include "list.h"
};
#undef SD_OBJECTIVE

enum { MISFIT = 1, PRECONDITIONED = 4 };

static const char *const evaluations[] = {"auto", "redundant", "distributed", NULL};

static const SdOption options[] = {
  {"loss_form", SD_ENUM, "auto", "", 0, 0, forms, "what is minimised; auto: misfit for data, preconditioned for an equation"},
  {"loss_evaluation", SD_ENUM, "auto", "", 0, 0, evaluations, "equations: by every rank for itself (same bits on any number of ranks), or distributed; auto: redundant up to 50000 points"},
  {"loss_cycles", SD_INT, "1", "cycles", 1, 100, NULL, "preconditioned: applications of the preconditioner per evaluation"},
  {NULL, SD_BOOL, NULL, NULL, 0, 0, NULL, NULL}
};

PetscErrorCode SdObjectiveRegisterOptions(void)
{
  PetscFunctionBegin;
  PetscCall(SdOptionsRegister("loss", options));
  PetscCall(SdOptionsAllowPrefix("loss_"));
  PetscFunctionReturn(0);
}

PetscErrorCode SdObjectiveCreate(SdProblem p, const SdLayout *layout, SdObjective *out)
{
  const PetscBool data = (PetscBool)(p->ops.targets != NULL);
  SdObjective     obj;
  PetscInt        form;

  PetscFunctionBegin;
  PetscCall(SdOptionsGetEnum("loss_form", &form));
  if (!form) form = data ? MISFIT : PRECONDITIONED;
  PetscCheck((form == MISFIT) == data, layout->comm, SD_ERR_USAGE, "loss_form: '%s' given with problem_type %s; allowed: %s", forms[form], p->name, data ? "auto, misfit" : "auto, residual, energy, preconditioned");
  PetscCall(PetscNew(&obj));
  obj->name    = forms[form];
  obj->problem = p;
  obj->layout  = *layout;
  PetscCall((*creators[form - 1])(obj));
  PetscCall((*obj->ops.setup)(obj));
  *out = obj;
  PetscFunctionReturn(0);
}

PetscErrorCode SdObjectiveDestroy(SdObjective *obj)
{
  PetscFunctionBegin;
  if (!*obj) PetscFunctionReturn(0);
  if ((*obj)->ops.destroy) PetscCall((*(*obj)->ops.destroy)(*obj));
  PetscCall(PetscFree((*obj)->data));
  PetscCall(PetscFree(*obj));
  PetscFunctionReturn(0);
}

PetscErrorCode SdObjectiveEvaluate(SdObjective obj, const float N[], double *loss, float w[])
{
  PetscFunctionBegin;
  PetscCall((*obj->ops.evaluate)(obj, N, loss, w));
  PetscCheck(isfinite(*loss), obj->layout.comm, SD_ERR_DIVERGED, "the loss is not finite");
  PetscFunctionReturn(0);
}

PetscErrorCode SdObjectiveProject(SdObjective obj, PetscInt ncol, const float phi[], double G[], double h[])
{
  PetscFunctionBegin;
  PetscCheck(obj->ops.project, obj->layout.comm, PETSC_ERR_SUP, "loss %s has no normal equations", obj->name);
  PetscCall((*obj->ops.project)(obj, ncol, phi, G, h));
  PetscFunctionReturn(0);
}

PetscErrorCode SdObjectiveSelect(SdObjective obj, PetscInt n, const PetscInt index[], PetscInt total)
{
  PetscFunctionBegin;
  PetscCheck(obj->ops.select, obj->layout.comm, PETSC_ERR_SUP, "loss %s couples all points", obj->name);
  PetscCall((*obj->ops.select)(obj, n, index, total));
  PetscFunctionReturn(0);
}
