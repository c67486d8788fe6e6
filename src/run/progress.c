#include "run/progress.h"

#include "base/clock.h"
#include "base/shown.h"

#include <stdarg.h>

enum { LINE_MAX_BYTES = 8192 };
static const double every_terminal = 0.2, every_pipe = 60.0; /* seconds between two lines */

void esp__progress_start(esp__progress *p, FILE *out) {
  *p = (esp__progress){
      .line = esp__status_line_on(out), .begun = esp__seconds(), .shown = esp__seconds()};
}

void esp__progress_end(esp__progress *p) {
  esp__status_line_clear(&p->line);
  if (p->line.out) fflush(p->line.out);
}

void esp__progress_say(esp__progress *p, const char *format, ...) {
  if (!p->line.out) return;
  char line[LINE_MAX_BYTES], shown[LINE_MAX_BYTES];
  va_list args;
  esp__status_line_clear(&p->line);
  va_start(args, format);
  vsnprintf(line, sizeof line, format, args);
  va_end(args);
  esp__escape(line, "\n", shown, sizeof shown);
  fprintf(p->line.out, "%s\n", shown);
  fflush(p->line.out);
}

void esp__format_time(char text[32], double seconds) {
  const long s = seconds < 0 ? 0 : seconds > 1e7 ? 10000000 : (long)seconds;
  if (s >= 3600)
    snprintf(text, 32, "%ld h %02ld min", s / 3600, s / 60 % 60);
  else if (s >= 60)
    snprintf(text, 32, "%ld min %02ld s", s / 60, s % 60);
  else
    snprintf(text, 32, "%ld s", s);
}

double esp__progress_rate(const esp__progress *p) {
  const double seconds = esp__seconds() - p->begun;
  return seconds > 0.0 ? (double)p->images_done / seconds : 0.0;
}

void esp__progress_step(esp__progress *p, int64_t images, const esp__progress_state *s) {
  const double now = esp__seconds();
  p->images_done += images;
  if (!p->line.out || now - p->shown < (p->line.terminal ? every_terminal : every_pipe)) return;
  const double rate = esp__progress_rate(p);
  char left[32], text[256], quality[ESP_QUALITY_TEXT];
  esp__format_time(left, (double)s->images_left / rate);
  snprintf(text, sizeof text,
           "%s  epoch %lld/%lld  step %lld/%lld  %s left  loss %.4f  %s %s  %.0f images/s",
           s->stage, (long long)s->epoch + 1, (long long)s->epochs, (long long)s->batch,
           (long long)s->batches, left, s->loss, s->is->label,
           esp_quality_text(s->is, s->quality, quality), rate);
  esp__status_line_show(&p->line, text);
  p->shown = now;
}
