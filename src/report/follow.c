/* A page that is written again and again while runs go on. */
#include "base/clock.h"
#include "report/once.h"

#include <espalier/report.h>

#include <math.h>
#include <time.h>

static const double at_least = 5.0;    /* seconds between two pages */
static const double share = 10.0;      /* and so many times what one takes to be made */
static const double quiet_most = 30.0; /* of waiting for runs that nobody works on */

static bool is_stopped(const volatile sig_atomic_t *stop) {
  return stop && *stop;
}

/* A signal ends it early. */
static void wait_for(double seconds, const volatile sig_atomic_t *stop) {
  const double end = esp__seconds() + seconds;
  for (double left = seconds; left > 0.0 && !is_stopped(stop); left = end - esp__seconds()) {
    const double nap = fmin(left, 0.5);
    nanosleep(&(struct timespec){.tv_nsec = (long)(1e9 * nap)}, NULL);
  }
}

esp_status esp_report_follow(const esp_report_request *request, const volatile sig_atomic_t *stop,
                             esp_error *err) {
  double wait = at_least, seen = esp__seconds();
  ESP_TRY(esp__report_check(request, err));
  while (!is_stopped(stop)) {
    esp__activity activity;
    const double begun = esp__seconds();
    ESP_TRY(esp__report_once(request, wait, &activity, err));
    const double now = esp__seconds();
    wait = fmax(at_least, share * (now - begun));
    if (activity.at_work > 0) seen = now;
    if (activity.unfinished == 0 || now - seen > quiet_most) break;
    wait_for(wait, stop);
  }
  return esp_report_make(request, err);
}
