/* Random numbers from counters: Philox4x32-10 with the counter (index, stream and sub, step, shard) and the seed as key. */
#include <Random123/philox.h>
#include <math.h>
#include <spindrift/directions.h>
#include <spindrift/kernels.h>

static philox4x32_ctr_t Counter(const SdKey *key, uint32_t index)
{
  return (philox4x32_ctr_t){{index, ((uint32_t)key->stream << 24) | (key->sub & 0xffffffu), key->step, key->shard}};
}

static philox4x32_key_t Seed(const SdKey *key)
{
  return (philox4x32_key_t){{(uint32_t)key->seed, (uint32_t)(key->seed >> 32)}};
}

void SdRandomBlock(const SdKey *key, uint32_t index, uint32_t out[4])
{
  const philox4x32_ctr_t r = philox4x32_R(10, Counter(key, index), Seed(key));

  for (int i = 0; i < 4; i++) out[i] = r.v[i];
}

/* The first or second word of a value. */
static uint64_t Word(const SdKey *key, uint32_t block, int second)
{
  uint32_t r[4];

  SdRandomBlock(key, block, r);
  return ((uint64_t)r[2 * second + 1] << 32) | r[2 * second];
}

void SdRandomWords(const SdKey *key, uint32_t begin, size_t n, uint64_t words[])
{
  const size_t           odd  = n ? begin % 2 : 0, pairs = (n - odd) / 2; /* words before the first whole value, and whole values */
  const uint32_t         first = begin / 2 + (uint32_t)odd;
  const philox4x32_ctr_t from  = Counter(key, first);
  const philox4x32_key_t seed  = Seed(key);

  if (odd) words[0] = Word(key, begin / 2, 1);
  SdKernelsExact()->random(seed.v, from.v, pairs, words + odd);
  if (odd + 2 * pairs < n) words[n - 1] = Word(key, first + (uint32_t)pairs, 0);
}

void SdRandomLanes(const SdKey *key, const uint32_t sub[SD_LANES], uint32_t begin, size_t n, uint32_t halves[])
{
  const philox4x32_ctr_t from = Counter(key, begin / 2);
  uint32_t               second[SD_LANES];

  for (int lane = 0; lane < SD_LANES; lane++) {
    SdKey own = *key;

    own.sub      = sub[lane];
    second[lane] = Counter(&own, 0).v[1];
  }
  SdKernelsExact()->random_lanes(Seed(key).v, from.v, second, (n + 1) / 2, halves);
}

static double Unit(uint32_t bits)
{
  return ((double)bits + 0.5) * 0x1p-32;
}

double SdRandomUniform(const SdKey *key, uint32_t i)
{
  uint32_t r[4];

  SdRandomBlock(key, i / 4, r);
  return Unit(r[i % 4]);
}

void SdRandomNormals(const SdKey *key, uint32_t begin, size_t n, float out[])
{
  for (size_t i = 0; i < n; i += 4) {
    uint32_t r[4];
    double   z[4];

    SdRandomBlock(key, begin / 4 + (uint32_t)(i / 4), r);
    for (int j = 0; j < 4; j += 2) {
      const double radius = sqrt(-2.0 * log(Unit(r[j]))), angle = 2.0 * 3.14159265358979323846 * Unit(r[j + 1]);

      z[j]     = radius * cos(angle);
      z[j + 1] = radius * sin(angle);
    }
    for (size_t j = 0; j < 4 && i + j < n; j++) out[i + j] = (float)z[j];
  }
}
