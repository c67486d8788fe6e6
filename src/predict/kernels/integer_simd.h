/* One vector of 32-bit integers per instruction set, one definition each: as many as the floats of
 * a vector (ESP_VECTOR, kernels/simd.h), of which each may also be two halves or four bytes.
 *
 *     esp__dot(sum, x, w)          sum + the four products of bytes; those of x are not negative
 *     esp__dot_signed(sum, x, w)   the same of bytes within [-127, 127], of x + ESP_OFFSET in
 *                                  the place of x
 *     esp__ints_high(a, b)         a * b / 2^32, rounded down
 *     esp__pairs_times(a, b)       the products of both halves, added
 *
 * Where vectors are some outputs of a pixel, four pixels a, b, c, d become bytes, and back, within
 * parts of four outputs:
 *
 *     esp__halves_of(a, b)         [a a a a b b b b], saturated
 *     esp__bytes_of(ab, cd)        [aaaa bbbb cccc dddd], saturated
 *     esp__halves_low, _high       of [aaaa bbbb cccc dddd] those of a and b, or of c and d
 *     esp__pairs_low, _high        the pairs of a, or of b, from halves of a and b each
 *     esp__twos_low, _high         the same of bytes, within parts of four words
 *     esp__bytes_across            bytes of a part of four words: number 4 i + j becomes 4 j + i
 *     esp__ints_four               a part of four words, again and again
 *     esp__parts_load, _store      each part at or from its own address, `step` words apart */
#ifndef ESP_PREDICT_KERNELS_INTEGER_SIMD_H
#define ESP_PREDICT_KERNELS_INTEGER_SIMD_H

#include "base/inline.h"

#include <stdint.h>
#include <string.h>

#if ESP_VECTOR == 16
#include <immintrin.h>
typedef __m512i esp__ints;
#define esp__ints_load(p) _mm512_loadu_si512(p)
#define esp__ints_store(p, v) _mm512_storeu_si512(p, v)
#define esp__ints_set(s) _mm512_set1_epi32(s)
#define esp__ints_add(a, b) _mm512_add_epi32(a, b)
#define esp__ints_or(a, b) _mm512_or_si512(a, b)
#define esp__ints_and(a, b) _mm512_and_si512(a, b)
#define esp__ints_xor(a, b) _mm512_xor_si512(a, b)
#define esp__ints_least(a, b) _mm512_min_epi32(a, b)
#define esp__ints_most(a, b) _mm512_max_epi32(a, b)
#define esp__bytes_most(a, b) _mm512_max_epi8(a, b)
#define esp__ints_left(v, bits) _mm512_sllv_epi32(v, bits)
#define esp__ints_right(v, bits) _mm512_srav_epi32(v, bits)

#ifdef __AVX512VNNI__
#define ESP_OFFSET 128
/* Written out, since some compilers copy the sum before and behind the intrinsic, and read w from
 * memory each time. */
ESP_INLINE esp__ints esp__dot(esp__ints sum, esp__ints x, esp__ints w) {
  __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(x), "v"(w));
  return sum;
}
#define esp__dot_signed(sum, x, w) esp__dot(sum, _mm512_xor_si512(x, _mm512_set1_epi8(-128)), w)
#else
#define ESP_OFFSET 0
/* No sum of two products leaves 16 bits: 2 * 127 * 127 < 2^15. */
ESP_INLINE esp__ints esp__dot(esp__ints sum, esp__ints x, esp__ints w) {
  const __m512i pairs = _mm512_maddubs_epi16(x, w);
  return _mm512_add_epi32(sum, _mm512_madd_epi16(pairs, _mm512_set1_epi16(1)));
}
ESP_INLINE esp__ints esp__dot_signed(esp__ints sum, esp__ints x, esp__ints w) {
  const __m512i turned = _mm512_mask_sub_epi8(w, _mm512_movepi8_mask(x), _mm512_setzero_si512(), w);
  return esp__dot(sum, _mm512_abs_epi8(x), turned);
}
#endif

