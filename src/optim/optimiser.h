/* An optimiser: one entry in the table of optimisers.c. */
#ifndef ESP_OPTIM_OPTIMISER_H
#define ESP_OPTIM_OPTIMISER_H

#include "base/mathx.h"
#include "kernels/kernels.h"

#include <espalier/optim.h>

/* A step as it is for one parameter. */
typedef struct esp__update {
  const esp_train_options *opt;
  double lr, decay;
  double scale;   /* of its gradients */
  int64_t number; /* of the step since the moments were 0, from 1 */
} esp__update;

/* The same in the numbers of a kernel. */
typedef union esp__rule {
  esp__sgd sgd;
  esp__adam adam;
  esp__rmsprop rmsprop;
} esp__rule;

/* What a kernel is given of neighbouring weights of a parameter. */
typedef struct esp__weights {
  size_t count;
  const float *grad;
  const uint8_t *keep; /* NULL: dense */
  float *value, *momentum, *second_moment;
} esp__weights;

enum { ESP__NUMBERS = 16 };
/* What is learned beside the parameters, a block of up to ESP__NUMBERS numbers. */
typedef struct esp__numbers {
  int count;
  double grad[ESP__NUMBERS], momentum[ESP__NUMBERS], second_moment[ESP__NUMBERS];
} esp__numbers;

typedef struct esp__optimiser {
  const char *name, *help;
  bool second_moment;  /* keeps one */
  const char *keys[4]; /* of [train], that not all optimisers read; NULL after the last */
  esp__rule (*rule)(const esp__update *u);
  void (*apply)(const esp__kernels *k, const esp__rule *rule, const esp__weights *w);
  /* Moves the moments of numbers; out[count] = what is subtracted from each. */
  void (*change)(const esp__update *u, esp__numbers *n, double *out);
} esp__optimiser;

extern const esp__optimiser esp__optimiser_sgd, esp__optimiser_adam, esp__optimiser_adamw,
    esp__optimiser_rmsprop;

const esp__optimiser *esp__optimiser_at(size_t i); /* NULL after the last */
/* The one that opt->optimiser names; SGD where it names none. */
const esp__optimiser *esp__optimiser_of(const esp_train_options *opt);

#endif
