/* Options: what a file and a command line give, and the one line that every mistake gets. */
#include <setjmp.h>
#include <spindrift/base.h>
#include <spindrift/options.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static const char *const kinds[] = {"alpha", "beta", NULL};
static const SdOption    table[] = {
  {"test_flag", SD_BOOL, "false", "", 0, 0, NULL, "a switch"},
  {"test_count", SD_INT, "8", "things", 1, 3e9, NULL, "a whole number"},
  {"test_rate", SD_REAL, "0.1", "1/s", 0, 2, NULL, "a number"},
  {"test_name", SD_STRING, "abc", "", 0, 0, NULL, "a text"},
  {"test_kind", SD_ENUM, "alpha", "", 0, 0, kinds, "a choice"},
  {"test_sizes", SD_INTS, "8,16", "", 1, 100, NULL, "whole numbers"},
  {"test_weights", SD_REALS, "", "", -10, 10, NULL, "numbers"},
  {"test_optional", SD_REAL, "", "", 0, 1, NULL, "a number that may be missing"},
  {NULL, SD_BOOL, NULL, NULL, 0, 0, NULL, NULL}
};
static const SdOption run_table[] = {{"run_dir", SD_STRING, "runs/x", "", 0, 0, NULL, "a folder"}, {NULL, SD_BOOL, NULL, NULL, 0, 0, NULL, NULL}};
static const SdOption bad_table[] = {{"bad_count", SD_INT, "0", "", 1, 9, NULL, "a default out of range"}, {NULL, SD_BOOL, NULL, NULL, 0, 0, NULL, NULL}};

static char path[] = "/tmp/spindrift-options-XXXXXX", message[4096];

static PetscErrorCode Keep(MPI_Comm comm, int line, const char *function, const char *file, PetscErrorCode code, PetscErrorType type, const char *text, void *ctx)
{
  (void)comm, (void)line, (void)function, (void)file, (void)ctx;
  if (type == PETSC_ERROR_INITIAL) snprintf(message, sizeof(message), "%s", text ? text : "");
  return code;
}

/* Load a text as an input file (NULL: no file) with a command line of words separated by single spaces, and check it. */
static PetscErrorCode Load(const char yaml[], const char words[])
{
  char           copy[256], *argv[16], *rest = copy;
  int            argc = 0;
  PetscErrorCode ierr;

  snprintf(copy, sizeof(copy), "%s", words);
  while (*words && argc < 16 && rest) argv[argc++] = strsep(&rest, " ");
  if (yaml) {
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    fputs(yaml, f);
    fclose(f);
  }
  message[0] = 0;
  ierr       = SdOptionsLoad(yaml ? path : NULL, argc, argv);
  return ierr ? ierr : SdOptionsCheck();
}

static void TestDefaults(void **state)
{
  PetscBool flag = PETSC_TRUE, given = PETSC_TRUE;
  PetscInt  count, kind, sizes[4], n = 4, none = 4;
  PetscReal rate, weights[4];
  char      name[8];

  (void)state;
  assert_int_equal(Load("", ""), 0);
  assert_int_equal(SdOptionsGetBool("test_flag", &flag) || SdOptionsGetInt("test_count", &count) || SdOptionsGetReal("test_rate", &rate), 0);
  assert_int_equal(SdOptionsGetString("test_name", name, sizeof(name)) || SdOptionsGetEnum("test_kind", &kind), 0);
  assert_int_equal(SdOptionsGetInts("test_sizes", sizes, &n) || SdOptionsGetReals("test_weights", weights, &none) || SdOptionsGiven("test_count", &given), 0);
  assert_true(!flag && count == 8 && rate == 0.1 && kind == 0 && !given);
  assert_string_equal(name, "abc");
  assert_true(n == 2 && sizes[0] == 8 && sizes[1] == 16 && none == 0);
}

