/* References of the Poisson equation: second order is observed in 1, 2 and 3 dimensions with a coefficient that is not one, the
   estimated error is the true one, and what was cached is what was computed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <spindrift/hdf5_image.h>
#include <spindrift/problem.h>

static char dir[64];

static void Options(const char text[])
{
  PetscOptionsClear(NULL);
  assert_int_equal(PetscOptionsInsertString(NULL, text), 0);
}

static SdReference Reference(void)
{
  SdProblem   p;
  SdReference ref;

  assert_int_equal(SdProblemCreate(&p), 0);
  assert_int_equal(SdProblemGetReference(p, &ref), 0);
  assert_int_equal(SdProblemDestroy(&p), 0);
  return ref;
}

static const char *const cases[] = {
    "-problem_dim 1 -problem_grid 33 -problem_coefficient 2.5",
    "-problem_dim 1 -problem_grid 41 -problem_coefficient 0.3 -problem_solution manufactured -reference_refine 2",
    "-problem_dim 1 -problem_grid 33 -reference_refine 0",
    "-problem_dim 2 -problem_grid 17,25 -problem_coefficient 2.5",
    "-problem_dim 2 -problem_grid 17 -problem_solution classical",
    "-problem_dim 3 -problem_grid 9,13,11 -problem_coefficient 0.3",
};

/* Known solution: order 2, and the reported error is ||u - exact|| / ||exact||. */
static void Order(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    SdProblem   p;
    SdReference ref;
    double     *u, e = 0, norm = 0;

    Options(cases[i]);
    PetscOptionsInsertString(NULL, "-problem_type poisson -reference_cache none");
    assert_int_equal(SdProblemCreate(&p), 0);
    assert_int_equal(SdProblemGetReference(p, &ref), 0);
    assert_true(fabs(ref.order - 2) < 0.01);
    u = malloc(sizeof(double) * (size_t)ref.n);
    p->ops.exact(p, ref.n, ref.x, u);
    for (PetscInt j = 0; j < ref.n; j++) {
      e += (u[j] - ref.u[j]) * (u[j] - ref.u[j]);
      norm += u[j] * u[j];
    }
    assert_true(fabs(ref.error - sqrt(e / norm)) < 1e-12);
    assert_true(ref.error > 1e-9 && ref.error < 0.02);
    free(u);
    SdReferenceDestroy(&ref);
    SdProblemDestroy(&p);
  }
}

/* f from a file, taken from a known solution that vanishes on the boundary: the error estimated by refinement is of the size of
   the true error of the equation solved, whose f is piecewise linear. */
static void UnknownSolution(void **state)
{
  enum { N = 33 };
  SdImage     image;
  SdReference ref;
  double      f[N], worst = 0;
  char        path[80];

  (void)state;
  for (int i = 0; i < N; i++) f[i] = 2.5 * PETSC_PI * PETSC_PI * sin(PETSC_PI * i / (N - 1.0));
  snprintf(path, sizeof path, "%s/f.h5", dir);
  SdImageCreate(path, &image);
  SdImageWriteArray(&image, "f", H5T_NATIVE_DOUBLE, 1, (PetscInt[]){N}, f, NULL);
  SdImagePublish(&image);
  SdImageClose(&image);
  assert_string_equal(image.why, "");
  Options("-problem_type poisson -problem_grid 33 -problem_solution file -problem_coefficient 2.5 -reference_cache none");
  PetscOptionsSetValue(NULL, "-problem_rhs_file", path);
  ref = Reference();
  assert_int_equal(ref.n, 2 * N - 1);
  assert_true(fabs(ref.order - 2) < 0.05);
  assert_true(ref.error > 1e-5 && ref.error < 1e-3);
  for (PetscInt i = 0; i < ref.n; i++) worst = fmax(worst, fabs(ref.u[i] - sin(PETSC_PI * ref.x[i])));
  assert_true(worst < 2e-3);
  SdReferenceDestroy(&ref);
  unlink(path);
}

static void SameReference(const SdReference *a, const SdReference *b)
{
  assert_true(a->n == b->n && a->dim == b->dim && a->nout == b->nout);
  assert_memory_equal(a->grid, b->grid, sizeof a->grid);
  assert_memory_equal(a->x, b->x, sizeof(double) * (size_t)(a->n * a->dim));
  assert_memory_equal(a->u, b->u, sizeof(double) * (size_t)(a->n * a->nout));
  assert_true(a->h == b->h && a->error == b->error && a->order == b->order);
  assert_string_equal(a->source, b->source);
}

