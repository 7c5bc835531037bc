/* Signs times spikes, SD_LANES directions side by side: how many of the spikes meet a set bit, which is -1, for each direction and output. Signs lie by inputs: a row holds those of SD_SIGN_OUTPUTS outputs, a bit for each lane, and the rows of
   the inputs that spike are counted bit by bit. A full adder makes of three bits that count the same one of that and one of twice it, so that after a
   few of them a row costs little more than one adder of 512 bits (Harley and Seal; Mula, Kurz and Lemire 2018, "Faster population counts using AVX2 instructions"). */
#include "lanes.h"

/* A transposition of eight by eight bits. */
#if defined(__GFNI__) && defined(__AVX512VBMI__)
  #define SD_EIGHTS
#endif

enum { ROW = 2 * SD_SIGN_OUTPUTS /* bytes */, PIECES = ROW / SD_VECTOR_BYTES, PLANES = 8 /* bits of a count */, LEAST = 4 };
_Static_assert(SD_SIGN_SPIKES < 1 << PLANES && SD_SIGN_SPIKES % 8 == 0, "spikes that are counted at once");
_Static_assert(SD_LANES_ROWS - 1 >= 7, "lists are filled up to eights, by one less where the bias is added");

/* Where a row has the bits of its block's output n. */
SD_INLINE int Place(int n)
{
#ifdef SD_EIGHTS
  return n % 4 * (SD_SIGN_OUTPUTS / 4) + n / 4; /* the order that squares of eight by eight bits come in */
#else
  return n;
#endif
}

/* Words of 16 bits, bit j of the SD_LANES lanes' 32 each, j ascending. */
#ifdef SD_EIGHTS
SD_INLINE void Turn(const uint32_t half[SD_LANES], uint16_t word[32])
{
  const __m512i unit = _mm512_set1_epi64((long long)0x8040201008040201u);
  __m512i       gather, turned;
  uint8_t       byte[64];

  /* byte i of lanes 7 to 0, of lanes 15 to 8, i ascending; their bits; those of both halves in turn */
  for (int i = 0; i < 64; i++) byte[i] = (uint8_t)(4 * (i / 8 % 2 * 8 + 7 - i % 8) + i / 16);
  gather = _mm512_loadu_si512(byte);
  turned = _mm512_gf2p8affine_epi64_epi8(unit, _mm512_permutexvar_epi8(gather, _mm512_loadu_si512(half)), 0);
  _mm512_storeu_si512(word, _mm512_unpacklo_epi8(turned, _mm512_unpackhi_epi64(turned, turned)));
}
#else
SD_INLINE void Turn(const uint32_t half[SD_LANES], uint16_t word[32])
{
  for (int j = 0; j < 32; j++) {
    uint32_t all = 0;

    for (int lane = 0; lane < SD_LANES; lane++) all |= (half[lane] >> j & 1) << lane;
    word[j] = (uint16_t)all;
  }
}
#endif

void SD_KERNEL(lanes_signs)(int M, int n, const uint32_t *half, uint16_t bias, uint16_t *V)
{
  V += (size_t)(n / SD_SIGN_OUTPUTS) * SD_SIGN_ROWS(SD_SIGN_OUTPUTS, M) + Place(n % SD_SIGN_OUTPUTS);
  for (int first = 0; first < M; first += 32, half += SD_LANES) {
    const int many = M - first < 32 ? M - first : 32;
    uint16_t  word[32];

    Turn(half, word);
    for (int j = 0; j < many; j++, V += SD_SIGN_OUTPUTS) *V = word[j];
  }
  *V = bias;
}

/* What is counted of a block of outputs: of each its SD_LANES numbers together or, where eight by eight bits are not transposed by one instruction, the planes. */
typedef union {
  _Alignas(64) uint8_t of[SD_SIGN_OUTPUTS][SD_LANES];
  uint16_t plane[PLANES][SD_SIGN_OUTPUTS];
} Counted;
_Static_assert(sizeof(Counted) == SD_SIGN_COUNTS, "a block's counts");

typedef uint64_t words __attribute__((vector_size(SD_VECTOR_BYTES), aligned(2), may_alias));