static void TestFileAndCommandLine(void **state)
{
  PetscBool flag, given;
  PetscInt  count, kind, sizes[4], n = 4, nweight = 4;
  PetscReal rate, weights[4];
  char      name[64];

  (void)state;
  assert_int_equal(Load("test:\n  count: 5\n  rate: 1e-3\n  name: two words\n  kind: beta\n  sizes: [1, 2, 3]\ntest_weights: -1,2.5\n", "-test_rate 0.5 -test_flag -test_weights -3,-4"), 0);
  assert_int_equal(SdOptionsGetBool("test_flag", &flag) || SdOptionsGetInt("test_count", &count) || SdOptionsGetReal("test_rate", &rate), 0);
  assert_int_equal(SdOptionsGetString("test_name", name, sizeof(name)) || SdOptionsGetEnum("test_kind", &kind), 0);
  assert_int_equal(SdOptionsGetInts("test_sizes", sizes, &n) || SdOptionsGetReals("test_weights", weights, &nweight) || SdOptionsGiven("test_count", &given), 0);
  assert_true(flag && count == 5 && rate == 0.5 && kind == 1 && given);
  assert_string_equal(name, "two words");
  assert_true(n == 3 && sizes[2] == 3 && nweight == 2 && weights[0] == -3 && weights[1] == -4);
}

/* The file is below the environment, the environment below the command line; an earlier file leaves nothing behind. */
static void TestOrderOfSources(void **state)
{
  PetscInt  count;
  PetscReal rate;

  (void)state;
  assert_int_equal(Load("test: {count: 2, rate: 1.5}", ""), 0);
  setenv("PETSC_OPTIONS", "-test_count 3 -test_rate 0.25", 1);
  assert_int_equal(Load("test: {count: 4}", "-test_count 5"), 0);
  unsetenv("PETSC_OPTIONS");
  assert_int_equal(SdOptionsGetInt("test_count", &count) || SdOptionsGetReal("test_rate", &rate), 0);
  assert_true(count == 5 && rate == 0.25);
  assert_int_equal(Load(NULL, "-test_count 6"), 0);
  assert_int_equal(SdOptionsGetInt("test_count", &count) || SdOptionsGetReal("test_rate", &rate), 0);
  assert_true(count == 6 && rate == 0.25);
  setenv("PETSC_OPTIONS", "-test_count 3 -test_rate 0.5", 1);
  assert_int_equal(Load(NULL, "-test_count 7"), 0);
  unsetenv("PETSC_OPTIONS");
  assert_int_equal(SdOptionsGetInt("test_count", &count) || SdOptionsGetReal("test_rate", &rate), 0);
  assert_true(count == 7 && rate == 0.5);
  assert_int_equal(Load("", ""), 0);
  assert_int_equal(SdOptionsGetReal("test_rate", &rate), 0);
  assert_true(rate == 0.1);
}

