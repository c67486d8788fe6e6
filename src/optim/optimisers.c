/* The table of optimisers, and what is asked of it. */
#include "optim/optimiser.h"

#include <math.h>
#include <string.h>

static const esp__optimiser *const optimisers[] = {&esp__optimiser_sgd, &esp__optimiser_adam,
                                                   &esp__optimiser_adamw, &esp__optimiser_rmsprop};
enum { OPTIMISERS = sizeof optimisers / sizeof *optimisers };

const esp__optimiser *esp__optimiser_at(size_t i) {
  return i < OPTIMISERS ? optimisers[i] : NULL;
}

const char *esp_optimiser_name(size_t i) {
  return i < OPTIMISERS ? optimisers[i]->name : NULL;
}

const char *esp_optimiser_help(size_t i) {
  return i < OPTIMISERS ? optimisers[i]->help : NULL;
}

const esp__optimiser *esp__optimiser_of(const esp_train_options *opt) {
  for (size_t i = 0; opt->optimiser && i < OPTIMISERS; i++)
    if (strcmp(optimisers[i]->name, opt->optimiser) == 0) return optimisers[i];
  return &esp__optimiser_sgd;
}

int esp_optimiser_moments(const esp_train_options *opt) {
  return esp__optimiser_of(opt)->second_moment ? 2 : 1;
}

esp_status esp_optimiser_open(esp_params *ps, const esp_train_options *opt, esp_error *err) {
  if (esp__optimiser_of(opt)->second_moment) ESP_TRY(esp_params_second_moments(ps, err));
  return opt->average > 0.0 ? esp_params_average(ps, err) : ESP_OK;
}

/* Up to ESP__NUMBERS numbers, from `first`. */
static void move_some(const esp__optimiser *o, const esp__update *u, const esp_optimiser_numbers *n,
                      size_t first, const double *gradient) {
  const size_t left = n->count - first;
  esp__numbers some = {.count = left < ESP__NUMBERS ? (int)left : ESP__NUMBERS};
  double change[ESP__NUMBERS];
  for (int i = 0; i < some.count; i++) {
    some.grad[i] = gradient[i];
    some.momentum[i] = (double)n->momentum[first + (size_t)i];
    some.second_moment[i] = (double)n->second_moment[first + (size_t)i];
  }
  o->change(u, &some, change);
  for (int i = 0; i < some.count; i++) {
    const size_t k = first + (size_t)i;
    const double to = (double)n->value[k] - change[i];
    const bool sane =
        fabs(to) < 1e9 && fabs(some.momentum[i]) < 1e30 && fabs(some.second_moment[i]) < 1e30;
    if (!sane) continue;
    n->momentum[k] = (float)some.momentum[i];
    n->second_moment[k] = (float)some.second_moment[i];
    n->value[k] = (float)to;
  }
}

void esp_optimiser_move(const esp_optimiser_numbers *n, const double *gradient) {
  const esp__update u = {.opt = n->opt, .lr = n->lr, .scale = 1.0, .number = n->number};
  const esp__optimiser *o = esp__optimiser_of(n->opt);
  for (size_t first = 0; first < n->count; first += ESP__NUMBERS)
    move_some(o, &u, n, first, gradient + first);
}