/* *sum and carry, which counts twice, of three bits. */
SD_INLINE words FullAdder(words *sum, const words x, const words y)
{
#ifdef __AVX512F__
  const __m512i s = (__m512i)*sum;

  *sum = (words)_mm512_ternarylogic_epi64(s, (__m512i)x, (__m512i)y, 0x96);
  return (words)_mm512_ternarylogic_epi64(s, (__m512i)x, (__m512i)y, 0xe8);
#else
  const words two = *sum ^ x, carry = (*sum & x) | (two & y);

  *sum = two ^ y;
  return carry;
#endif
}

SD_INLINE words HalfAdder(words *sum, const words x)
{
  const words carry = *sum & x;

  *sum ^= x;
  return carry;
}

/* Piece q of the row of a listed input. */
SD_INLINE words RowOf(const char *rows, const uint32_t *on, int q)
{
  return *(const words *)(const void *)(rows + (size_t)*on * ROW + q * SD_VECTOR_BYTES);
}

/* Eight rows more; what the carry counts is eight. */
SD_INLINE words Eight(const char *rows, const uint32_t *on, int q, words plane[PLANES])
{
  const words a = FullAdder(&plane[0], RowOf(rows, on, q), RowOf(rows, on + 1, q)), b = FullAdder(&plane[0], RowOf(rows, on + 2, q), RowOf(rows, on + 3, q));
  const words c = FullAdder(&plane[1], a, b);
  const words d = FullAdder(&plane[0], RowOf(rows, on + 4, q), RowOf(rows, on + 5, q)), e = FullAdder(&plane[0], RowOf(rows, on + 6, q), RowOf(rows, on + 7, q));

  return FullAdder(&plane[2], c, FullAdder(&plane[1], d, e));
}

/* The count of each bit of the listed rows: plane[p] holds bit p of it. The list is filled up to a multiple of eight with a row of zeros. */
SD_INLINE void Planes(const int planes, const char *rows, int many, const uint32_t *on, int q, words plane[PLANES])
{
  int i = 0;

#pragma GCC unroll 8
  for (int p = 0; p < PLANES; p++) plane[p] = (words){0};
  for (; i + 8 < many; i += 16) {
    const words first = Eight(rows, on + i, q, plane);
    words       carry = FullAdder(&plane[3], first, Eight(rows, on + i + 8, q, plane));

#pragma GCC unroll 4
    for (int p = LEAST; p < planes; p++) carry = HalfAdder(&plane[p], carry);
  }
  if (i < many) {
    words carry = Eight(rows, on + i, q, plane);

#pragma GCC unroll 5
    for (int p = 3; p < planes; p++) carry = HalfAdder(&plane[p], carry);
  }
}

#ifdef SD_EIGHTS
/* Bytes of eight planes become eight bits of a byte; of each 128 bits vector r has the bytes 2 r and 2 r + 1, the counts of one output. */
SD_INLINE void Keep(const words plane[PLANES], int q, Counted *c)
{
  const __m512i unit = _mm512_set1_epi64((long long)0x8040201008040201u);
  __m512i       two[2][4], four[4][2];

  (void)q;
  #pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    two[0][i] = _mm512_unpacklo_epi8((__m512i)plane[7 - 2 * i], (__m512i)plane[6 - 2 * i]);
    two[1][i] = _mm512_unpackhi_epi8((__m512i)plane[7 - 2 * i], (__m512i)plane[6 - 2 * i]);
  }
  #pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    four[i][0] = i % 2 ? _mm512_unpackhi_epi16(two[i / 2][0], two[i / 2][1]) : _mm512_unpacklo_epi16(two[i / 2][0], two[i / 2][1]);
    four[i][1] = i % 2 ? _mm512_unpackhi_epi16(two[i / 2][2], two[i / 2][3]) : _mm512_unpacklo_epi16(two[i / 2][2], two[i / 2][3]);
  }
  #pragma GCC unroll 8
  for (int r = 0; r < 8; r++) {
    const __m512i eight = r % 2 ? _mm512_unpackhi_epi32(four[r / 2][0], four[r / 2][1]) : _mm512_unpacklo_epi32(four[r / 2][0], four[r / 2][1]);

    _mm512_store_si512(c->of[4 * r], _mm512_gf2p8affine_epi64_epi8(unit, eight, 0));
  }
}
#else
SD_INLINE void Keep(const words plane[PLANES], int q, Counted *c)
{
  #pragma GCC unroll 8
  for (int p = 0; p < PLANES; p++) *(words *)(void *)((char *)c->plane[p] + q * SD_VECTOR_BYTES) = plane[p];
}
#endif