/* Every mistake is SD_ERR_USAGE and one line that holds the words given here. */
static void TestMistakes(void **state)
{
  static const struct {
    const char *yaml, *words, *says[3];
  } mistakes[] = {
    {"test:\n  cuont: 5\n", "", {"unknown key 'test_cuont (", ", line 2)'", "'test_count'"}},
    {"net: {width: 3}", "", {"unknown key 'net_width ("}},
    {"test:\n  count: 0\n", "", {"test_count (", ", line 2): 0 given"}},
    {"test:\n  count: 5\n", "-test_count 0", {"test_count: 0 given"}},
    {"", "-test_count=5", {"'-test_count=5' given", "'-test_count 5'"}},
    {"", "-test_kid beta", {"'test_kid'", "'test_kind'"}},
    {"", "-test_count 2.5", {"test_count", "'2.5'", "a whole number from 1"}},
    {"", "-test_count many", {"test_count", "'many'", "whole"}},
    {"", "-test_count", {"test_count", "''"}},
    {"", "-test_count 2147483648", {"test_count", "2147483648", "to 2147483647"}},
    {"", "-test_rate -1", {"test_rate: -1 given", "a number from 0 to 2"}},
    {"", "-test_rate 2.0001", {"test_rate", "2.0001", "from 0 to 2"}},
    {"", "-test_rate nan", {"test_rate", "'nan'", "a number"}},
    {"", "-test_rate 1.5x", {"test_rate", "'1.5x'"}},
    {"", "-test_kind gamma", {"test_kind", "'gamma'", "alpha, beta"}},
    {"", "-test_flag maybe", {"test_flag", "'maybe'", "true, false"}},
    {"", "-test_sizes 8,,9", {"test_sizes", "''"}},
    {"", "-test_sizes 8,0", {"test_sizes: 0 given", "from 1 to 100"}},
    {"test:\n  count: 5\ntest_count: 5\n", "", {"line 3", "'test_count' is given twice"}},
    {"test:\n  count: [1\n", "", {path, "line 3", "broken YAML"}},
    {"test:\n\tcount: 1\n", "", {path, "line 2", "broken YAML"}},
    {"just words", "", {path, "line 1", "'just words'"}},
    {"- 1\n- 2\n", "", {"line 1", "a list where a key was expected"}},
    {"test:\n  sizes: [{a: 1}]\n", "", {"line 2", "test_sizes"}},
    {"test:\n  two words: 1\n", "", {"line 2", "'two words'", "letters, digits"}},
    {"a: &x 1\nb: *x\n", "", {"line 2", "aliases"}},
    {"test:\n  name: |\n    a\n    b\n", "", {"line 2", "test_name", "one line"}},
    {"", "stray", {"'stray'"}},
    {"", "-test_flag yes -5", {"'-5'"}},
    {"", "-options_file other.yaml", {"-options_file", "one input file"}},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
    const PetscErrorCode ierr = Load(mistakes[i].yaml, mistakes[i].words);

    if (ierr != SD_ERR_USAGE) fail_msg("mistake %d: error code %d", (int)i, (int)ierr);
    if (strchr(message, '\n')) fail_msg("mistake %d: more than one line", (int)i);
    for (int k = 0; k < 3 && mistakes[i].says[k]; k++) {
      if (!strstr(message, mistakes[i].says[k])) fail_msg("mistake %d: '%s' does not say '%s'", (int)i, message, mistakes[i].says[k]);
    }
  }
}

static void TestUnreadableFile(void **state)
{
  (void)state;
  assert_int_equal(SdOptionsLoad("/nowhere/input.yaml", 0, NULL), SD_ERR_USAGE);
  assert_string_equal(message, "input file '/nowhere/input.yaml': No such file or directory");
  assert_int_equal(SdOptionsLoad("/tmp", 0, NULL), SD_ERR_USAGE);
  assert_non_null(strstr(message, "directory"));
}

/* A value set behind SdOptionsCheck()'s back, too many elements, a text too long, and keys no table declares. */
static void TestGettersCheckToo(void **state)
{
  PetscInt  count, sizes[2], n = 2;
  PetscReal rate;
  char      name[3];

  (void)state;
  assert_int_equal(Load("", "-test_sizes 1,2,3"), 0);
  assert_int_equal(PetscOptionsSetValue(NULL, "-test_rate", "7"), 0);
  assert_int_equal(SdOptionsGetReal("test_rate", &rate), SD_ERR_USAGE);
  assert_int_equal(SdOptionsGetInts("test_sizes", sizes, &n), SD_ERR_USAGE);
  assert_non_null(strstr(message, "at most 2"));
  assert_int_equal(SdOptionsGetString("test_name", name, sizeof(name)), SD_ERR_USAGE);
  assert_int_equal(SdOptionsGetInt("test_nothing", &count), PETSC_ERR_PLIB);
  assert_int_equal(SdOptionsGetInt("test_rate", &count), PETSC_ERR_PLIB);
  assert_int_equal(SdOptionsRegister("bad", bad_table), PETSC_ERR_PLIB);
}

