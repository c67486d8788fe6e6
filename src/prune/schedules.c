/* The schedules: how much is gone at t in [0, 1]. */
#include "prune/catalogue.h"

#include "base/mathx.h"

#include <math.h>

/* ---- one-shot ---- */

static double at_once(const esp_prune_options *opt, double t) {
  (void)t;
  return opt->sparsity;
}

static double whole(double t) {
  (void)t;
  return 1.0;
}

const esp_prune_schedule esp__prune_schedule_one_shot = {
    .name = "one-shot",
    .help = "all at once, after the dense training",
    .sparsity = at_once,
    .ramp = whole,
};

/* ---- iterative ---- */

/* Every round removes the same share of what remains: density = (1 - s)^t. */
static double same_share(const esp_prune_options *opt, double t) {
  return t >= 1.0 || opt->sparsity >= 1.0 ? opt->sparsity : 1.0 - esp__pow(1.0 - opt->sparsity, t);
}

const esp_prune_schedule esp__prune_schedule_iterative = {
    .name = "iterative",
    .help =
        "in rounds, each removing the same share of what remains, "
        "with retraining between (Han et al. 2015)",
    .sparsity = same_share,
    .ramp = whole, /* what training has moved below the threshold goes in the next round */
};

const esp_prune_schedule esp__prune_schedule_exponential = {
    .name = "exponential",
    .help = "gradually during training, each change removing the same share of what remains",
    .in_training = true,
    .sparsity = same_share,
};

/* ---- cubic ---- */

/* 1 - (1 - t)^3 */
static double cubic_ramp(double t) {
  const double left = 1.0 - t;
  return 1.0 - left * left * left;
}

static double cubic(const esp_prune_options *opt, double t) {
  return opt->sparsity * cubic_ramp(t);
}

const esp_prune_schedule esp__prune_schedule_cubic = {
    .name = "cubic",
    .help =
        "gradually during training, fast at first: automated gradual pruning (Zhu & Gupta 2017)",
    .in_training = true,
    .sparsity = cubic,
    .ramp = cubic_ramp,
};

/* ---- linear ---- */

static double linear_ramp(double t) {
  return t;
}

static double linear(const esp_prune_options *opt, double t) {
  return opt->sparsity * t;
}

const esp_prune_schedule esp__prune_schedule_linear = {
    .name = "linear",
    .help = "gradually during training, the same number at every change",
    .in_training = true,
    .sparsity = linear,
    .ramp = linear_ramp,
};

/* ---- list ---- */

static const esp_option list_table[] = {
    {"sparsities", ESP_OPTION_NUMBERS, offsetof(esp_list_options, sparsities), "", 0, 1, NULL,
     "schedule list: the sparsity of each round; the last is that of the key sparsity"},
    {.name = NULL}};
const esp_method_keys esp_list_keys = {list_table, sizeof(esp_list_options), .after = "sparsity"};

/* Of n listed sparsities the k-th, where t lies in ((k - 1) / n, k / n]; nothing at the very
 * beginning. */
static double listed(const esp_prune_options *opt, double t) {
  const esp_list_options *o = esp_list_options_of(opt);
  const int k = (int)ceil(t * o->sparsities.count - 1e-9);
  return k < 1 ? 0.0 : o->sparsities.value[k - 1];
}

const esp_prune_schedule esp__prune_schedule_list = {
    .name = "list",
    .help =
        "in rounds, to the sparsities that the key sparsities lists, the last of which is sparsity",
    .keys = {&esp_list_keys},
    .listed = true,
    .sparsity = listed,
};

/* ---- feedback ---- */

static const esp_option feedback_table[] = {
    {"tolerance", ESP_OPTION_REAL, offsetof(esp_feedback_options, tolerance), "0.01", 0, 1, NULL,
     "schedule feedback, espalier search: how much lower than the dense network's the validation "
     "accuracy, or R^2, may be; 0.01 = one point"},
    {"step", ESP_OPTION_REAL, offsetof(esp_feedback_options, step), "0.2", 1e-4, 1, NULL,
     "schedule feedback: what a round adds to the sparsity, "
     "until a network shows that it is too much"},
    {"least_step", ESP_OPTION_REAL, offsetof(esp_feedback_options, least_step), "0.01", 1e-4, 1,
     NULL,
     "schedule feedback: ends when the step is below it; espalier search: "
     "how near the sparsity is found"},
    {.name = NULL}};
const esp_method_keys esp_feedback_keys = {feedback_table, sizeof(esp_feedback_options),
                                           .after = "stall"};

static const double slack = 1e-9; /* of a difference of two shares */

/* Each good round adds the step. A network that is nearly as bad as it may be halves it, one that
 * is worse does so too and gives way to the last good one: bisection, as soon as a step was too
 * far. */
static void react(const esp_prune_options *opt, esp_feedback_state *c, double asked, double drop) {
  const esp_feedback_options *o = esp_feedback_options_of(opt);
  c->back = drop > o->tolerance + slack;
  if (!c->back) c->good = asked;
  if (2.0 * drop > o->tolerance + slack) c->step *= 0.5;
  c->over = c->good >= opt->sparsity || c->step < o->least_step;
}

static double first_step(const esp_prune_options *opt) {
  return esp_feedback_options_of(opt)->step;
}

/* If every round is good, and none makes it slow down. */
static double as_if_all_good(const esp_prune_options *opt, double t) {
  const double gone = first_step(opt) * t * (double)opt->rounds;
  return gone < opt->sparsity ? gone : opt->sparsity;
}

const esp_prune_schedule esp__prune_schedule_feedback = {
    .name = "feedback",
    .help =
        "in rounds that look at the validation accuracy: goes on, takes smaller steps, "
        "or steps back to the last good network, "
        "until the step is small or the sparsity is reached",
    .keys = {&esp_feedback_keys},
    .sparsity = as_if_all_good,
    .react = react,
    .first_step = first_step,
};
