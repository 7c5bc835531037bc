/* Random numbers against Random123's published answers; the laws of the directions. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <Random123/philox.h>
#include <math.h>
#include <spindrift/directions.h>
#include <string.h>

/* philox4x32 10 in Random123's kat_vectors: zeros, ones, digits of pi. */
static void known_answers(void **unused)
{
  static const struct {
    uint32_t counter[4], key[2], answer[4];
  } kat[] = {
    {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}, {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
  };

  (void)unused;
  for (size_t i = 0; i < sizeof(kat) / sizeof(kat[0]); i++) {
    const uint32_t *c   = kat[i].counter;
    const SdKey     key = {.seed = ((uint64_t)kat[i].key[1] << 32) | kat[i].key[0], .stream = (SdStream)(c[1] >> 24), .sub = c[1] & 0xffffff, .step = c[2], .shard = c[3]};
    uint32_t        r[4];

    SdRandomBlock(&key, c[0], r);
    assert_memory_equal(r, kat[i].answer, sizeof(r));
  }
}

static void regenerates_anywhere(void **unused)
{
  const SdKey key = {.seed = 12345, .stream = SD_STREAM_NODE, .step = 7, .shard = 3, .sub = 11};
  uint64_t    all[64], part[13];
  float       z[64], zpart[8];

  (void)unused;
  SdRandomWords(&key, 0, 64, all);
  SdRandomWords(&key, 21, 13, part);
  assert_memory_equal(part, all + 21, sizeof(part));
  for (uint32_t begin = 0; begin < 3; begin++) {
    for (size_t n = 0; n <= 40; n++) { /* as its values have them, and nothing beyond */
      uint64_t some[41] = {0};
      uint32_t r[4];

      SdRandomWords(&key, begin, n, some);
      assert_true(some[n] == 0);
      for (size_t i = 0; i < n; i++) {
        const uint32_t word = begin + (uint32_t)i;

        SdRandomBlock(&key, word / 2, r);
        assert_true(some[i] == (((uint64_t)r[2 * (word % 2) + 1] << 32) | r[2 * (word % 2)]));
      }
    }
  }
  SdRandomNormals(&key, 0, 64, z);
  SdRandomNormals(&key, 20, 8, zpart);
  assert_memory_equal(zpart, z + 20, sizeof(zpart));
}

static void streams_differ(void **unused)
{
  const SdKey base = {.seed = 1, .stream = SD_STREAM_NODE, .step = 2, .shard = 3, .sub = 4};
  SdKey       other[5];
  uint64_t    a, b;

  (void)unused;
  for (int i = 0; i < 5; i++) other[i] = base;
  other[0].seed++;
  other[1].stream = SD_STREAM_WEIGHT;
  other[2].step++;
  other[3].shard++;
  other[4].sub++;
  SdRandomWords(&base, 0, 1, &a);
  for (int i = 0; i < 5; i++) {
    SdRandomWords(&other[i], 0, 1, &b);
    assert_true(a != b);
  }
}

/* Means and variances within five standard errors: fails by chance once in a million. */
static void moments(void **unused)
{
  enum { N = 200000 };
  static float z[N];
  const SdKey  key = {.seed = 99};
  double       m1 = 0, m2 = 0, m4 = 0, u1 = 0;

  (void)unused;
  SdRandomNormals(&key, 0, N, z);
  for (uint32_t i = 0; i < N; i++) {
    const double x = (double)z[i];

    m1 += x / N;
    m2 += x * x / N;
    m4 += x * x * x * x / N;
    u1 += SdRandomUniform(&key, i) / N;
  }
  assert_true(fabs(m1) < 5 / sqrt(N));
  assert_true(fabs(m2 - 1) < 5 * sqrt(2.0 / N));
  assert_true(fabs(m4 - 3) < 5 * sqrt(96.0 / N));
  assert_true(fabs(u1 - 0.5) < 5 * sqrt(1.0 / 12 / N));
}

static void hadamard_is_orthogonal(void **unused)
{
  static const PetscInt sizes[] = {64, 128, 512};
  const SdKey           key = {.seed = 5, .stream = SD_STREAM_WEIGHT, .step = 9, .shard = 2};
  uint64_t              a[8], b[8];

  (void)unused;
  for (size_t s = 0; s < 3; s++) {
    for (PetscInt i = 0; i < sizes[s]; i += 7) {
      SdDirectionSigns(SD_HADAMARD, &key, i, sizes[s], 0, SD_WORDS(sizes[s]), a);
      for (PetscInt j = 0; j < sizes[s]; j += 5) {
        PetscInt differ = 0;

        SdDirectionSigns(SD_HADAMARD, &key, j, sizes[s], 0, SD_WORDS(sizes[s]), b);
        for (PetscInt w = 0; w < sizes[s] / 64; w++) differ += __builtin_popcountll(a[w] ^ b[w]);
        assert_int_equal(sizes[s] - 2 * differ, i == j ? sizes[s] : 0);
      }
    }
  }
}

static void walsh_rows_are_parities(void **unused)
{
  (void)unused;
  for (uint32_t row = 0; row < 300; row += 11) {
    for (uint32_t column = 0; column < 300; column++) {
      const uint64_t word = SdWalshWord(row, column / 64);

      assert_int_equal((word >> (column % 64)) & 1, __builtin_parity(row & column));
    }
  }
}

static void nodes_are_orthogonal_at_each_point(void **unused)
{
  enum { N = 32 };
  const SdKey key = {.seed = 5, .stream = SD_STREAM_NODE, .step = 1, .shard = 2, .sub = 3};
  uint64_t    v[N][N];

  (void)unused;
  for (PetscInt k = 0; k < N; k++) SdNodeSigns(SD_HADAMARD, &key, k, N, v[k]);
  for (int b = 0; b < 64; b++) {
    for (int i = 0; i < N; i++) {
      for (int j = 0; j < N; j++) {
        int sum = 0;

        for (int n = 0; n < N; n++) sum += ((v[i][n] >> b) & 1) == ((v[j][n] >> b) & 1) ? 1 : -1;
        assert_int_equal(sum, i == j ? N : 0);
      }
    }
  }
}

/* E[v v'] = I over steps, for every law; correlations within five standard errors. */
static void isotropic(void **unused)
{
  enum { N = 48, R = 20000 };
  static const SdDirectionKind kinds[] = {SD_RADEMACHER, SD_HADAMARD};

  (void)unused;
  for (int q = 0; q < 2; q++) {
    double c01 = 0, c0 = 0, c3 = 0;

    for (uint32_t r = 0; r < R; r++) {
      const SdKey key = {.seed = 17, .stream = SD_STREAM_WEIGHT, .step = r};
      uint64_t    w;

      SdDirectionSigns(kinds[q], &key, 1, N, 0, 1, &w);
      c01 += (((w >> 0) ^ (w >> 1)) & 1) ? -1.0 / R : 1.0 / R;
      c0 += w & 1 ? -1.0 / R : 1.0 / R;
      c3 += (((w >> 3) ^ (w >> 47)) & 1) ? -1.0 / R : 1.0 / R;
    }
    assert_true(fabs(c01) < 5 / sqrt(R) && fabs(c0) < 5 / sqrt(R) && fabs(c3) < 5 / sqrt(R));
  }
}

/* Any piece of a direction, alone or side by side with others, is that of the whole; groups, odd places and orthogonal ones that share columns too. */
static void pieces_are_of_the_whole(void **unused)
{
  enum { N = 300, WORDS = SD_WORDS(N) };
  static const SdDirectionKind kinds[] = {SD_RADEMACHER, SD_HADAMARD};

  (void)unused;
  for (int q = 0; q < 2; q++) {
    SdKey    key[SD_LANES];
    PetscInt k[SD_LANES], n[SD_LANES];
    uint64_t whole[SD_LANES][WORDS], piece[WORDS];
    uint32_t halves[2 * (WORDS + 1) * SD_LANES];

    for (int lane = 0; lane < SD_LANES; lane++) {
      key[lane] = (SdKey){.seed = 9, .stream = SD_STREAM_WEIGHT, .step = 4, .shard = 7, .sub = lane < 5 ? 0 : 1u << 17};
      k[lane]   = lane < 5 ? lane : 1000 * lane; /* of 512 orthogonal ones, some of the next sets */
      n[lane]   = N - lane;
      SdDirectionSigns(kinds[q], &key[lane], k[lane], n[lane], 0, WORDS, whole[lane]);
    }
    for (PetscInt begin = 0; begin < WORDS; begin++) {
      for (PetscInt count = 0; begin + count <= WORDS; count++) {
        SdDirectionSigns(kinds[q], &key[6], k[6], n[6], begin, count, piece);
        assert_memory_equal(piece, whole[6] + begin, sizeof(uint64_t) * (size_t)count);
        if (begin % 2) continue;
        SdDirectionLanes(kinds[q], key, k, n, begin, count, halves);
        for (PetscInt w = 0; w < count; w++) {
          for (int lane = 0; lane < SD_LANES; lane++) assert_true((halves[2 * w * SD_LANES + lane] | (uint64_t)halves[(2 * w + 1) * SD_LANES + lane] << 32) == whole[lane][begin + w]);
        }
      }
    }
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(known_answers), cmocka_unit_test(regenerates_anywhere), cmocka_unit_test(streams_differ), cmocka_unit_test(moments), cmocka_unit_test(hadamard_is_orthogonal), cmocka_unit_test(walsh_rows_are_parities), cmocka_unit_test(nodes_are_orthogonal_at_each_point), cmocka_unit_test(isotropic), cmocka_unit_test(pieces_are_of_the_whole)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
