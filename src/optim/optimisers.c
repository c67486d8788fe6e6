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

void esp_optimiser_move(const esp_optimiser_number *n, double gradient) {
  const esp__update u = {.opt = n->opt, .lr = n->lr, .scale = 1.0, .number = n->number};
  double momentum = (double)*n->momentum, second = (double)*n->second_moment;
  const double to =
      (double)*n->value - esp__optimiser_of(n->opt)->change(&u, gradient, &momentum, &second);
  if (!(fabs(to) < 1e9 && fabs(momentum) < 1e30 && fabs(second) < 1e30)) return;
  *n->momentum = (float)momentum;
  *n->second_moment = (float)second;
  *n->value = (float)to;
}
