/* SHA-256 with four rounds a step, by the x86 instructions for it: Gulley et al., "Intel SHA
 * Extensions", 2013. They hold the eight words as two vectors, ABEF and CDGH. */
#include "base/sha256_blocks.h"

/* clang does not know the processor's feature by name before its version 18. */
#if defined __x86_64__ && !defined __clang__ && !defined ESP_SCALAR_ONLY
#include <immintrin.h>

#define SHA __attribute__((target("sha,sse4.1")))

bool esp__has_sha_instructions(void) {
  return __builtin_cpu_supports("sha") && __builtin_cpu_supports("sse4.1");
}

/* The 64 words of a block's schedule, four a vector, each with its round's constant added. */
SHA static void schedule(__m128i w[16], const uint8_t *block) {
  const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  for (int i = 0; i < 4; i++)
    w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)block + i), big_endian);
  for (int i = 4; i < 16; i++) {
    const __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(w[i - 4], w[i - 3]),
                                      _mm_alignr_epi8(w[i - 1], w[i - 2], 4));
    w[i] = _mm_sha256msg2_epu32(sum, w[i - 1]);
  }
  for (int i = 0; i < 16; i++)
    w[i] = _mm_add_epi32(w[i], _mm_loadu_si128((const __m128i *)esp__sha256_k + i));
}

SHA static void compress(__m128i *abef, __m128i *cdgh, const uint8_t *block) {
  __m128i w[16], low = *abef, high = *cdgh;
  schedule(w, block);
  for (int i = 0; i < 16; i++) {
    high = _mm_sha256rnds2_epu32(high, low, w[i]);
    low = _mm_sha256rnds2_epu32(low, high, _mm_shuffle_epi32(w[i], 0x0e));
  }
  *abef = _mm_add_epi32(*abef, low);
  *cdgh = _mm_add_epi32(*cdgh, high);
}

SHA void esp__sha256_x86(uint32_t H[8], const uint8_t *data, size_t blocks) {
  __m128i *half = (__m128i *)H;
  const __m128i cdab = _mm_shuffle_epi32(_mm_loadu_si128(half), 0xb1);
  const __m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128(half + 1), 0x1b);
  __m128i abef = _mm_alignr_epi8(cdab, efgh, 8), cdgh = _mm_blend_epi16(efgh, cdab, 0xf0);
  for (size_t i = 0; i < blocks; i++) compress(&abef, &cdgh, data + 64 * i);
  const __m128i feba = _mm_shuffle_epi32(abef, 0x1b), dchg = _mm_shuffle_epi32(cdgh, 0xb1);
  _mm_storeu_si128(half, _mm_blend_epi16(feba, dchg, 0xf0));
  _mm_storeu_si128(half + 1, _mm_alignr_epi8(dchg, feba, 8));
}

#else

bool esp__has_sha_instructions(void) {
  return false;
}

void esp__sha256_x86(uint32_t H[8], const uint8_t *data, size_t blocks) {
  esp__sha256_plain(H, data, blocks);
}

#endif
