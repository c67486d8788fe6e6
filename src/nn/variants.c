/* The same network, pruned at run time: gates behind its convolutions, thresholds in its ReLUs. */
#include "nn/arch.h"
#include "nn/layers.h"

#include <string.h>

/* Walks the lines of a text. */
typedef struct writer {
  const esp_model_options *opt;
  FILE *out;
  int depth, shortcut; /* blocks open; of those the one that a shortcut is part of, 0 = none */
  enum { ELSEWHERE, BEHIND_CONV, BEHIND_BN } place;
} writer;

/* Plain decimals, as the layer language has them, without zeros at the end. */
static void write_decimal(FILE *out, const char *before, double value) {
  char text[64];
  snprintf(text, sizeof text, "%.12f", value);
  size_t end = strlen(text);
  while (text[end - 1] == '0' && text[end - 2] != '.') end--;
  fprintf(out, "%s %.*s", before, (int)end, text);
}

static void write_gate(const writer *w, int indent) {
  fprintf(w->out, "%*s", indent, "");
  write_decimal(w->out, "gate", w->opt->gate_density);
  if (w->opt->gate_penalty > 0.0) write_decimal(w->out, " penalty", w->opt->gate_penalty);
  fputc('\n', w->out);
}

static void write_relu(const writer *w, int indent) {
  fprintf(w->out, "%*s", indent, "");
  if (w->opt->relu_zeros > 0.0)
    write_decimal(w->out, "share_relu", w->opt->relu_zeros);
  else if (w->opt->relu_threshold > 0.0)
    write_decimal(w->out, "fatrelu", w->opt->relu_threshold);
  else
    fputs("relu", w->out);
  fputc('\n', w->out);
}

/* What the line says of the next. A shortcut's channels are left alone: the sum needs them. */
static void follow(writer *w, const esp__layer_kind *kind) {
  const bool conv = strcmp(kind->keyword, "conv") == 0, bn = kind->role == ESP_KIND_BN;
  if (kind->role == ESP_KIND_SHORTCUT && !w->shortcut) w->shortcut = w->depth;
  w->depth += esp__kind_opens(kind->role) - (kind->role == ESP_KIND_END);
  if (w->depth < w->shortcut) w->shortcut = 0;
  w->place = conv && !w->shortcut            ? BEHIND_CONV
             : bn && w->place == BEHIND_CONV ? BEHIND_BN
                                             : ELSEWHERE;
}

/* The gate of a convolution stands behind its batch norm, and behind the relu that follows that. */
static void write_line(writer *w, const char *line, int length) {
  const int indent = (int)strspn(line, " \t");
  const esp__layer_kind *kind =
      esp__layer_kind_find(line + indent, strcspn(line + indent, " \t\r\n#"));
  const bool relu = kind && kind->role == ESP_KIND_RELU;
  const bool gate = kind && w->place == BEHIND_BN && w->opt->gate_density > 0.0;
  if (gate && !relu) write_gate(w, indent);
  if (relu)
    write_relu(w, indent);
  else
    fprintf(w->out, "%.*s\n", length, line);
  if (gate && relu) write_gate(w, indent);
  if (kind) follow(w, kind);
}

static void write_text(FILE *out, const char *text, const void *opt) {
  int length;
  writer w = {.opt = opt, .out = out};
  for (const char *line; (line = esp__text_line(&text, &length));) write_line(&w, line, length);
  if (w.place == BEHIND_BN && w.opt->gate_density > 0.0) write_gate(&w, 0);
}

esp_status esp__variant_apply(char **text, const esp_model_options *opt, esp_error *err) {
  return esp__text_replace(text, write_text, opt, err);
}
