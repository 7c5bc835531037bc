/* Journals: the bytes are the documented ones; a kill, a flipped bit, another order and hostile sizes are told from each other; a resumed one grows as
   the undisturbed one. */
#include "checkpoint_files.h"
#include <float.h>
#include <spindrift/options.h>
#include "../../src/run/journal_impl.h"

#define COMM     PETSC_COMM_WORLD
#define OK(call) assert_int_equal((call), 0)
enum { P    = 5,
       N    = 3,
       EACH = 24 + 8 * N };

static float                 theta[P] = {1, -0.0f, FLT_MIN / 4, INFINITY, 3e38f};
static const SdJournalHeader header   = {.config = (char *)"train_shards: \"9\"\n", .by = (char *)"spindrift 0", .P = P, .n = N, .theta = theta};
static char                  path[PETSC_MAX_PATH_LEN + 32];

/* Nine records: steps 0, 1 (in two updates), 2, back to 1, again 1 (in two updates), 2, 3. */
enum { RECORDS = 9 };
static const struct {
  SdJournalKind kind;
  PetscInt      step;
} course[RECORDS] = {{SD_JOURNAL_STEP, 0}, {SD_JOURNAL_INNER, 1}, {SD_JOURNAL_STEP, 1}, {SD_JOURNAL_STEP, 2}, {SD_JOURNAL_BACK, 1}, {SD_JOURNAL_INNER, 1}, {SD_JOURNAL_STEP, 1}, {SD_JOURNAL_STEP, 2}, {SD_JOURNAL_STEP, 3}};

static void Record(int i, double numbers[N], SdJournalRecord *record)
{
  *record = (SdJournalRecord){.kind = course[i].kind, .step = course[i].step, .value = 1.0 / (i + 3), .numbers = record->numbers};
  for (int k = 0; k < N; k++) numbers[k] = course[i].kind == SD_JOURNAL_BACK ? 0 : k ? sin(10.0 * i + k)
                                                                                     : -DBL_MIN / (i + 2);
  record->numbers = numbers;
}

static void Append(SdJournal journal, int from, int to)
{
  for (int i = from; i < to; i++) {
    double          numbers[N];
    SdJournalRecord record;

    Record(i, numbers, &record);
    OK(SdJournalAppend(journal, &record));
  }
  OK(SdJournalFlush(journal));
}

static int Begin(void **state)
{
  SdJournal journal;

  SetUp(state);
  snprintf(path, sizeof(path), "%s/" SD_JOURNAL_FILE, dir);
  if (PetscOptionsClear(NULL) || PetscOptionsSetValue(NULL, "-train_shards", "9") || SdErrorHandlerPush()) return 1;
  if (SdJournalCreate(COMM, dir, &header, &journal)) return 1;
  Append(journal, 0, RECORDS);
  return SdJournalClose(&journal);
}

static int End(void **state)
{
  return PetscPopErrorHandler() || TearDown(state);
}

/* Records to a step, or -1 with an error, whose message holds these words. */
static PetscInt64 Find(PetscInt step, const char words[])
{
  SdJournalReader reader;
  PetscInt64      count = 0;
  PetscBool       last  = PETSC_FALSE;
  PetscErrorCode  ierr  = SdJournalOpen(COMM, dir, &reader);

  if (!ierr) {
    ierr = SdJournalFind(reader, &step, &count, &last);
    if (!ierr) {
      for (PetscInt64 i = 0; i < count; i++) {
        const SdJournalRecord *record;
        SdJournalRecord        same;
        double                 numbers[N];

        OK(SdJournalNext(reader, &record));
        Record((int)i, numbers, &same);
        assert_int_equal(record->kind, same.kind);
        assert_int_equal(record->step, same.step);
        assert_memory_equal(&record->value, &same.value, sizeof(double));
        assert_memory_equal(record->numbers, numbers, sizeof(numbers));
      }
    }
  }
  if (reader) OK(SdJournalReaderClose(&reader));
  if (!ierr) return count;
  assert_int_equal(ierr, words && !strcmp(words, "replay_step") ? SD_ERR_USAGE : SD_ERR_FILE);
  if (words && !strstr(SdErrorMessage(), words)) fail_msg("no '%s' in: %s", words, SdErrorMessage());
  return -1;
}

static size_t Header(void)
{
  return 48 + strlen(header.config) + strlen(header.by) + 4 * P;
}

static void checksum(void **unused)
{
  (void)unused;
  assert_int_equal(SdCRC32(0, (const unsigned char *)"123456789", 9), 0xCBF43926); /* the check value of CRC-32 */
  assert_int_equal(SdCRC32(SdCRC32(0, (const unsigned char *)"1234", 4), (const unsigned char *)"56789", 5), 0xCBF43926);
}