static void TestSolverOptions(void **state)
{
  PetscBool set;
  PetscInt  number;

  (void)state;
  assert_int_equal(Load("", "-solver_ksp_rtol 1 -log_view :log.txt"), 0);
  assert_int_equal(SdOptionsCheckUnused(), SD_ERR_USAGE);
  assert_non_null(strstr(message, "'solver_ksp_rtol'"));
  assert_int_equal(PetscOptionsGetInt(NULL, "solver_", "-ksp_rtol", &number, &set), 0);
  assert_int_equal(SdOptionsCheckUnused(), 0);
  assert_int_equal(Load("", "-mat_typo 1"), 0);
  assert_int_equal(SdOptionsCheckUnused(), SD_ERR_USAGE);
  assert_int_equal(Load("", "-log_veiw"), SD_ERR_USAGE);
  assert_int_equal(Load("", ""), 0);
}

/* The printed configuration is read back to the same values and does not make solver options look used. */
static void TestPrintedConfiguration(void **state)
{
  const char name[] = "a \"b\" \\c: #d -e";
  char      *first, *second, *difference, back[64];

  (void)state;
  assert_int_equal(Load("test: {name: 'a \"b\" \\c: #d -e', weights: [-1, 2]}", "-solver_ksp_rtol 1e-3 -log_view :log.txt"), 0);
  assert_int_equal(SdOptionsViewYAML(&first), 0);
  assert_int_equal(SdOptionsCheckUnused(), SD_ERR_USAGE);
  assert_non_null(strstr(first, "test_count: \"8\"\n"));
  assert_non_null(strstr(first, "solver_ksp_rtol: \"1e-3\"\n"));
  assert_null(strstr(first, "log_view"));
  assert_null(strstr(first, "test_optional"));
  assert_int_equal(Load(first, ""), 0);
  assert_int_equal(SdOptionsGetString("test_name", back, sizeof(back)), 0);
  assert_string_equal(back, name);
  assert_int_equal(SdOptionsViewYAML(&second), 0);
  assert_string_equal(first, second);
  assert_int_equal(SdOptionsDiff(first, &difference), 0);
  assert_null(difference);
  assert_int_equal(PetscFree(first) || PetscFree(second), 0);
}

static void TestDifferences(void **state)
{
  char *stored, *difference;

  (void)state;
  assert_int_equal(Load("", "-test_count 9 -solver_a 1 -run_dir here"), 0);
  assert_int_equal(SdOptionsViewYAML(&stored), 0);
  assert_int_equal(Load("", "-test_kind beta -test_count 9 -solver_b 2 -run_dir there -malloc_debug"), 0);
  assert_int_equal(SdOptionsDiff(stored, &difference), 0);
  assert_string_equal(difference, "test_kind: \"alpha\" -> \"beta\", solver_a: \"1\" -> not given, solver_b: not given -> \"2\"");
  assert_int_equal(PetscFree(stored) || PetscFree(difference), 0);
}

/* Values are compared, not their spelling; names are. */
static void TestSpelling(void **state)
{
  static const char stored[] = "test_flag: \"true\"\ntest_count: \"8\"\ntest_rate: \"2e-2\"\ntest_sizes: \"16,16\"\ntest_name: \"2\"\n";
  char             *text;

  (void)state;
  assert_int_equal(Load("", "-test_flag yes -test_count 8.0 -test_rate 0.02 -test_sizes 16.0,16 -test_name 2"), 0);
  assert_int_equal(SdOptionsDiff(stored, &text), 0);
  assert_null(text);
  assert_int_equal(Load("", "-test_flag no -test_count 9 -test_rate 0.021 -test_sizes 16,16,16 -test_name 2.0"), 0);
  assert_int_equal(SdOptionsDiff(stored, &text), 0);
  assert_string_equal(text, "test_flag: \"true\" -> \"no\", test_count: \"8\" -> \"9\", test_rate: \"2e-2\" -> \"0.021\", test_sizes: \"16,16\" -> \"16,16,16\", test_name: \"2\" -> \"2.0\"");
  assert_int_equal(PetscFree(text), 0);
}

