/* Optimisers that respect masks, and learning-rate schedules. */
#ifndef ESP_OPTIM_H
#define ESP_OPTIM_H

#include <espalier/linkage.h>
#include <espalier/option.h>
#include <espalier/param.h>

#include <stdbool.h>
#include <stdint.h>

ESP_BEGIN_DECLS

/* [train] */
typedef struct esp_train_options {
  int64_t epochs, batch;
  int64_t parts;   /* that a batch is cut into: as many processes may share it */
  char *optimiser; /* sgd | adam | adamw | rmsprop; NULL = sgd */
  double lr, momentum, weight_decay;
  double beta1, beta2; /* adam, adamw: share of what was in the moments */
  double alpha;        /* rmsprop: the same of its mean square */
  double epsilon;      /* added to a root before it divides */
  bool nesterov;
  bool decay_all; /* weight decay on biases and batch norm too */
  char *schedule; /* constant | step | multi-step | cosine | one-cycle | polynomial */
  double warmup_epochs;
  int64_t step_epochs;          /* step: epochs between drops */
  esp_numbers milestones;       /* multi-step: epochs at which the rate drops */
  double gamma;                 /* step, multi-step: factor of a drop */
  double power;                 /* polynomial */
  double final_lr;              /* cosine, polynomial, one-cycle: rate at the end */
  double clip_norm, clip_value; /* 0 = off */
  double label_smoothing;
  char *loss;     /* cross-entropy | mse */
  double average; /* decay of the moving average of weights per step; 0 = off */
  char *sparse;   /* auto | on | off */
} esp_train_options;
extern const esp_option esp_train_option_table[];

/* The optimisers, an entry each in the table of src/optim/optimisers.c; NULL after the last. */
const char *esp_optimiser_name(size_t i);
const char *esp_optimiser_help(size_t i);

/* Fails if a key that only other optimisers read has another value than its default. */
esp_status esp_optimiser_check(const esp_train_options *opt, esp_error *err);
/* Numbers that it keeps of each weight: 1 or 2. */
int esp_optimiser_moments(const esp_train_options *opt);

/* A learning-rate schedule: the rate `epoch` epochs (fractional) after the warm-up, of `epochs`.
 * One entry in the table of src/optim/schedule.c. */
typedef struct esp_lr_schedule {
  const char *name, *help;
  double (*rate)(const esp_train_options *opt, double epoch, double epochs);
} esp_lr_schedule;
const esp_lr_schedule *esp_lr_schedule_at(size_t i); /* NULL after the last */

/* The learning rate at `epoch` (fractional, 0 <= epoch <= epochs) of a phase of `epochs` epochs
 * whose peak rate is opt->lr. The warm-up rises linearly from 0 over warmup_epochs and the schedule
 * runs over what is left. */
double esp_learning_rate(const esp_train_options *opt, double epoch, double epochs);

/* Puts the sum of the gradients of all weights that share a value in the place of each of them (Han
 * et al. 2016, section 3.3), so that weights that are equal stay equal, and momentum, decay and
 * averages are those of the shared value. Pruned weights take no part. Nothing where none is
 * shared. */
void esp_share_gradients(esp_params *ps);

/* Makes the values the nearest integers times their steps, within p->levels: of the fine weights,
 * or of the values where there are none. Only for a parameter with steps. */
void esp_round_weights(esp_param *p);

/* Fills the gradients of steps that are learned from those of the weights, and takes the gradient
 * from weights beyond the range of their integers (learned step size quantisation, Esser et al.
 * 2020, with the gradient scale of section 2.2). Nothing where none is learned. */
void esp_scale_gradients(esp_params *ps);
/* A scale that was above 0 and is not any more becomes a tiny one. */
void esp_keep_scale_positive(esp_param *p);

/* The Euclidean norm of all gradients that reach a weight (pruned ones do not), in double and in
 * one fixed order. */
double esp_gradient_norm(const esp_params *ps);

/* Gives every parameter that moves what a step keeps of it beside the momentum: a second moment, of
 * 0 where it is new, and a moving average, a copy of its value, if opt->average > 0. */
esp_status esp_optimiser_open(esp_params *ps, const esp_train_options *opt, esp_error *err);

/* One step of the optimiser on every training parameter. Gradients are first scaled so that their
 * norm is at most clip_norm, then clipped to +- clip_value. With t the steps since
 * esp_params_clear_momentum, this one included, and g = grad + decay * w (adamw: g = grad):
 *
 *     sgd      v = momentum * v + g;  w -= lr * (nesterov ? g + momentum * v : v)
 *     adam     m = beta1 * m + (1 - beta1) * g;  v = beta2 * v + (1 - beta2) * g^2
 *              w -= lr * m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon)
 *     adamw    the same, and before it w -= lr * decay * w
 *     rmsprop  v = alpha * v + (1 - alpha) * g^2;  m = momentum * m + g / (sqrt(v) + epsilon)
 *              w -= lr * m
 *
 * as torch has them. Weights outside the mask and their moments stay exactly 0. With a shadow the
 * step moves the shadow, dense, and value becomes shadow * mask. Moving averages follow. Of a
 * reparametrised parameter only the shadow moves, without decay. All but sgd want
 * esp_optimiser_open before. */
void esp_optimiser_step(esp_params *ps, const esp_train_options *opt, double lr);

/* Numbers that are learned beside the parameters, and what is kept of each, at first 0. */
typedef struct esp_optimiser_numbers {
  const esp_train_options *opt;
  double lr;
  int64_t number; /* t above */
  size_t count;
  float *value, *momentum, *second_moment; /* [count] */
} esp_optimiser_numbers;
/* One step of the optimiser on each, along gradient[count], in double, without decay, clipping and
 * Nesterov's form. One that would end beyond +- 1e9, or comes from a gradient that is not finite,
 * stays as it is. */
void esp_optimiser_move(const esp_optimiser_numbers *n, const double *gradient);

/* The moving average of a parameter that has one takes in its value:
 * average = decay * average + (1 - decay) * value, and exactly 0 outside the mask. A part of
 * esp_optimiser_step, for reparametrised parameters. */
void esp_average_step(esp_param *p, double decay);

ESP_END_DECLS

#endif