static void bytes_as_documented(void **unused)
{
  size_t         n;
  unsigned char *bytes = ReadBytes(path, &n), *at;
  double         value;
  uint32_t       word, seed;

  (void)unused;
  assert_int_equal(n, Header() + RECORDS * EACH);
  assert_memory_equal(bytes, "SDJRNL1\n", 8);
  assert_int_equal(bytes[12], strlen(header.config));
  assert_int_equal(bytes[16], strlen(header.by));
  assert_int_equal(bytes[24], P);
  assert_int_equal(bytes[32], N);
  assert_int_equal(bytes[40], Header());
  assert_memory_equal(bytes + 48, header.config, strlen(header.config));
  assert_memory_equal(bytes + 48 + strlen(header.config), header.by, strlen(header.by));
  assert_memory_equal(bytes + Header() - sizeof(theta), theta, sizeof(theta)); /* tests run on little-endian machines */
  memcpy(&seed, bytes + 8, 4);
  assert_int_equal(seed, SdCRC32(0, bytes + 12, Header() - 12));
  at = bytes + Header() + 3 * EACH;
  assert_int_equal(at[0], 2);
  assert_int_equal(at[8], 2);
  memcpy(&value, at + 16, 8);
  assert_true(value == 1.0 / 6);
  memcpy(&value, at + 32, 8);
  assert_true(value == sin(31.0));
  memcpy(&word, at + 4, 4);
  memcpy(at + 4, &seed, 4);
  assert_int_equal(word, SdCRC32(0, at, EACH));
  free(bytes);
}

static void round_trip(void **unused)
{
  SdJournalReader        reader;
  const SdJournalHeader *h;

  (void)unused;
  OK(SdJournalOpen(COMM, dir, &reader));
  h = SdJournalGetHeader(reader);
  assert_string_equal(h->config, header.config);
  assert_string_equal(h->by, header.by);
  assert_int_equal(h->P, P);
  assert_int_equal(h->n, N);
  assert_memory_equal(h->theta, theta, sizeof(theta));
  OK(SdJournalReaderClose(&reader));
  assert_int_equal(Find(-1, NULL), 9);
  assert_int_equal(Find(0, NULL), 0);
  assert_int_equal(Find(1, NULL), 5); /* after the return */
  assert_int_equal(Find(2, NULL), 7);
  assert_int_equal(Find(3, NULL), 8);
  assert_int_equal(Find(4, NULL), 9);
  assert_int_equal(Find(5, "replay_step"), -1);
  OK(SdJournalOpen(COMM, dir, &reader));
  for (PetscInt step = 0; step < 2; step++) {
    PetscInt64 count;
    PetscBool  last;

    OK(SdJournalFind(reader, &step, &count, &last));
    assert_int_equal(last, step > 0); /* nothing goes back to step 0, but what was done from there is given up */
  }
  OK(SdJournalReaderClose(&reader));
}

/* Cut off at every byte: never worse than the records that are whole, the header at least. */
static void cut_anywhere(void **unused)
{
  static const int leads[RECORDS + 1] = {0, 1, 1, 3, 4, 5, 5, 7, 8, 9}; /* records that end a step, of so many whole ones */
  size_t           n;
  unsigned char   *bytes = ReadBytes(path, &n);
  FILE            *file;
  char             report[PETSC_MAX_PATH_LEN + 160];

  (void)unused;
  BeginCapture(&file);
  for (size_t cut = 0; cut < n; cut++) {
    WriteBytes(path, bytes, cut);
    if (cut < Header())
      assert_int_equal(Find(-1, "header"), -1);
    else
      assert_int_equal(Find(-1, NULL), leads[(cut - Header()) / EACH]);
  }
  EndCapture(file, report, sizeof(report));
  assert_non_null(strstr(report, "was cut short"));
  free(bytes);
}

static void any_flipped_bit(void **unused)
{
  size_t         n;
  unsigned char *bytes = ReadBytes(path, &n);
  FILE          *file;
  char           report[PETSC_MAX_PATH_LEN + 160];

  (void)unused;
  BeginCapture(&file);
  for (size_t bit = 0; bit < 8 * n; bit++) {
    const size_t at = bit / 8, record = at < Header() ? 0 : (at - Header()) / EACH;
    char         words[96];

    bytes[at] ^= (unsigned char)(1 << bit % 8);
    WriteBytes(path, bytes, n);
    snprintf(words, sizeof(words), "record %zu at byte %zu is damaged", record, Header() + record * EACH);
    if (at < Header()) {
      assert_int_equal(Find(-1, "header"), -1);
    } else if (record == RECORDS - 1) {
      assert_int_equal(Find(-1, NULL), RECORDS - 1);
    } else {
      assert_int_equal(Find(-1, words), -1);
      assert_int_equal(Find(0, NULL), 0);
      assert_int_equal(Find(4, words), -1);
    }
    bytes[at] ^= (unsigned char)(1 << bit % 8);
  }
  EndCapture(file, report, sizeof(report));
  free(bytes);
}