/* What a version with fewer keys stored: a missing key has its default; one that is not known differs, a solver's apart. */
static void TestNewerKeys(void **state)
{
  static const char stored[] = "test_flag: \"false\"\ntest_name: \"abc\"\n", foreign[] = "test_gone: \"1\"\nsolver_a: \"1\"\npredict_gone: \"1\"\n";
  char             *text, *newer;

  (void)state;
  assert_int_equal(Load("", "-test_name abc -run_dir there"), 0);
  assert_int_equal(SdOptionsDiff(stored, &text), 0);
  assert_null(text);
  assert_int_equal(SdOptionsNewer(stored, &text), 0);
  assert_string_equal(text, "test_count, test_rate, test_kind, test_sizes");
  assert_int_equal(PetscFree(text), 0);
  assert_int_equal(Load("", "-test_count 9 -test_optional 0.5"), 0);
  assert_int_equal(SdOptionsDiff(stored, &text), 0);
  assert_string_equal(text, "test_count: \"8\" by default -> \"9\", test_optional: not given -> \"0.5\"");
  assert_int_equal(PetscFree(text), 0);
  assert_int_equal(Load("", ""), 0);
  assert_int_equal(SdOptionsDiff(foreign, &text), 0);
  assert_string_equal(text, "test_gone: \"1\" -> a key that this version does not know, solver_a: \"1\" -> not given");
  assert_int_equal(PetscFree(text), 0);
  assert_int_equal(SdOptionsViewYAML(&text), 0);
  assert_int_equal(SdOptionsNewer(text, &newer), 0);
  assert_null(newer);
  assert_int_equal(PetscFree(text), 0);
}

static void TestHelpListsEveryKey(void **state)
{
  char  *text;
  size_t size;
  FILE  *out = open_memstream(&text, &size);

  (void)state;
  assert_non_null(out);
  assert_int_equal(SdOptionsViewHelp(out, NULL), 0);
  fclose(out);
  for (const SdOption *o = table; o->key; o++) {
    if (!strstr(text, o->key) || !strstr(text, o->help) || !strstr(text, o->unit)) fail_msg("-help does not explain %s", o->key);
  }
  assert_non_null(strstr(text, "default 0.1 1/s; numbers, 0 to 2"));
  assert_non_null(strstr(text, "one of alpha, beta"));
  free(text);
}

static void TestHelpOfSomeKeys(void **state)
{
  char  *text;
  size_t size;
  FILE  *out = open_memstream(&text, &size);

  (void)state;
  assert_non_null(out);
  assert_true(SdOptionBegins("test_count", "run_ test_co"));
  assert_false(SdOptionBegins("test_count", "run_ count"));
  assert_false(SdOptionBegins("test_count", ""));
  assert_int_equal(SdOptionsViewHelp(out, "solver_ test_co"), 0);
  fclose(out);
  for (const SdOption *o = table; o->key; o++) {
    if (!strstr(text, o->key) != !SdOptionBegins(o->key, "test_co")) fail_msg("%s", o->key);
  }
  assert_null(strstr(text, "run_dir"));
  free(text);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(TestDefaults), cmocka_unit_test(TestFileAndCommandLine), cmocka_unit_test(TestOrderOfSources), cmocka_unit_test(TestMistakes),
    cmocka_unit_test(TestUnreadableFile), cmocka_unit_test(TestGettersCheckToo), cmocka_unit_test(TestSolverOptions), cmocka_unit_test(TestPrintedConfiguration),
    cmocka_unit_test(TestDifferences), cmocka_unit_test(TestSpelling), cmocka_unit_test(TestNewerKeys), cmocka_unit_test(TestHelpListsEveryKey), cmocka_unit_test(TestHelpOfSomeKeys),
  };
  int failed, descriptor = mkstemp(path);

  if (descriptor < 0 || close(descriptor)) return 1;
  if (PetscInitialize(&argc, &argv, NULL, NULL) || PetscPushErrorHandler(Keep, NULL)) return 1;
  if (SdOptionsRegister("test", table) || SdOptionsRegister("run", run_table) || SdOptionsAllowPrefix("solver_")) return 1;
  failed = cmocka_run_group_tests(tests, NULL, NULL);
  unlink(path);
  return PetscFinalize() || failed;
}
