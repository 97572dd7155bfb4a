/* Lanes: one vector register of float32 numbers, one song a lane.
 *
 * Included once by each variant_*.c, which says by LANES_AVX512 or LANES_AVX2 what the processor can do.
 * Without either, GCC's and clang's portable vectors of 16 bytes serve: SSE2 on x86-64, NEON on ARM.
 *
 *   Lanes    LANES float32 numbers        Numbers  as many int32 numbers
 *   Mask     one yes or no a lane; mask_bits() makes it an integer, lane 0 the lowest bit
 *
 * TILE centroids (or songs) times WIDTH registers of lanes are worked on at once: as many sums as the
 * registers hold, enough of them that each waits out the latency of the one before.
 */
#ifndef SONGATLAS_LANES_H
#define SONGATLAS_LANES_H

#include "engine.h"

#include <float.h>

#define WHOLE 0x1p23f         /* a number that adds what follows it rounded to whole ones */
#define WHOLE_BITS 0x4B000000 /* the bits of it */

#if defined(LANES_AVX512)

#include <immintrin.h>
#define LANES 16
#define WIDTH 1
#define TILE 4
#define TILES_AT_ONCE 2
typedef __m512 Lanes;
typedef __m512i Numbers;
typedef __mmask16 Mask;

static inline Lanes lanes_load(const float *from) { return _mm512_loadu_ps(from); }
static inline void lanes_store(float *to, Lanes a) { _mm512_storeu_ps(to, a); }
static inline Lanes lanes_splat(float value) { return _mm512_set1_ps(value); }
static inline Lanes lanes_add(Lanes a, Lanes b) { return _mm512_add_ps(a, b); }
static inline Lanes lanes_sub(Lanes a, Lanes b) { return _mm512_sub_ps(a, b); }
static inline Lanes lanes_mul(Lanes a, Lanes b) { return _mm512_mul_ps(a, b); }
static inline Lanes lanes_fma(Lanes a, Lanes b, Lanes c) { return _mm512_fmadd_ps(a, b, c); }
static inline Lanes lanes_min(Lanes a, Lanes b) { return _mm512_min_ps(a, b); }
static inline Lanes lanes_max(Lanes a, Lanes b) { return _mm512_max_ps(a, b); }
/* The square root by an estimate of 14 bits and one step of Newton's: half the time of the instruction,
 * and as good to the last bit or two. The root of 0 is 0. */
static inline Lanes lanes_root(Lanes a)
{
    __mmask16 some = _mm512_cmp_ps_mask(a, _mm512_set1_ps(FLT_MIN), _CMP_GE_OQ);
    Lanes inverse = _mm512_maskz_rsqrt14_ps(some, a), root = _mm512_mul_ps(a, inverse);
    Lanes rest = _mm512_fnmadd_ps(root, inverse, _mm512_set1_ps(1.0f));
    return _mm512_fmadd_ps(_mm512_mul_ps(root, _mm512_set1_ps(0.5f)), rest, root);
}
/* 2 sqrt(a) for 0 < a < 2^44, rounded to a whole number: the same step of Newton's gives root (3 - root / sqrt(a)),
 * and a float32 of 2^23 and more has no bits below 1. */
