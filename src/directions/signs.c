/* Sign directions: independent (Rademacher), or rows of a Walsh-Hadamard matrix with randomly signed columns. */
#include <spindrift/directions.h>

const char *const SdDirectionKindNames[] = {"rademacher", "gaussian", "hadamard", "rankone", NULL};

int SdLog2Ceil(PetscInt n)
{
  int bits = 0;

  while (((PetscInt)1 << bits) < n) bits++;
  return bits;
}

uint32_t SdWalshRow(const SdKey *key, PetscInt k, int bits)
{
  const uint32_t mask  = (uint32_t)(((uint64_t)1 << bits) - 1);
  SdKey          start = *key;
  uint32_t       r[4];

  start.sub += 0xffffu;
  SdRandomBlock(&start, (uint32_t)(k >> bits), r);
  return ((uint32_t)k + r[0]) & mask;
}

/* A row's word 0, and whether word w is its opposite. */
static uint64_t Pattern(uint32_t row)
{
  static const uint64_t column_bit[6] = {0xaaaaaaaaaaaaaaaaull, 0xccccccccccccccccull, 0xf0f0f0f0f0f0f0f0ull, 0xff00ff00ff00ff00ull, 0xffff0000ffff0000ull, 0xffffffff00000000ull};
  uint64_t              word          = 0;

  for (int i = 0; i < 6; i++) word ^= column_bit[i] & (0 - (uint64_t)((row >> i) & 1));
  return word;
}

static inline uint64_t Opposite(uint32_t row, uint32_t w)
{
  return 0 - (uint64_t)__builtin_parity((row >> 6) & w);
}

uint64_t SdWalshWord(uint32_t row, uint32_t w)
{
  return Pattern(row) ^ Opposite(row, w);
}

/* Whose random signs direction k has: orthogonal ones share their columns'. */
static uint32_t Columns(SdDirectionKind kind, PetscInt k, PetscInt n)
{
  return (uint32_t)(kind == SD_HADAMARD ? k >> SdLog2Ceil(n) : k);
}

void SdDirectionSigns(SdDirectionKind kind, const SdKey *key, PetscInt k, PetscInt n, PetscInt begin, PetscInt count, uint64_t words[])
{
  SdKey own = *key;

  own.sub += Columns(kind, k, n);
  SdRandomWords(&own, (uint32_t)begin, (size_t)count, words);
  if (kind == SD_HADAMARD) {
    const uint32_t row     = SdWalshRow(key, k, SdLog2Ceil(n));
    const uint64_t pattern = Pattern(row);

    for (PetscInt w = 0; w < count; w++) words[w] ^= pattern ^ Opposite(row, (uint32_t)(begin + w));
  }
}

void SdDirectionLanes(SdDirectionKind kind, const SdKey key[SD_LANES], const PetscInt k[SD_LANES], const PetscInt n[SD_LANES], PetscInt begin, PetscInt count, uint32_t halves[])
{
  uint32_t sub[SD_LANES];

  for (int lane = 0; lane < SD_LANES; lane++) sub[lane] = key[lane].sub + Columns(kind, k[lane], n[lane]);
  SdRandomLanes(key, sub, (uint32_t)begin, (size_t)count, halves);
  for (int lane = 0; lane < SD_LANES && kind == SD_HADAMARD; lane++) {
    const uint32_t row     = SdWalshRow(&key[lane], k[lane], SdLog2Ceil(n[lane]));
    const uint64_t pattern = Pattern(row);

    for (PetscInt w = 0; w < count; w++) {
      const uint64_t word = pattern ^ Opposite(row, (uint32_t)(begin + w));

      halves[2 * w * SD_LANES + lane] ^= (uint32_t)word;
      halves[(2 * w + 1) * SD_LANES + lane] ^= (uint32_t)(word >> 32);
    }
  }
}

void SdNodeSigns(SdDirectionKind kind, const SdKey *key, PetscInt k, PetscInt n, uint64_t words[])
{
  const int bits = SdLog2Ceil(n);

  SdRandomWords(key, (uint32_t)((kind == SD_HADAMARD ? k >> bits : k) * ((n + 1) & ~(PetscInt)1)), (size_t)n, words);
  if (kind == SD_HADAMARD) {
    const uint32_t row = SdWalshRow(key, k, bits);

    for (PetscInt j = 0; j < n; j++) {
      if (__builtin_parity(row & (uint32_t)j)) words[j] = ~words[j];
    }
  }
}
