/* One SIMD vector per instruction set, one definition each.
 *
 * The kernels' templates are compiled once per instruction set with ESP_VECTOR set to the floats of
 * a vector; a lane of 16 images is ESP_LANES / ESP_VECTOR of them. Only operations that IEEE 754
 * defines to the bit are here, so every set returns the same bits: load, store, add, subtract,
 * multiply, fused multiply-add (load and store at any address end with _any), choices:
 *     esp__vec_positive(y, v)    v where y > 0, else +0
 *     esp__vec_larger(a, b)      a where a > b, else b
 *     esp__vec_smaller(a, b)     a where a < b, else b
 *     esp__vec_equal(a, b, v)    v where a = b, else +0
 *     esp__vec_unequal(a, b, v)  +0 where a = b, else v
 *     esp__vec_if_less(a, b, v, w)   v where a < b, else w
 *     esp__vec_if_equal(a, b, v, w)  v where a = b, else w
 * and quotients; 2^n for whole n of -126 to 127 (esp__vec_power_of_two); every second number of a
 * and then of b, from the first (even) or second (odd)
 * on; esp__vec_permute(v, places) has at lane i that of v at places[i], which esp__vec_places(p)
 * loads from int32_t at any address. */
#ifndef ESP_KERNELS_SIMD_H
#define ESP_KERNELS_SIMD_H

#if ESP_VECTOR == 16
#include <immintrin.h>
typedef __m512 esp__vec;
#define esp__vec_load(p) _mm512_load_ps(p)
#define esp__vec_store(p, v) _mm512_store_ps(p, v)
#define esp__vec_load_any(p) _mm512_loadu_ps(p)
#define esp__vec_store_any(p, v) _mm512_storeu_ps(p, v)
#define esp__vec_set(s) _mm512_set1_ps(s)
#define esp__vec_add(a, b) _mm512_add_ps(a, b)
#define esp__vec_sub(a, b) _mm512_sub_ps(a, b)
#define esp__vec_mul(a, b) _mm512_mul_ps(a, b)
#define esp__vec_fma(a, b, c) _mm512_fmadd_ps(a, b, c)
#define esp__vec_positive(y, v) \
  _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(y, _mm512_setzero_ps(), _CMP_GT_OQ), v)
#define esp__vec_div(a, b) _mm512_div_ps(a, b)
#define esp__vec_larger(a, b) _mm512_max_ps(a, b)
#define esp__vec_smaller(a, b) _mm512_min_ps(a, b)
#define esp__vec_if_less(a, b, v, w) \
  _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), w, v)
#define esp__vec_if_equal(a, b, v, w) \
  _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ), w, v)
#define esp__vec_power_of_two(n) \
  _mm512_castsi512_ps(           \
      _mm512_slli_epi32(_mm512_add_epi32(_mm512_cvttps_epi32(n), _mm512_set1_epi32(127)), 23))
#define esp__vec_equal(a, b, v) _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ), v)
#define esp__vec_unequal(a, b, v) _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(a, b, _CMP_NEQ_UQ), v)
#define esp__vec_even(a, b) \
  _mm512_permutex2var_ps(   \
      a, _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30), b)
#define esp__vec_odd(a, b) \
  _mm512_permutex2var_ps(  \
      a, _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31), b)
typedef __m512i esp__places;
#define esp__vec_places(p) _mm512_loadu_si512(p)
#define esp__vec_permute(v, places) _mm512_permutexvar_ps(places, v)
#elif ESP_VECTOR == 8
#include <immintrin.h>
typedef __m256 esp__vec;
#define esp__vec_load(p) _mm256_load_ps(p)
#define esp__vec_store(p, v) _mm256_store_ps(p, v)
#define esp__vec_load_any(p) _mm256_loadu_ps(p)
#define esp__vec_store_any(p, v) _mm256_storeu_ps(p, v)
#define esp__vec_set(s) _mm256_set1_ps(s)
#define esp__vec_add(a, b) _mm256_add_ps(a, b)
#define esp__vec_sub(a, b) _mm256_sub_ps(a, b)
#define esp__vec_mul(a, b) _mm256_mul_ps(a, b)
#define esp__vec_fma(a, b, c) _mm256_fmadd_ps(a, b, c)
#define esp__vec_positive(y, v) _mm256_and_ps(_mm256_cmp_ps(y, _mm256_setzero_ps(), _CMP_GT_OQ), v)
#define esp__vec_div(a, b) _mm256_div_ps(a, b)
#define esp__vec_larger(a, b) _mm256_max_ps(a, b)
#define esp__vec_smaller(a, b) _mm256_min_ps(a, b)
#define esp__vec_if_less(a, b, v, w) _mm256_blendv_ps(w, v, _mm256_cmp_ps(a, b, _CMP_LT_OQ))
#define esp__vec_if_equal(a, b, v, w) _mm256_blendv_ps(w, v, _mm256_cmp_ps(a, b, _CMP_EQ_OQ))
#define esp__vec_power_of_two(n) \
  _mm256_castsi256_ps(           \
      _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvttps_epi32(n), _mm256_set1_epi32(127)), 23))