ESP_INLINE esp__ints esp__ints_high(esp__ints a, esp__ints b) {
  const __m512i even = _mm512_mul_epi32(a, b),
                odd = _mm512_mul_epi32(_mm512_srli_epi64(a, 32), _mm512_srli_epi64(b, 32));
  return _mm512_mask_shuffle_epi32(odd, 0x5555, even, _MM_PERM_DDBB);
}
#define esp__pairs_times(a, b) _mm512_madd_epi16(a, b)

#define esp__ints_even(a, b) \
  _mm512_permutex2var_epi32( \
      a, _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30), b)
#define esp__ints_odd(a, b)  \
  _mm512_permutex2var_epi32( \
      a, _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31), b)
ESP_INLINE void esp__ints_store_some(uint32_t *to, esp__ints v, int count) {
  const int most = count < ESP_VECTOR ? count : ESP_VECTOR;
  _mm512_mask_storeu_epi32(to, (__mmask16)((1u << most) - 1), v);
}

#define esp__halves_of(a, b) _mm512_packs_epi32(a, b)
#define esp__halves_within(v, low, high) \
  _mm512_min_epi16(_mm512_max_epi16(v, _mm512_set1_epi16(low)), _mm512_set1_epi16(high))
#define esp__bytes_of(ab, cd) _mm512_packs_epi16(ab, cd)
#define esp__halves_low(v) _mm512_srai_epi16(_mm512_unpacklo_epi8(_mm512_setzero_si512(), v), 8)
#define esp__halves_high(v) _mm512_srai_epi16(_mm512_unpackhi_epi8(_mm512_setzero_si512(), v), 8)
#define esp__pairs_low(a, b) _mm512_unpacklo_epi16(a, b)
#define esp__twos_low(a, b) _mm512_unpacklo_epi8(a, b)
#define esp__twos_high(a, b) _mm512_unpackhi_epi8(a, b)
#define esp__bytes_across(v) _mm512_shuffle_epi8(v, _mm512_broadcast_i32x4(BYTES_ACROSS))
#define BYTES_ACROSS _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15)
#define esp__ints_four(p) \
  _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(const void *)(p)))
#define esp__pairs_high(a, b) _mm512_unpackhi_epi16(a, b)
ESP_INLINE void esp__parts_store(uint32_t *to, size_t step, esp__ints v) {
  _mm_storeu_si128((__m128i *)(void *)to, _mm512_castsi512_si128(v));
  _mm_storeu_si128((__m128i *)(void *)(to + step), _mm512_extracti32x4_epi32(v, 1));
  _mm_storeu_si128((__m128i *)(void *)(to + 2 * step), _mm512_extracti32x4_epi32(v, 2));
  _mm_storeu_si128((__m128i *)(void *)(to + 3 * step), _mm512_extracti32x4_epi32(v, 3));
}
ESP_INLINE esp__ints esp__parts_load(const uint32_t *from, size_t step) {
#define PART(i) _mm_loadu_si128((const __m128i *)(const void *)(from + (i)*step))
  const __m256i low = _mm256_inserti128_si256(_mm256_castsi128_si256(PART(0)), PART(1), 1),
                high = _mm256_inserti128_si256(_mm256_castsi128_si256(PART(2)), PART(3), 1);
#undef PART
  return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}
ESP_INLINE void esp__ints_times_floats(esp__ints v, const float *by, float *to) {
  _mm512_storeu_ps(to, _mm512_mul_ps(_mm512_cvtepi32_ps(v), _mm512_loadu_ps(by)));
}

