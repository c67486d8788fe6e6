/* Random numbers that have no state.
 *
 * A number is a function of a key and an index. Keys are derived from the seed of the run by naming
 * what they are for (a stream, then an epoch, a layer, an image). So nothing has to be saved to
 * resume a run, and the order in which threads ask changes nothing. The mixer is SplitMix64's
 * finaliser (Steele, Lea, Flood 2014), applied to key + index * golden ratio. */
#ifndef ESP_RANDOM_H
#define ESP_RANDOM_H

#include <espalier/linkage.h>

#include <stddef.h>
#include <stdint.h>

ESP_BEGIN_DECLS

typedef uint64_t esp_key;

/* One stream per purpose: adding draws to one never changes another. */
enum esp_stream {
  ESP_STREAM_INIT = 1, /* weights */
  ESP_STREAM_SPLIT,    /* training / validation split */
  ESP_STREAM_SHUFFLE,  /* order of the images in an epoch */
  ESP_STREAM_AUGMENT,  /* crop, flip, cutout */
  ESP_STREAM_DROPOUT,
  ESP_STREAM_PRUNE,   /* random scores, random regrowth */
  ESP_STREAM_SHAPES,  /* the procedural data set */
  ESP_STREAM_SWEEP,   /* which combinations of a grid are tried */
  ESP_STREAM_GATES,   /* noise of gates and weights whose noise is trained */
  ESP_STREAM_SUBSET,  /* which images of a set are used */
  ESP_STREAM_COMPRESS /* where k-means begins */
};

/* The key for `what` below `key`: esp_key_of(esp_key_of(seed, ESP_STREAM_SHUFFLE), epoch). */
esp_key esp_key_of(esp_key key, uint64_t what);

/* 64 uniform bits. */
uint64_t esp_random(esp_key key, uint64_t index);

/* Uniform in [0, n), without modulo bias worth naming (multiply-shift; n < 2^32). */
uint32_t esp_random_below(esp_key key, uint64_t index, uint32_t n);

/* Uniform in [0, 1), 24 bits. */
float esp_random_uniform(esp_key key, uint64_t index);

/* Standard normal (Box and Muller 1958), from our own log and cos so that every machine gets one
 * value. */
double esp_random_normal(esp_key key, uint64_t index);

/* Those of the indices 0 to count - 1, times `deviation`, each rounded to a float; several times as
 * fast as one by one. */
void esp_random_normals(esp_key key, double deviation, float *out, size_t count);

/* Fills order[0..n) with a permutation of 0..n-1 (Fisher and Yates), n < 2^32. */
void esp_random_permutation(esp_key key, uint32_t *order, uint32_t n);

ESP_END_DECLS

#endif