/* Records that are whole, but left out, doubled or exchanged; of another journal. */
static void another_order(void **unused)
{
  size_t         n;
  unsigned char *bytes = ReadBytes(path, &n), *records = bytes + Header(), spare[EACH];
  char           words[96];

  (void)unused;
  snprintf(words, sizeof(words), "record 3 at byte %zu is damaged", Header() + 3 * EACH);
  memcpy(spare, records + 3 * EACH, EACH);
  memcpy(records + 3 * EACH, records, EACH);
  WriteBytes(path, bytes, n);
  assert_int_equal(Find(-1, words), -1);
  memcpy(records + 3 * EACH, records + 8 * EACH, EACH);
  WriteBytes(path, bytes, Header() + 4 * EACH); /* the last, but not cut short */
  assert_int_equal(Find(-1, words), -1);
  memcpy(records + 3 * EACH, spare, EACH);
  SdJournalPack(0, N, &(SdJournalRecord){.kind = SD_JOURNAL_STEP, .step = 2, .value = 1}, records + 3 * EACH);
  WriteBytes(path, bytes, n);
  assert_int_equal(Find(-1, words), -1);
  free(bytes);
}

/* Sizes that the file cannot have, under a checksum that holds. */
static void hostile_sizes(void **unused)
{
  static const struct {
    int at, bytes;
  } field[]                     = {{12, 4}, {16, 4}, {24, 8}, {32, 8}, {40, 8}};
  static const uint64_t value[] = {0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x7FFFFFF0, UINT64_MAX, (uint64_t)1 << 62};
  size_t                n, before;
  unsigned char        *bytes = ReadBytes(path, &n), copy[128];

  (void)unused;
  before = Header() < sizeof(copy) ? Header() : sizeof(copy);
  memcpy(copy, bytes, before);
  for (size_t f = 0; f < sizeof(field) / sizeof(field[0]); f++) {
    for (size_t v = 0; v < sizeof(value) / sizeof(value[0]); v++) {
      SdJournalReader reader;
      PetscErrorCode  ierr;
      uint32_t        crc;
      PetscInt        step = -1;
      PetscInt64      count;
      PetscBool       last;

      for (int i = 0; i < field[f].bytes; i++) bytes[field[f].at + i] = (unsigned char)(value[v] >> 8 * i);
      crc = SdCRC32(0, bytes + 12, Header() - 12);
      memcpy(bytes + 8, &crc, 4);
      WriteBytes(path, bytes, n);
      ierr = SdJournalOpen(COMM, dir, &reader);
      if (!ierr) ierr = SdJournalFind(reader, &step, &count, &last);
      /* records longer than the file look like a last one that was cut short */
      if (field[f].at == 32 && !ierr)
        assert_int_equal(count, 0);
      else
        assert_int_equal(ierr, SD_ERR_FILE);
      if (reader) OK(SdJournalReaderClose(&reader));
      memcpy(bytes, copy, before);
    }
  }
  free(bytes);
}

/* Taken up at any place where a checkpoint can have been written, it becomes the same file; at others it is refused. */
static void resumed(void **unused)
{
  static const struct {
    PetscInt64 back;
    PetscInt   step;
    int        records; /* -1: no such place */
  } place[] = {{0, 0, 0}, {0, 1, 1}, {0, 2, 3}, {0, 3, 4}, {1, 1, 5}, {1, 2, 7}, {1, 3, 8}, {1, 4, 9}, {0, 4, -1}, {1, 0, -1}, {2, 1, -1}};
  size_t         n, m;
  unsigned char *whole = ReadBytes(path, &n), *bytes;
  SdJournal      journal;

  (void)unused;
  for (size_t i = 0; i < sizeof(place) / sizeof(place[0]); i++) {
    const PetscErrorCode ierr = SdJournalResume(COMM, dir, &header, place[i].back, place[i].step, &journal);

    assert_int_equal(ierr, place[i].records < 0 ? SD_ERR_FILE : 0);
    if (!ierr) {
      Append(journal, place[i].records, RECORDS);
    } else if (!strstr(SdErrorMessage(), "it ends at step 4; the run goes on from a checkpoint of step")) {
      fail_msg("%s", SdErrorMessage());
    }
    OK(SdJournalClose(&journal));
    bytes = ReadBytes(path, &m);
    assert_int_equal(m, n);
    assert_memory_equal(bytes, whole, n);
    free(bytes);
  }
  /* a torn record is no harm after the checkpoint, and one before it */
  WriteBytes(path, whole, Header() + 4 * EACH + 7);
  OK(SdJournalResume(COMM, dir, &header, 0, 3, &journal));
  Append(journal, 4, RECORDS);
  OK(SdJournalClose(&journal));
  assert_int_equal(Find(-1, NULL), RECORDS);
  WriteBytes(path, whole, Header() + 4 * EACH + 7);
  assert_int_equal(SdJournalResume(COMM, dir, &header, 1, 2, &journal), SD_ERR_FILE);
  assert_non_null(strstr(SdErrorMessage(), "record 4 at byte"));
  OK(SdJournalClose(&journal));
  free(whole);
}

