/* Errors: which exit status a code becomes, and the one line that is printed; text that is appended, arrays that are aligned. */
#include <setjmp.h>
#include <spindrift/base.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static PetscErrorCode Fail(PetscErrorCode code, const char text[])
{
  PetscFunctionBegin;
  SETERRQ(PETSC_COMM_SELF, code, "%s", text);
}

static PetscErrorCode Caller(PetscErrorCode code, const char text[])
{
  PetscFunctionBegin;
  PetscCall(Fail(code, text));
  PetscFunctionReturn(0);
}

/* The exit status, and in printed what went to standard error meanwhile. */
static int Finish(PetscErrorCode ierr, SdExit status, char printed[1024])
{
  FILE *file  = tmpfile();
  int   saved = dup(STDERR_FILENO), result;

  assert_true(file && saved >= 0);
  fflush(stderr);
  dup2(fileno(file), STDERR_FILENO);
  result = SdErrorFinish(ierr, status);
  fflush(stderr);
  dup2(saved, STDERR_FILENO);
  close(saved);
  rewind(file);
  printed[fread(printed, 1, 1023, file)] = 0;
  fclose(file);
  return result;
}

static void TestVerdictWithoutError(void **state)
{
  char printed[1024];

  (void)state;
  assert_int_equal(Finish(0, SD_EXIT_EARLY, printed), SD_EXIT_EARLY);
  assert_string_equal(printed, "");
}

static void TestStatusAndLine(void **state)
{
  static const struct {
    PetscErrorCode code;
    SdExit         status;
  } cases[] = {{SD_ERR_USAGE, SD_EXIT_USAGE}, {SD_ERR_FILE, SD_EXIT_ERROR}, {SD_ERR_DIVERGED, SD_EXIT_DIVERGED}};
  char printed[1024];

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    assert_int_equal(Finish(Caller(cases[i].code, "first\nsecond"), SD_EXIT_DONE, printed), cases[i].status);
    assert_string_equal(printed, "spindrift: error: first second\n");
  }
}

/* Errors of PETSc and of the program itself say where they arose. */
static void TestPlaceOfOtherErrors(void **state)
{
  char printed[1024];

  (void)state;
  assert_int_equal(Finish(Caller(PETSC_ERR_PLIB, "inner"), SD_EXIT_DONE, printed), SD_EXIT_ERROR);
  assert_non_null(strstr(printed, "spindrift: error: inner (in Fail, "));
  assert_non_null(strstr(printed, "-debug_trace"));
  assert_ptr_equal(strchr(printed, '\n'), printed + strlen(printed) - 1);
}

/* What PETSc says of memory names a function at most; #line: what it takes for the code is that of a divergence. */
static PetscErrorCode Allocate(void)
{
  char *a;

  PetscFunctionBegin;
#line 72
  PetscCall(PetscMalloc1((size_t)1 << 60, &a));
  PetscCall(PetscFree(a));
  PetscFunctionReturn(0);
}
_Static_assert(SD_ERR_DIVERGED == 72, "the line of the allocation above");

static void TestMemory(void **state)
{
  char printed[1024];

  (void)state;
  assert_int_equal(Finish(Allocate(), SD_EXIT_DONE, printed), SD_EXIT_ERROR);
  assert_ptr_equal(strstr(printed, "spindrift: error: out of memory; more ranks on more nodes"), printed);
  assert_int_equal(Finish(Caller(PETSC_ERR_MEM, "Begin"), SD_EXIT_DONE, printed), SD_EXIT_ERROR);
  assert_ptr_equal(strstr(printed, "spindrift: error: out of memory; more ranks on more nodes"), printed);
  assert_non_null(strstr(printed, ": Begin (in Fail, "));
}

/* An error that was dealt with does not speak for a later one. */
static void TestLatestErrorSpeaks(void **state)
{
  char printed[1024];

  (void)state;
  assert_int_equal(Caller(SD_ERR_FILE, "a damaged checkpoint"), SD_ERR_FILE);
  assert_int_equal(Finish(Caller(SD_ERR_USAGE, "the real reason"), SD_EXIT_DONE, printed), SD_EXIT_USAGE);
  assert_string_equal(printed, "spindrift: error: the real reason\n");
}

/* What does not fit is cut off, and what is there counts. */
static void append_is_bounded(void **state)
{
  char text[8] = "abc", guard[4] = "xyz";

  (void)state;
  assert_int_equal(SdAppend(text, "de", sizeof(text)), 0);
  assert_string_equal(text, "abcde");
  assert_int_equal(SdAppend(text, "fghijkl", sizeof(text)), 0);
  assert_string_equal(text, "abcdefg");
  assert_int_equal(SdAppend(text, "m", sizeof(text)), 0);
  assert_string_equal(text, "abcdefg");
  assert_string_equal(guard, "xyz");
}

/* Zeroed, at a cache line whatever the size, all of it ours; nothing to free is no error. */
static void aligned_arrays(void **state)
{
  char *a[40];

  (void)state;
  for (size_t i = 0; i < 40; i++) {
    assert_int_equal(SdCallocAligned(17 * i, &a[i]), 0);
    assert_int_equal((uintptr_t)a[i] % SD_ALIGNMENT, 0);
    for (size_t k = 0; k < 17 * i; k++) assert_int_equal(a[i][k], 0);
    memset(a[i], 1, 17 * i);
  }
  for (int i = 0; i < 40; i++) {
    assert_int_equal(SdFreeAligned(&a[i]), 0);
    assert_null(a[i]);
  }
  assert_int_equal(SdFreeAligned(&a[0]), 0);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(aligned_arrays), cmocka_unit_test(append_is_bounded), cmocka_unit_test(TestVerdictWithoutError), cmocka_unit_test(TestStatusAndLine), cmocka_unit_test(TestPlaceOfOtherErrors), cmocka_unit_test(TestMemory), cmocka_unit_test(TestLatestErrorSpeaks)};
  int                     failed;

  if (PetscInitialize(&argc, &argv, NULL, NULL) || SdErrorHandlerPush()) return 1;
  failed = cmocka_run_group_tests(tests, NULL, NULL);
  return PetscFinalize() || failed;
}