static inline Numbers lanes_two_roots(Lanes a)
{
    Lanes inverse = _mm512_rsqrt14_ps(a), root = _mm512_mul_ps(a, inverse);
    Lanes rest = _mm512_fnmadd_ps(root, inverse, _mm512_set1_ps(3.0f));
    Numbers bits = _mm512_castps_si512(_mm512_fmadd_ps(root, rest, _mm512_set1_ps(WHOLE)));
    return _mm512_sub_epi32(bits, _mm512_set1_epi32(WHOLE_BITS));
}
static inline Lanes lanes_from(Numbers a) { return _mm512_cvtepi32_ps(a); }
static inline Numbers numbers_add(Numbers a, Numbers b) { return _mm512_add_epi32(a, b); }
static inline Numbers numbers_sub(Numbers a, Numbers b) { return _mm512_sub_epi32(a, b); }
static inline Mask lanes_less(Lanes a, Lanes b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
static inline Numbers numbers_load(const int32_t *from) { return _mm512_loadu_si512(from); }
static inline void numbers_store(int32_t *to, Numbers a) { _mm512_storeu_si512(to, a); }
static inline Numbers numbers_splat(int32_t value) { return _mm512_set1_epi32(value); }
static inline Mask numbers_equal(Numbers a, Numbers b) { return _mm512_cmpeq_epi32_mask(a, b); }
static inline Numbers numbers_pick(Mask yes, Numbers a, Numbers b) { return _mm512_mask_mov_epi32(b, yes, a); }
static inline uint32_t mask_bits(Mask yes) { return yes; }
static inline Lanes lanes_pick(Mask yes, Lanes a, Lanes b) { return _mm512_mask_mov_ps(b, yes, a); }

#elif defined(LANES_AVX2)

#include <immintrin.h>
#define LANES 8
#define WIDTH 2
#define TILE 4
#define TILES_AT_ONCE 1
typedef __m256 Lanes;
typedef __m256i Numbers;
typedef __m256 Mask;

static inline Lanes lanes_load(const float *from) { return _mm256_loadu_ps(from); }
static inline void lanes_store(float *to, Lanes a) { _mm256_storeu_ps(to, a); }
static inline Lanes lanes_splat(float value) { return _mm256_set1_ps(value); }
static inline Lanes lanes_add(Lanes a, Lanes b) { return _mm256_add_ps(a, b); }
static inline Lanes lanes_sub(Lanes a, Lanes b) { return _mm256_sub_ps(a, b); }
static inline Lanes lanes_mul(Lanes a, Lanes b) { return _mm256_mul_ps(a, b); }
static inline Lanes lanes_fma(Lanes a, Lanes b, Lanes c) { return _mm256_fmadd_ps(a, b, c); }
static inline Lanes lanes_min(Lanes a, Lanes b) { return _mm256_min_ps(a, b); }
static inline Lanes lanes_max(Lanes a, Lanes b) { return _mm256_max_ps(a, b); }
static inline Lanes lanes_root(Lanes a) { return _mm256_sqrt_ps(a); }
static inline Numbers lanes_two_roots(Lanes a) /* as above, from an estimate of 12 bits */
{
    Lanes inverse = _mm256_rsqrt_ps(a), root = _mm256_mul_ps(a, inverse);
    Lanes rest = _mm256_fnmadd_ps(root, inverse, _mm256_set1_ps(3.0f));
    Numbers bits = _mm256_castps_si256(_mm256_fmadd_ps(root, rest, _mm256_set1_ps(WHOLE)));
    return _mm256_sub_epi32(bits, _mm256_set1_epi32(WHOLE_BITS));
}
static inline Lanes lanes_from(Numbers a) { return _mm256_cvtepi32_ps(a); }
static inline Numbers numbers_add(Numbers a, Numbers b) { return _mm256_add_epi32(a, b); }
static inline Numbers numbers_sub(Numbers a, Numbers b) { return _mm256_sub_epi32(a, b); }
static inline Mask lanes_less(Lanes a, Lanes b) { return _mm256_cmp_ps(a, b, _CMP_LT_OQ); }
static inline Numbers numbers_load(const int32_t *from) { return _mm256_loadu_si256((const __m256i *)from); }
static inline void numbers_store(int32_t *to, Numbers a) { _mm256_storeu_si256((__m256i *)to, a); }
static inline Numbers numbers_splat(int32_t value) { return _mm256_set1_epi32(value); }
static inline Mask numbers_equal(Numbers a, Numbers b) { return _mm256_castsi256_ps(_mm256_cmpeq_epi32(a, b)); }
static inline Numbers numbers_pick(Mask yes, Numbers a, Numbers b)
{
    return _mm256_blendv_epi8(b, a, _mm256_castps_si256(yes));
}
static inline uint32_t mask_bits(Mask yes) { return (uint32_t)_mm256_movemask_ps(yes); }
static inline Lanes lanes_pick(Mask yes, Lanes a, Lanes b) { return _mm256_blendv_ps(b, a, yes); }

#else

#define LANES 4
#define WIDTH 2
#define TILE 4
#define TILES_AT_ONCE 1
typedef float Lanes __attribute__((vector_size(16)));
typedef int32_t Numbers __attribute__((vector_size(16)));
typedef uint32_t Bits __attribute__((vector_size(16))); /* they may overflow */
typedef Numbers Mask; /* all bits of a lane set, or none */

static inline Lanes lanes_load(const float *from) { Lanes a; memcpy(&a, from, sizeof a); return a; }
static inline void lanes_store(float *to, Lanes a) { memcpy(to, &a, sizeof a); }
static inline Lanes lanes_splat(float value) { return (Lanes){value, value, value, value}; }
static inline Lanes lanes_add(Lanes a, Lanes b) { return a + b; }
static inline Lanes lanes_sub(Lanes a, Lanes b) { return a - b; }
static inline Lanes lanes_mul(Lanes a, Lanes b) { return a * b; }
static inline Mask lanes_less(Lanes a, Lanes b) { return (Mask)(a < b); }
static inline Numbers numbers_load(const int32_t *from) { Numbers a; memcpy(&a, from, sizeof a); return a; }
static inline void numbers_store(int32_t *to, Numbers a) { memcpy(to, &a, sizeof a); }
static inline Numbers numbers_splat(int32_t value) { return (Numbers){value, value, value, value}; }
static inline Mask numbers_equal(Numbers a, Numbers b) { return (Mask)(a == b); }
static inline Numbers numbers_pick(Mask yes, Numbers a, Numbers b) { return (yes & a) | (~yes & b); }
static inline Lanes lanes_pick(Mask yes, Lanes a, Lanes b)
{
    return (Lanes)numbers_pick(yes, (Numbers)a, (Numbers)b);
}
static inline Lanes lanes_min(Lanes a, Lanes b) { return lanes_pick(lanes_less(a, b), a, b); }
static inline Lanes lanes_max(Lanes a, Lanes b) { return lanes_pick(lanes_less(a, b), b, a); }

#if defined(__FP_FAST_FMAF) /* the processor has the instruction: ARM has, baseline x86-64 has not */
static inline Lanes lanes_fma(Lanes a, Lanes b, Lanes c)
{
    Lanes sum;
    for (int lane = 0; lane < LANES; lane++)
        sum[lane] = __builtin_fmaf(a[lane], b[lane], c[lane]);
    return sum;
}
#else
static inline Lanes lanes_fma(Lanes a, Lanes b, Lanes c) { return a * b + c; }
#endif

#if defined(__SSE2__)
#include <emmintrin.h>
static inline Lanes lanes_root(Lanes a) { return (Lanes)_mm_sqrt_ps((__m128)a); }
static inline uint32_t mask_bits(Mask yes) { return (uint32_t)_mm_movemask_ps((__m128)yes); }
#else
static inline Lanes lanes_root(Lanes a)
{
    for (int lane = 0; lane < LANES; lane++)
        a[lane] = __builtin_sqrtf(a[lane]);
    return a;
}
static inline uint32_t mask_bits(Mask yes)
{
    return (uint32_t)((yes[0] & 1) | (yes[1] & 2) | (yes[2] & 4) | (yes[3] & 8));
}
#endif
static inline Numbers numbers_add(Numbers a, Numbers b) { return (Numbers)((Bits)a + (Bits)b); }
static inline Numbers numbers_sub(Numbers a, Numbers b) { return (Numbers)((Bits)a - (Bits)b); }
static inline Lanes lanes_from(Numbers a) { return __builtin_convertvector(a, Lanes); }
static inline Numbers lanes_two_roots(Lanes a)
{
    Lanes root = lanes_root(a);
    return numbers_sub((Numbers)(root + root + lanes_splat(WHOLE)), numbers_splat(WHOLE_BITS));
}

#endif

/* The same register filled with float64, half as many; the compiler knows the vectors of both. */
#define DOUBLES (LANES / 2)
typedef double Doubles __attribute__((vector_size(LANES * 4)));
typedef float HalfLanes __attribute__((vector_size(LANES * 2)));

static inline Doubles doubles_load(const double *from) { Doubles a; memcpy(&a, from, sizeof a); return a; }
static inline void doubles_store(double *to, Doubles a) { memcpy(to, &a, sizeof a); }
static inline Doubles doubles_from(const float *from)
{
    HalfLanes a;
    memcpy(&a, from, sizeof a);
    return __builtin_convertvector(a, Doubles);
}

/* Registers of lanes that make up one block of rows, and how many turns of WIDTH registers that takes. */
#define STEP (LANES * WIDTH)

#endif
