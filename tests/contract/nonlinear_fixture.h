/* Nonlinear equations small enough for tests. Include after cmocka.h. */
#include <spindrift/objective.h>
#include "problem_fixture.h"

static const char *const equations[] = {
    "-problem_type heat -problem_grid 9,7",
    "-problem_type burgers -problem_grid 17,9 -problem_diffusivity 0.05",
    "-problem_type allen_cahn -problem_grid 17,9 -problem_diffusivity 0.02",
    "-problem_type diffusion -problem_grid 6,9,5",
    "-problem_type taylor_green -problem_grid 6,7,4",
    "-problem_type cavity -problem_grid 7,6 -problem_lid plain -problem_diffusivity 0.1",
};
#define COUNT(a) (sizeof a / sizeof a[0])

static SdProblem problem;

static void OpenProblem(const char equation[], const char more[])
{
  char text[512];

  snprintf(text, sizeof text, "%s %s", equation, more);
  SetOptions(text);
  assert_int_equal(SdProblemCreate(&problem), 0);
}

/* Values of all components at all points. */
static PetscInt Unknowns(void)
{
  return problem->npoints * problem->nout;
}

static double Wave(PetscInt i, double phase)
{
  return 0.3 + sin(phase + 0.37 * (double)i);
}