SD_INLINE int PlanesOf(int many)
{
  return 32 - __builtin_clz((unsigned)many);
}

/* The counts of output n, of the same part of all blocks. */
#ifdef SD_EIGHTS
SD_INLINE void CountsOf(int planes, const Counted *c, uint32_t n, counts count[PARTS])
{
  (void)planes;
  count[0] = (counts)_mm512_cvtepu8_epi32(_mm_load_si128((const __m128i *)c->of + n));
}
#else
/* From the highest plane down, in lanes of 16 bits. */
SD_INLINE void CountsOf(int planes, const Counted *c, uint32_t n, counts count[PARTS])
{
  enum { BYTES = SD_VECTOR_BYTES < 2 * SD_LANES ? SD_VECTOR_BYTES : 2 * SD_LANES,
         WIDE = BYTES / 2 };
  typedef uint16_t shorts __attribute__((vector_size(BYTES), aligned(2), may_alias));
  typedef uint16_t halves __attribute__((vector_size(SD_VECTOR_BYTES / 2), aligned(2), may_alias));
  static const uint16_t bit[SD_LANES] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768};
  uint16_t              sum[SD_LANES];

  c += n / SD_SIGN_OUTPUTS;
  for (int first = 0; first < SD_LANES; first += WIDE) {
    const shorts mine  = *(const shorts *)(const void *)(bit + first);
    shorts       total = {0};

    for (int p = planes; p-- > 0;) {
      const shorts set = mine & c->plane[p][n % SD_SIGN_OUTPUTS];

      total = total + total - (shorts)(set == mine);
    }
    *(shorts *)(void *)(sum + first) = total;
  }
  for (int q = 0; q < PARTS; q++) count[q] = __builtin_convertvector(*(const halves *)(const void *)(sum + q * SD_VECTOR_BYTES / 4), counts);
}
#endif

SD_INLINE void Count(const int planes, const char *rows, const SdSpikes *s, Counted *c)
{
  for (int q = 0; q < PIECES; q++) {
    words plane[PLANES];

    Planes(planes, rows, s->many, s->on, q, plane);
    Keep(plane, q, c);
  }
}

void SD_KERNEL(lanes_counts)(const uint16_t *V, int parts, const SdSpikes *part, void *count, ptrdiff_t stride)
{
  const char *rows = (const char *)V;
  Counted    *c    = count;

  for (; parts-- > 0; part++, c += stride) {
    switch (PlanesOf(part->many)) { /* planes are a constant at these calls */
    case 5: Count(5, rows, part, c); break;
    case 6: Count(6, rows, part, c); break;
    case 7: Count(7, rows, part, c); break;
    case 8: Count(8, rows, part, c); break;
    default: Count(LEAST, rows, part, c);
    }
  }
}

void SD_KERNEL(lanes_counted)(int parts, const SdSpikes *part, const float *mask, int nout, const uint32_t *out, const void *count, ptrdiff_t stride, float *start)
{
  const Counted *c = count;

  if (!parts) memset(start, 0, sizeof(lanes) * (size_t)(nout * PARTS));
  for (int j = 0; j < parts; j++, part++, c += stride) {
    const int planes = PlanesOf(part->many);
    lanes     total[PARTS], twice[PARTS], *to = (lanes *)start;

    for (int q = 0; q < PARTS; q++) {
      total[q] = ((const lanes *)mask)[q] * part->total;
      twice[q] = ((const lanes *)mask)[q] * part->twice;
    }
    for (int i = 0; i < nout; i++, to += PARTS) {
      counts number[PARTS];

      CountsOf(planes, c, out[i], number);
#pragma GCC unroll 4
      for (int q = 0; q < PARTS; q++) {
        const lanes sum = total[q] + twice[q] * __builtin_convertvector(number[q], lanes);

        if (j) to[q] += sum;
        else to[q] = sum;
      }
    }
  }
}
