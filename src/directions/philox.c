/* Random numbers from counters: Philox4x32-10 with the counter (index, stream and sub, step, shard) and the seed as key. */
#include <Random123/philox.h>
#include <math.h>
#include <spindrift/directions.h>

void SdRandomBlock(const SdKey *key, uint32_t index, uint32_t out[4])
{
  const philox4x32_ctr_t counter = {{index, ((uint32_t)key->stream << 24) | (key->sub & 0xffffffu), key->step, key->shard}};
  const philox4x32_key_t seed    = {{(uint32_t)key->seed, (uint32_t)(key->seed >> 32)}};
  const philox4x32_ctr_t r       = philox4x32_R(10, counter, seed);

  for (int i = 0; i < 4; i++) out[i] = r.v[i];
}

void SdRandomWords(const SdKey *key, uint32_t begin, size_t n, uint64_t words[])
{
  uint32_t r[4];

  for (size_t i = 0; i < n; i++) {
    const uint32_t word = begin + (uint32_t)i;

    if (!i || !(word % 2)) SdRandomBlock(key, word / 2, r);
    words[i] = ((uint64_t)r[2 * (word % 2) + 1] << 32) | r[2 * (word % 2)];
  }
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
