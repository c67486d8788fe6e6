#include "prune/catalogue.h"

static const esp_option table[] = {
    {"tolerance", ESP_OPTION_REAL, offsetof(esp_feedback_options, tolerance), "0.01", 0, 1, NULL,
     "schedule feedback, espalier search: how much lower than the dense network's the validation "
     "accuracy may be; 0.01 = one point"},
    {"step", ESP_OPTION_REAL, offsetof(esp_feedback_options, step), "0.2", 1e-4, 1, NULL,
     "schedule feedback: what a round adds to the sparsity, "
     "until a network shows that it is too much"},
    {"least_step", ESP_OPTION_REAL, offsetof(esp_feedback_options, least_step), "0.01", 1e-4, 1,
     NULL,
     "schedule feedback: ends when the step is below it; espalier search: "
     "how near the sparsity is found"},
    {.name = NULL}};
const esp_method_keys esp_feedback_keys = {table, sizeof(esp_feedback_options), .after = "stall"};

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
static double sparsity(const esp_prune_options *opt, double t) {
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
    .sparsity = sparsity,
    .react = react,
    .first_step = first_step,
};
