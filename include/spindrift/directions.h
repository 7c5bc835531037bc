/* Directions: perturbations from counters. Any element of any direction is a pure function of (seed, step, shard, index), by
   Random123's Philox4x32-10 (Salmon et al. 2011), so nothing random is ever stored or communicated. Not collective. */
#ifndef SPINDRIFT_DIRECTIONS_H
#define SPINDRIFT_DIRECTIONS_H

#include <petscsys.h>
#include <spindrift/kernels.h>
#include <stdint.h>

/* What random numbers are for: streams of one seed never overlap. */
typedef enum { SD_STREAM_INIT, SD_STREAM_WEIGHT, SD_STREAM_NODE, SD_STREAM_BATCH, SD_STREAM_GUESS, SD_STREAM_PROBE, SD_STREAM_ROUND, SD_STREAM_SAMPLE, SD_STREAM_SYMMETRY, SD_STREAM_INPUT } SdStream;

typedef enum { SD_RADEMACHER, SD_GAUSSIAN, SD_HADAMARD, SD_RANK_ONE } SdDirectionKind;
PETSC_EXTERN const char *const SdDirectionKindNames[];

/* The counter's coordinates. sub < 2^24 numbers independent sequences inside a shard (directions, blocks of points). */
typedef struct {
  uint64_t seed;
  SdStream stream;
  uint32_t step, shard, sub;
} SdKey;

/* SdRandomBlock - 128 random bits: element index of the sequence. */
PETSC_EXTERN void SdRandomBlock(const SdKey *key, uint32_t index, uint32_t out[4]);

/* SdRandomWords - words[i] = 64-bit word begin + i of the sequence, i < n. */
PETSC_EXTERN void SdRandomWords(const SdKey *key, uint32_t begin, size_t n, uint64_t words[]);

/* SdRandomLanes - the same of the sequences sub[lane] side by side: halves[2 i][lane] and halves[2 i + 1][lane] are the lower and the upper half of word
   begin + i, i < n. begin is even; room for an even number of words. */
PETSC_EXTERN void SdRandomLanes(const SdKey *key, const uint32_t sub[SD_LANES], uint32_t begin, size_t n, uint32_t halves[]);

/* SdRandomUniform - element i of the sequence, in (0, 1). */
PETSC_EXTERN double SdRandomUniform(const SdKey *key, uint32_t i);

/* SdRandomNormals - out[i] = standard normal number begin + i of the sequence (Box-Muller), i < n; begin is a multiple of 4. */
PETSC_EXTERN void SdRandomNormals(const SdKey *key, uint32_t begin, size_t n, float out[]);

/*
  SdWalshRow - which row of the 2^bits Walsh-Hadamard matrix direction k uses: distinct for k < 2^bits, from a random start.

  SdWalshWord - signs (set bit: -1) of columns 64 w ... 64 w + 63 of a row: parity(row & column).

  A row times one random sign per column, shared by all k, gives directions with entries +-1 that are orthogonal over 2^bits
  columns, each uniformly distributed, so E[v v'] = I. Over fewer columns they are orthogonal only approximately.
*/
PETSC_EXTERN uint32_t SdWalshRow(const SdKey *key, PetscInt k, int bits);
PETSC_EXTERN uint64_t SdWalshWord(uint32_t row, uint32_t w);

/* SdLog2Ceil - smallest p with 2^p >= n. */
PETSC_EXTERN int SdLog2Ceil(PetscInt n);

/*
  SdDirectionSigns - words begin to begin + count - 1 of the sign bits of direction k over n entries, with orthogonal directions for SD_HADAMARD and
  independent signs for every other kind; bits beyond n are arbitrary. Uses the sequences key->sub ... key->sub + 65535, so k < 65535.

  SdDirectionLanes - the same of direction k[lane] over n[lane] entries with the key key[lane], side by side: halves[2 count][SD_LANES] as in SdRandomLanes().
  The keys differ in sub alone.
*/
PETSC_EXTERN void SdDirectionSigns(SdDirectionKind kind, const SdKey *key, PetscInt k, PetscInt n, PetscInt begin, PetscInt count, uint64_t words[]);
PETSC_EXTERN void SdDirectionLanes(SdDirectionKind kind, const SdKey key[SD_LANES], const PetscInt k[SD_LANES], const PetscInt n[SD_LANES], PetscInt begin, PetscInt count, uint32_t halves[]);

/*
  SdNodeSigns - sign bits of direction k over n neurons of a block of 64 points: words[j] bit b is neuron j at point b. Every point
  has directions of its own; with SD_HADAMARD they are orthogonal over k at each point. key->sub is the block.
*/
PETSC_EXTERN void SdNodeSigns(SdDirectionKind kind, const SdKey *key, PetscInt k, PetscInt n, uint64_t words[]);

#endif
