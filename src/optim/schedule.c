/* Learning-rate schedules: each gives the rate `t` epochs after the warm-up, of `total`. */
#include "base/mathx.h"

#include <espalier/optim.h>

#include <string.h>

static const double pi = 3.14159265358979323846;

static double constant(const esp_train_options *o, double t, double total) {
  (void)t, (void)total;
  return o->lr;
}

static double drops(const esp_train_options *o, int64_t count) {
  double rate = o->lr;
  for (int64_t i = 0; i < count; i++) rate *= o->gamma;
  return rate;
}

static double step(const esp_train_options *o, double t, double total) {
  (void)total;
  return drops(o, (int64_t)((t + o->warmup_epochs) / (double)o->step_epochs));
}

static double multi_step(const esp_train_options *o, double t, double total) {
  (void)total;
  int64_t passed = 0;
  for (int i = 0; i < o->milestones.count; i++)
    passed += t + o->warmup_epochs >= o->milestones.value[i];
  return drops(o, passed);
}

static double cosine(const esp_train_options *o, double t, double total) {
  return o->final_lr + (o->lr - o->final_lr) * 0.5 * (1.0 + esp__cos(pi * t / total));
}

static double polynomial(const esp_train_options *o, double t, double total) {
  return o->final_lr + (o->lr - o->final_lr) * esp__pow(1.0 - t / total, o->power);
}

/* Up along a cosine from lr / 25 for 30 % of the way, then down along one to final_lr. */
static double one_cycle(const esp_train_options *o, double t, double total) {
  const double up = 0.3 * total, low = o->lr / 25.0;
  if (t < up) return low + (o->lr - low) * 0.5 * (1.0 - esp__cos(pi * t / up));
  return o->final_lr + (o->lr - o->final_lr) * 0.5 * (1.0 + esp__cos(pi * (t - up) / (total - up)));
}

static const esp_lr_schedule schedules[] = {
    {"constant", "the same rate throughout", constant},
    {"step", "times gamma every step_epochs epochs", step},
    {"multi-step", "times gamma at each of the milestones", multi_step},
    {"cosine", "half a cosine from lr to final_lr (Loshchilov & Hutter 2017)", cosine},
    {"one-cycle", "up from lr / 25 to lr, then down to final_lr (Smith & Topin 2018)", one_cycle},
    {"polynomial", "(1 - t)^power from lr to final_lr", polynomial},
};

const esp_lr_schedule *esp_lr_schedule_at(size_t i) {
  return i < sizeof schedules / sizeof *schedules ? &schedules[i] : NULL;
}

static const esp_lr_schedule *named(const char *name) {
  for (size_t i = 0; i < sizeof schedules / sizeof *schedules; i++)
    if (strcmp(schedules[i].name, name) == 0) return &schedules[i];
  return &schedules[0]; /* the config has checked the name */
}

double esp_learning_rate(const esp_train_options *opt, double epoch, double epochs) {
  const double warmup = opt->warmup_epochs < epochs ? opt->warmup_epochs : epochs;
  if (epoch < warmup) return opt->lr * epoch / warmup;
  const double total = epochs - warmup, t = total > 0.0 ? epoch - warmup : 0.0;
  const esp_lr_schedule *s = named(opt->schedule);
  return s->rate(opt, t, total > 0.0 ? total : 1.0);
}