/* Name of the only file in the cache folder. */
static void CacheFile(char path[256])
{
  char  command[128];
  FILE *list;

  snprintf(command, sizeof command, "ls %s/cache/*", dir);
  list = popen(command, "r");
  assert_non_null(fgets(path, 256, list));
  path[strcspn(path, "\n")] = 0;
  pclose(list);
}

/* Change one number of the cached u, keeping the file valid. */
static void Tamper(const char path[], double value)
{
  hid_t  file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT), set = H5Dopen2(file, "u", H5P_DEFAULT);
  double u[17 * 17];

  H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, u);
  u[5] = value;
  H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, u);
  H5Dclose(set);
  H5Fclose(file);
}

/* Flip a bit of the first copy of a number in a file. */
static void FlipBit(const char path[], double value)
{
  static unsigned char bytes[1 << 20];
  FILE                *f = fopen(path, "r+b");
  const size_t         n = fread(bytes, 1, sizeof bytes, f);
  size_t               i = 0;

  while (i + 8 < n && memcmp(bytes + i, &value, 8)) i++;
  assert_true(i + 8 < n);
  bytes[i] ^= 1;
  fseek(f, 0, SEEK_SET);
  fwrite(bytes, 1, n, f);
  fclose(f);
}

/* A reference that comes with a warning on standard error that holds these words. */
static SdReference ReferenceWithWarning(const char words[])
{
  FILE       *caught     = tmpfile();
  const int   kept       = dup(STDERR_FILENO);
  char        text[1024] = "";
  SdReference ref;

  dup2(fileno(caught), STDERR_FILENO);
  ref = Reference();
  fflush(stderr);
  dup2(kept, STDERR_FILENO);
  close(kept);
  rewind(caught);
  assert_true(fread(text, 1, sizeof text - 1, caught) > 0);
  fclose(caught);
  assert_non_null(strstr(text, words));
  return ref;
}

/* The cache is read (a number tampered with in it comes back), but not for another problem nor when it is damaged. */
static void Cache(void **state)
{
  const char *options = "-problem_type poisson -problem_dim 2 -problem_grid 9 -problem_coefficient 2.5";
  char        cache[80], path[256], command[512];
  SdReference first, again, other;

  (void)state;
  snprintf(cache, sizeof cache, "%s/cache", dir);
  Options(options);
  PetscOptionsSetValue(NULL, "-reference_cache", cache);
  first = Reference();
  again = Reference();
  SameReference(&first, &again);
  SdReferenceDestroy(&again);

  CacheFile(path);
  Tamper(path, 12345.678);
  again = Reference();
  assert_true(again.u[5] == 12345.678);
  SdReferenceDestroy(&again);

  PetscOptionsSetValue(NULL, "-problem_coefficient", "2.6");
  other = Reference();
  assert_true(other.u[5] != 12345.678);
  SdReferenceDestroy(&other);
  snprintf(command, sizeof command, "ls %s/cache/* | grep -v %s | xargs rm", dir, path);
  assert_int_equal(system(command), 0);

  PetscOptionsSetValue(NULL, "-problem_coefficient", "2.5");
  FlipBit(path, 12345.678);
  again = ReferenceWithWarning("u is damaged; the reference is computed anew");
  assert_true(again.u[5] == first.u[5]);
  SameReference(&first, &again);
  SdReferenceDestroy(&again);
  again = Reference();
  SameReference(&first, &again);
  SdReferenceDestroy(&again);
  SdReferenceDestroy(&first);
  unlink(path);
  rmdir(cache);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(Order), cmocka_unit_test(UnknownSolution), cmocka_unit_test(Cache)};
  int                     failed;

  if (PetscInitialize(&argc, &argv, NULL, NULL) || SdProblemRegisterOptions()) return 1;
  strcpy(dir, "/tmp/spindrift-reference-XXXXXX");
  if (!mkdtemp(dir)) return 1;
  failed = cmocka_run_group_tests(tests, NULL, NULL);
  rmdir(dir);
  PetscFinalize();
  return failed;
}
