/* An exported network as tests call it. LOWER and UPPER are what its names begin with, HEADER is
 * its header; SOUNDS or ROWS says that it takes those in the place of images, and FEATURE_AT(t, b)
 * where the feature of a frame and band stands. */
#include HEADER

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define SIZE(what) JOIN(UPPER, what)

#ifdef SOUNDS

typedef int16_t given;
enum { GIVEN = SIZE(_SAMPLES), ANSWERS = SIZE(_LOGITS) };

static void answer(const given *samples, float *answers) {
  static float features[SIZE(_FRAMES) * SIZE(_BANDS)];
  float frame[SIZE(_BANDS)];
  for (int t = 0; t < SIZE(_FRAMES); t++) {
    JOIN(LOWER, _hear)(samples + t * SIZE(_HOP), frame);
    for (int b = 0; b < SIZE(_BANDS); b++) features[FEATURE_AT(t, b)] = frame[b];
  }
  JOIN(LOWER, _run)(features, answers);
}

#else

#ifdef ROWS
typedef float given;
enum { GIVEN = SIZE(_CHANNELS), ANSWERS = SIZE(_TARGETS) };
#else
typedef unsigned char given;
enum { GIVEN = SIZE(_HEIGHT) * SIZE(_WIDTH) * SIZE(_CHANNELS), ANSWERS = SIZE(_LOGITS) };
#endif

static void answer(const given *example, float *answers) {
  JOIN(LOWER, _run)(example, answers);
}

#endif