static void refused(void **unused)
{
  const SdJournalHeader longer = {.config = header.config, .by = header.by, .P = P + 1, .n = N};
  SdJournal             journal;
  SdJournalReader       reader;

  (void)unused;
  assert_int_equal(SdJournalResume(COMM, dir, &longer, 0, 1, &journal), SD_ERR_FILE);
  assert_non_null(strstr(SdErrorMessage(), "5 parameters"));
  OK(SdJournalClose(&journal));
  OK(PetscOptionsSetValue(NULL, "-train_shards", "10"));
  assert_int_equal(SdJournalResume(COMM, dir, &header, 0, 1, &journal), SD_ERR_FILE);
  assert_non_null(strstr(SdErrorMessage(), "train_shards: \"9\" -> \"10\""));
  OK(SdJournalClose(&journal));
  OK(SdJournalRemove(COMM, dir));
  OK(SdJournalRemove(COMM, dir));
  assert_int_equal(SdJournalOpen(COMM, dir, &reader), SD_ERR_FILE);
  OK(SdJournalReaderClose(&reader));
  assert_int_equal(SdJournalResume(COMM, dir, &header, 0, 1, &journal), SD_ERR_FILE);
  assert_non_null(strstr(SdErrorMessage(), "No such file"));
  OK(SdJournalClose(&journal));
  assert_int_equal(SdJournalCreate(COMM, "/dev/null", &header, &journal), SD_ERR_FILE);
  OK(SdJournalClose(&journal));
  OK(mkdir(path, 0777));
  assert_int_equal(SdJournalOpen(COMM, dir, &reader), SD_ERR_FILE);
  assert_non_null(strstr(SdErrorMessage(), "not a regular file"));
  OK(SdJournalReaderClose(&reader));
}

/* The prefix that another run goes on from. */
static void copied(void **unused)
{
  SdJournalReader reader;
  char            other[PETSC_MAX_PATH_LEN], file[PETSC_MAX_PATH_LEN + 32];
  size_t          n, m;
  unsigned char  *whole = ReadBytes(path, &n), *bytes;

  (void)unused;
  MakeFolder(other);
  snprintf(file, sizeof(file), "%s/" SD_JOURNAL_FILE, other);
  OK(SdJournalOpen(COMM, dir, &reader));
  OK(SdJournalCopy(reader, 4, other));
  bytes = ReadBytes(file, &m);
  assert_int_equal(m, Header() + 4 * EACH);
  assert_memory_equal(bytes, whole, m);
  assert_int_equal(SdJournalCopy(reader, RECORDS + 1, other), SD_ERR_FILE); /* more than there is */
  OK(SdJournalReaderClose(&reader));
  OK(unlink(file));
  OK(rmdir(other));
  free(bytes);
  free(whole);
}

#define T(name) cmocka_unit_test_setup_teardown(name, Begin, End)

int main(int argc, char **argv)
{
  static const SdOption   options[] = {{"train_shards", SD_INT, "1", "", 0, 1e9, NULL, ""}, {NULL, SD_BOOL, NULL, NULL, 0, 0, NULL, NULL}};
  const struct CMUnitTest tests[]   = {cmocka_unit_test(checksum), T(bytes_as_documented), T(round_trip), T(cut_anywhere), T(any_flipped_bit), T(another_order), T(hostile_sizes), T(resumed), T(refused), T(copied)};
  int                     failed;

  if (PetscInitialize(&argc, &argv, NULL, NULL) || SdOptionsRegister("train", options)) return 1;
  failed = cmocka_run_group_tests(tests, NULL, NULL);
  PetscFinalize();
  return failed;
}