#elif ESP_VECTOR == 8
#include <immintrin.h>
typedef __m256i esp__ints;
#define esp__ints_load(p) _mm256_loadu_si256((const __m256i *)(const void *)(p))
#define esp__ints_store(p, v) _mm256_storeu_si256((__m256i *)(void *)(p), v)
#define esp__ints_set(s) _mm256_set1_epi32(s)
#define esp__ints_add(a, b) _mm256_add_epi32(a, b)
#define esp__ints_or(a, b) _mm256_or_si256(a, b)
#define esp__ints_and(a, b) _mm256_and_si256(a, b)
#define esp__ints_xor(a, b) _mm256_xor_si256(a, b)
#define esp__ints_least(a, b) _mm256_min_epi32(a, b)
#define esp__ints_most(a, b) _mm256_max_epi32(a, b)
#define esp__bytes_most(a, b) _mm256_max_epi8(a, b)
#define esp__ints_left(v, bits) _mm256_sllv_epi32(v, bits)
#define esp__ints_right(v, bits) _mm256_srav_epi32(v, bits)

#ifdef __AVXVNNI__
#define ESP_OFFSET 128
ESP_INLINE esp__ints esp__dot(esp__ints sum, esp__ints x, esp__ints w) {
  __asm__("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sum) : "x"(x), "x"(w)); /* as above */
  return sum;
}
#define esp__dot_signed(sum, x, w) esp__dot(sum, _mm256_xor_si256(x, _mm256_set1_epi8(-128)), w)
#else
#define ESP_OFFSET 0
/* No sum of two products leaves 16 bits: 2 * 127 * 127 < 2^15. */
ESP_INLINE esp__ints esp__dot(esp__ints sum, esp__ints x, esp__ints w) {
  const __m256i pairs = _mm256_maddubs_epi16(x, w);
  return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}
#define esp__dot_signed(sum, x, w) esp__dot(sum, _mm256_abs_epi8(x), _mm256_sign_epi8(w, x))
#endif

ESP_INLINE esp__ints esp__ints_high(esp__ints a, esp__ints b) {
  const __m256i even = _mm256_mul_epi32(a, b),
                odd = _mm256_mul_epi32(_mm256_srli_epi64(a, 32), _mm256_srli_epi64(b, 32));
  return _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
}
#define esp__pairs_times(a, b) _mm256_madd_epi16(a, b)

#define esp__ints_even(a, b) _mm256_castps_si256(EVERY_SECOND(a, b, _MM_SHUFFLE(2, 0, 2, 0)))
#define esp__ints_odd(a, b) _mm256_castps_si256(EVERY_SECOND(a, b, _MM_SHUFFLE(3, 1, 3, 1)))
#define EVERY_SECOND(a, b, which)                                                                 \
  _mm256_castpd_ps(_mm256_permute4x64_pd(                                                         \
      _mm256_castps_pd(_mm256_shuffle_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b), which)), \
      _MM_SHUFFLE(3, 1, 2, 0)))
ESP_INLINE void esp__ints_store_some(uint32_t *to, esp__ints v, int count) {
  const esp__ints place = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  _mm256_maskstore_epi32((int *)(void *)to, _mm256_cmpgt_epi32(_mm256_set1_epi32(count), place), v);
}

#define esp__halves_of(a, b) _mm256_packs_epi32(a, b)
#define esp__halves_within(v, low, high) \
  _mm256_min_epi16(_mm256_max_epi16(v, _mm256_set1_epi16(low)), _mm256_set1_epi16(high))
#define esp__bytes_of(ab, cd) _mm256_packs_epi16(ab, cd)
#define esp__halves_low(v) _mm256_srai_epi16(_mm256_unpacklo_epi8(_mm256_setzero_si256(), v), 8)
#define esp__halves_high(v) _mm256_srai_epi16(_mm256_unpackhi_epi8(_mm256_setzero_si256(), v), 8)
#define esp__pairs_low(a, b) _mm256_unpacklo_epi16(a, b)
#define esp__twos_low(a, b) _mm256_unpacklo_epi8(a, b)
#define esp__twos_high(a, b) _mm256_unpackhi_epi8(a, b)
#define esp__bytes_across(v) _mm256_shuffle_epi8(v, _mm256_broadcastsi128_si256(BYTES_ACROSS))
#define BYTES_ACROSS _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15)
#define esp__ints_four(p) \
  _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)(p)))
