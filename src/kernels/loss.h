/* Losses of one block of 16 images, with their gradient. */
#ifndef ESP_KERNELS_LOSS_H
#define ESP_KERNELS_LOSS_H

#include <stddef.h>
#include <stdint.h>

typedef struct esp__loss_block {
  const float *logits; /* [classes][16] */
  float *grad; /* [classes][16] or NULL: d (loss * scale) / d logits; 0 for padding images */
  const int32_t *labels; /* [valid] */
  int classes, valid;
  float smoothing, scale;
  float loss[16]; /* out, of each valid image; not scaled */
} esp__loss_block;

/* -sum over classes of target * log softmax(logits); target = 1 - smoothing on the label plus
 * smoothing / classes on all */
typedef void esp__cross_entropy_fn(esp__loss_block *k);
/* mean over classes of (logit - target)^2 */
typedef void esp__mean_squared_fn(esp__loss_block *k);

/* What a teacher says of the same images. */
typedef struct esp__distill_target {
  const float *logits;      /* [classes][16] */
  float share, temperature; /* a and T below */
} esp__distill_target;
/* Distillation (Hinton et al. 2015), after a loss: loss becomes (1 - a) loss + a T^2 KL(teacher ||
 * own), of softmax(logits / T) both, and the gradient follows. */
typedef void esp__distill_fn(esp__loss_block *k, const esp__distill_target *target);
/* In place of a loss, without labels: mean over classes of (logit - what is wanted)^2; wanted
 * [classes][16], real-valued targets or a teacher's logits. */
typedef void esp__match_numbers_fn(esp__loss_block *k, const float *wanted);

#endif
