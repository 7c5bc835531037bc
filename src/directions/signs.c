/* Sign directions: independent (Rademacher), of rank one, or rows of a Walsh-Hadamard matrix with randomly signed columns. */
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

uint64_t SdWalshWord(uint32_t row, uint32_t w)
{
  static const uint64_t column_bit[6] = {0xaaaaaaaaaaaaaaaaull, 0xccccccccccccccccull, 0xf0f0f0f0f0f0f0f0ull, 0xff00ff00ff00ff00ull, 0xffff0000ffff0000ull, 0xffffffff00000000ull};
  uint64_t              word          = __builtin_parity((row >> 6) & w) ? ~(uint64_t)0 : 0;

  for (int i = 0; i < 6; i++) {
    if ((row >> i) & 1) word ^= column_bit[i];
  }
  return word;
}

void SdDirectionSigns(SdDirectionKind kind, const SdKey *key, PetscInt k, PetscInt n, uint64_t words[])
{
  const size_t nwords = (size_t)(n + 63) / 64;
  const int    bits   = SdLog2Ceil(n);
  SdKey        own    = *key;

  own.sub += (uint32_t)(kind == SD_HADAMARD ? k >> bits : k);
  SdRandomWords(&own, 0, nwords, words);
  if (kind == SD_HADAMARD) {
    const uint32_t row = SdWalshRow(key, k, bits);

    for (size_t w = 0; w < nwords; w++) words[w] ^= SdWalshWord(row, (uint32_t)w);
  }
}

/* From the last row on: the bits of a follow the first row, and none is overwritten before its row has been. */
void SdRankOne(PetscInt rows, PetscInt words_per_row, uint64_t words[])
{
  for (PetscInt n = rows - 1; n > 0; n--) {
    const uint64_t flip = words[words_per_row + n / 64] >> (n % 64) & 1 ? ~(uint64_t)0 : 0;

    for (PetscInt w = 0; w < words_per_row; w++) words[n * words_per_row + w] = words[w] ^ flip;
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