#define esp__pairs_high(a, b) _mm256_unpackhi_epi16(a, b)
ESP_INLINE void esp__parts_store(uint32_t *to, size_t step, esp__ints v) {
  _mm_storeu_si128((__m128i *)(void *)to, _mm256_castsi256_si128(v));
  _mm_storeu_si128((__m128i *)(void *)(to + step), _mm256_extracti128_si256(v, 1));
}
ESP_INLINE esp__ints esp__parts_load(const uint32_t *from, size_t step) {
  const __m128i low = _mm_loadu_si128((const __m128i *)(const void *)from),
                high = _mm_loadu_si128((const __m128i *)(const void *)(from + step));
  return _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
}
ESP_INLINE void esp__ints_times_floats(esp__ints v, const float *by, float *to) {
  _mm256_storeu_ps(to, _mm256_mul_ps(_mm256_cvtepi32_ps(v), _mm256_loadu_ps(by)));
}

#elif ESP_VECTOR == 4
#include <arm_neon.h>
typedef int32x4_t esp__ints;
#define esp__ints_load(p) vreinterpretq_s32_s8(vld1q_s8((const int8_t *)(const void *)(p)))
#define esp__ints_store(p, v) vst1q_s8((int8_t *)(void *)(p), vreinterpretq_s8_s32(v))
#define esp__ints_set(s) vdupq_n_s32(s)
#define esp__ints_add(a, b) vaddq_s32(a, b)
#define esp__ints_or(a, b) vorrq_s32(a, b)
#define esp__ints_and(a, b) vandq_s32(a, b)
#define esp__ints_xor(a, b) veorq_s32(a, b)
#define esp__ints_least(a, b) vminq_s32(a, b)
#define esp__ints_most(a, b) vmaxq_s32(a, b)
#define esp__bytes_most(a, b) \
  vreinterpretq_s32_s8(vmaxq_s8(vreinterpretq_s8_s32(a), vreinterpretq_s8_s32(b)))
#define esp__ints_left(v, bits) vshlq_s32(v, bits)
#define esp__ints_right(v, bits) vshlq_s32(v, vnegq_s32(bits))

#define ESP_OFFSET 0
#ifdef __ARM_FEATURE_DOTPROD
#define esp__dot(sum, x, w) vdotq_s32(sum, vreinterpretq_s8_s32(x), vreinterpretq_s8_s32(w))
#else
ESP_INLINE esp__ints esp__dot(esp__ints sum, esp__ints x, esp__ints w) {
  const int8x16_t a = vreinterpretq_s8_s32(x), b = vreinterpretq_s8_s32(w);
  const int32x4_t low = vpaddlq_s16(vmull_s8(vget_low_s8(a), vget_low_s8(b))),
                  high = vpaddlq_s16(vmull_high_s8(a, b));
  return vaddq_s32(sum, vpaddq_s32(low, high));
}
#endif
#define esp__dot_signed(sum, x, w) esp__dot(sum, x, w)

ESP_INLINE esp__ints esp__ints_high(esp__ints a, esp__ints b) {
  const int64x2_t low = vmull_s32(vget_low_s32(a), vget_low_s32(b)), high = vmull_high_s32(a, b);
  return vuzp2q_s32(vreinterpretq_s32_s64(low), vreinterpretq_s32_s64(high));
}
ESP_INLINE esp__ints esp__pairs_times(esp__ints a, esp__ints b) {
  const int16x8_t x = vreinterpretq_s16_s32(a), y = vreinterpretq_s16_s32(b);
  return vpaddq_s32(vmull_s16(vget_low_s16(x), vget_low_s16(y)), vmull_high_s16(x, y));
}

#define esp__ints_even(a, b) vuzp1q_s32(a, b)
#define esp__ints_odd(a, b) vuzp2q_s32(a, b)
ESP_INLINE void esp__ints_store_some(uint32_t *to, esp__ints v, int count) {
  uint32_t all[ESP_VECTOR];
  esp__ints_store(all, v);
  for (int i = 0; i < ESP_VECTOR && i < count; i++) to[i] = all[i];
}

