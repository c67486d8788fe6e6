#include "prune/catalogue.h"

static const double slack = 1e-9; /* of a difference of two shares */

/* Each good round adds the step. A network that is nearly as bad as it may be halves it, one that
 * is worse does so too and gives way to the last good one: bisection, as soon as a step was too
 * far. */
static void react(const esp_prune_options *opt, esp_feedback_state *c, double asked, double drop) {
  c->back = drop > opt->tolerance + slack;
  if (!c->back) c->good = asked;
  if (2.0 * drop > opt->tolerance + slack) c->step *= 0.5;
  c->over = c->good >= opt->sparsity || c->step < opt->least_step;
}

/* If every round is good, and none makes it slow down. */
static double sparsity(const esp_prune_options *opt, double t) {
  const double gone = opt->step * t * (double)opt->rounds;
  return gone < opt->sparsity ? gone : opt->sparsity;
}

const esp_prune_schedule esp__prune_schedule_feedback = {
    .name = "feedback",
    .help =
        "in rounds that look at the validation accuracy: goes on, takes smaller steps, "
        "or steps back to the last good network, "
        "until the step is small or the sparsity is reached",
    .sparsity = sparsity,
    .react = react,
};