#define esp__vec_equal(a, b, v) _mm256_and_ps(_mm256_cmp_ps(a, b, _CMP_EQ_OQ), v)
#define esp__vec_unequal(a, b, v) _mm256_and_ps(_mm256_cmp_ps(a, b, _CMP_NEQ_UQ), v)
#define esp__vec_pairs(p) \
  _mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(p), _MM_SHUFFLE(3, 1, 2, 0)))
#define esp__vec_even(a, b) esp__vec_pairs(_mm256_shuffle_ps(a, b, _MM_SHUFFLE(2, 0, 2, 0)))
#define esp__vec_odd(a, b) esp__vec_pairs(_mm256_shuffle_ps(a, b, _MM_SHUFFLE(3, 1, 3, 1)))
typedef __m256i esp__places;
#define esp__vec_places(p) _mm256_loadu_si256((const __m256i *)(const void *)(p))
#define esp__vec_permute(v, places) _mm256_permutevar8x32_ps(v, places)
#elif ESP_VECTOR == 4
#include <arm_neon.h>
typedef float32x4_t esp__vec;
#define esp__vec_load(p) vld1q_f32(p)
#define esp__vec_store(p, v) vst1q_f32(p, v)
#define esp__vec_load_any(p) vld1q_f32(p)
#define esp__vec_store_any(p, v) vst1q_f32(p, v)
#define esp__vec_set(s) vdupq_n_f32(s)
#define esp__vec_add(a, b) vaddq_f32(a, b)
#define esp__vec_sub(a, b) vsubq_f32(a, b)
#define esp__vec_mul(a, b) vmulq_f32(a, b)
#define esp__vec_fma(a, b, c) vfmaq_f32(c, a, b)
#define esp__vec_positive(y, v) \
  vreinterpretq_f32_u32(vandq_u32(vcgtq_f32(y, vdupq_n_f32(0.0f)), vreinterpretq_u32_f32(v)))
#define esp__vec_div(a, b) vdivq_f32(a, b)
#define esp__vec_larger(a, b) vbslq_f32(vcgtq_f32(a, b), a, b)
#define esp__vec_smaller(a, b) vbslq_f32(vcltq_f32(a, b), a, b)
#define esp__vec_if_less(a, b, v, w) vbslq_f32(vcltq_f32(a, b), v, w)
#define esp__vec_if_equal(a, b, v, w) vbslq_f32(vceqq_f32(a, b), v, w)
#define esp__vec_power_of_two(n) \
  vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(vcvtq_s32_f32(n), vdupq_n_s32(127)), 23))
#define esp__vec_equal(a, b, v) \
  vreinterpretq_f32_u32(vandq_u32(vceqq_f32(a, b), vreinterpretq_u32_f32(v)))
#define esp__vec_unequal(a, b, v) \
  vreinterpretq_f32_u32(vbicq_u32(vreinterpretq_u32_f32(v), vceqq_f32(a, b)))
#define esp__vec_even(a, b) vuzp1q_f32(a, b)
#define esp__vec_odd(a, b) vuzp2q_f32(a, b)
typedef uint8x16_t esp__places;
#define esp__vec_places(p) \
  vreinterpretq_u8_s32(vmlaq_n_s32(vdupq_n_s32(0x03020100), vld1q_s32(p), 0x04040404))
#define esp__vec_permute(v, places) \
  vreinterpretq_f32_u8(vqtbl1q_u8(vreinterpretq_u8_f32(v), places))
#elif ESP_VECTOR == 1
#include <math.h>
typedef float esp__vec;
#define esp__vec_load(p) (*(p))
#define esp__vec_store(p, v) (*(p) = (v))
#define esp__vec_load_any(p) (*(p))
#define esp__vec_store_any(p, v) (*(p) = (v))
#define esp__vec_set(s) (s)
#define esp__vec_add(a, b) ((a) + (b))
#define esp__vec_sub(a, b) ((a) - (b))
#define esp__vec_mul(a, b) ((a) * (b))
#define esp__vec_fma(a, b, c) fmaf(a, b, c)
#define esp__vec_positive(y, v) ((y) > 0.0f ? (v) : 0.0f)
#define esp__vec_div(a, b) ((a) / (b))
#define esp__vec_larger(a, b) ((a) > (b) ? (a) : (b))
#define esp__vec_smaller(a, b) ((a) < (b) ? (a) : (b))
#define esp__vec_if_less(a, b, v, w) ((a) < (b) ? (v) : (w))
#define esp__vec_if_equal(a, b, v, w) ((a) == (b) ? (v) : (w))
#define esp__vec_equal(a, b, v) ((a) == (b) ? (v) : 0.0f)
#define esp__vec_unequal(a, b, v) ((a) == (b) ? 0.0f : (v))
#define esp__vec_even(a, b) ((void)(b), (a))
#define esp__vec_odd(a, b) ((void)(a), (b))
typedef int esp__places;
#define esp__vec_places(p) (*(p))
#define esp__vec_permute(v, places) ((void)(places), (v))
#else
#error "ESP_VECTOR must be 16 (AVX-512), 8 (AVX2), 4 (NEON) or 1 (scalar)"
#endif

#endif