#define HALVES(v) vreinterpretq_s16_s32(v)
#define OF_HALVES(v) vreinterpretq_s32_s16(v)
#define esp__halves_of(a, b) OF_HALVES(vcombine_s16(vqmovn_s32(a), vqmovn_s32(b)))
#define esp__halves_within(v, low, high) \
  OF_HALVES(vminq_s16(vmaxq_s16(HALVES(v), vdupq_n_s16(low)), vdupq_n_s16(high)))
#define esp__bytes_of(ab, cd) \
  vreinterpretq_s32_s8(vcombine_s8(vqmovn_s16(HALVES(ab)), vqmovn_s16(HALVES(cd))))
#define esp__halves_low(v) OF_HALVES(vmovl_s8(vget_low_s8(vreinterpretq_s8_s32(v))))
#define esp__halves_high(v) OF_HALVES(vmovl_high_s8(vreinterpretq_s8_s32(v)))
#define esp__pairs_low(a, b) OF_HALVES(vzip1q_s16(HALVES(a), HALVES(b)))
#define esp__twos_low(a, b) \
  vreinterpretq_s32_s8(vzip1q_s8(vreinterpretq_s8_s32(a), vreinterpretq_s8_s32(b)))
#define esp__twos_high(a, b) \
  vreinterpretq_s32_s8(vzip2q_s8(vreinterpretq_s8_s32(a), vreinterpretq_s8_s32(b)))
ESP_INLINE esp__ints esp__bytes_across(esp__ints v) {
  static const uint8_t from[16] = {0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15};
  return vreinterpretq_s32_u8(vqtbl1q_u8(vreinterpretq_u8_s32(v), vld1q_u8(from)));
}
#define esp__ints_four(p) esp__ints_load(p)
#define esp__pairs_high(a, b) OF_HALVES(vzip2q_s16(HALVES(a), HALVES(b)))
#define esp__parts_store(to, step, v) ((void)(step), esp__ints_store(to, v))
#define esp__parts_load(from, step) ((void)(step), esp__ints_load(from))
ESP_INLINE void esp__ints_times_floats(esp__ints v, const float *by, float *to) {
  vst1q_f32(to, vmulq_f32(vcvtq_f32_s32(v), vld1q_f32(by)));
}

#elif ESP_VECTOR == 1
typedef int32_t esp__ints;
ESP_INLINE esp__ints esp__ints_load(const void *p) {
  esp__ints v;
  memcpy(&v, p, sizeof v);
  return v;
}
ESP_INLINE void esp__ints_store(void *p, esp__ints v) {
  memcpy(p, &v, sizeof v);
}
#define esp__ints_set(s) (s)
#define esp__ints_add(a, b) ((a) + (b))
#define esp__ints_or(a, b) ((a) | (b))
#define esp__ints_and(a, b) ((a) & (b))
#define esp__ints_xor(a, b) ((a) ^ (b))
#define esp__ints_least(a, b) ((a) < (b) ? (a) : (b))
#define esp__ints_most(a, b) ((a) > (b) ? (a) : (b))
#define esp__ints_left(v, bits) ((esp__ints)((uint32_t)(v) << (bits)))
#define esp__ints_right(v, bits) ((v) >> (bits))

#define ESP_OFFSET 0
ESP_INLINE esp__ints esp__dot(esp__ints sum, esp__ints x, esp__ints w) {
  int8_t a[4], b[4];
  memcpy(a, &x, sizeof a);
  memcpy(b, &w, sizeof b);
  for (int i = 0; i < 4; i++) sum += a[i] * b[i];
  return sum;
}
#define esp__dot_signed(sum, x, w) esp__dot(sum, x, w)

#define esp__ints_high(a, b) ((esp__ints)(((int64_t)(a) * (b)) >> 32))
#define esp__pairs_times(a, b) \
  ((int16_t)(a) * (int16_t)(b) + (int16_t)((a) >> 16) * (int16_t)((b) >> 16))
#define esp__ints_times_floats(v, by, to) (*(to) = (float)(v) * *(by))
#endif

#endif
