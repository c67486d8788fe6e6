#include "export/c_runtime.h"

#include <string.h>

#define NEED(piece) (UINT64_C(1) << ESP_C_##piece)

static const struct {
  const char *name;
  esp__c_pieces needs;
} pieces[ESP_C_PIECES] = {
    [ESP_C_FUSED] = {"fused.c", 0},
    [ESP_C_FUSED_INTEGERS] = {"fused_integers.c", 0},
    [ESP_C_TIMES] = {"times.c", 0},
    [ESP_C_ROUNDED] = {"rounded.c", 0},
    [ESP_C_RESCALED] = {"rescaled.c", NEED(ROUNDED)},
    [ESP_C_READ_PIXELS] = {"read_pixels.c", 0},
    [ESP_C_READ_FEATURES] = {"read_features.c", 0},
    [ESP_C_READ_FEATURES_INTEGERS] = {"read_features_integers.c", NEED(TIMES)},
    [ESP_C_ENDING] = {"ending.c", 0},
    [ESP_C_ENDING_INTEGERS] = {"ending_integers.c", 0},
    [ESP_C_BIASED] = {"biased.c", NEED(ENDING_INTEGERS)},
    [ESP_C_FINISH] = {"finish.c", NEED(TIMES) | NEED(ENDING)},
    [ESP_C_FINISH_INTEGERS] = {"finish_integers.c", NEED(BIASED) | NEED(RESCALED)},
    [ESP_C_WEIGHTS] = {"weights.c", 0},
    [ESP_C_CONVOLUTION] = {"convolution.c", NEED(WEIGHTS)},
    [ESP_C_CONVOLVE] = {"convolve.c", NEED(CONVOLUTION) | NEED(FUSED) | NEED(FINISH)},
    [ESP_C_CONVOLVE_INTEGERS] = {"convolve_integers.c",
                                 NEED(CONVOLUTION) | NEED(FUSED_INTEGERS) | NEED(FINISH_INTEGERS)},
    [ESP_C_ANSWER_CONVOLUTION] = {"answer_convolution.c",
                                  NEED(CONVOLUTION) | NEED(FUSED_INTEGERS) | NEED(BIASED)},
    [ESP_C_LINEAR] = {"linear.c", NEED(WEIGHTS)},
    [ESP_C_MULTIPLY] = {"multiply.c", NEED(LINEAR) | NEED(FUSED) | NEED(FINISH)},
    [ESP_C_MULTIPLY_INTEGERS] = {"multiply_integers.c",
                                 NEED(LINEAR) | NEED(FUSED_INTEGERS) | NEED(FINISH_INTEGERS)},
    [ESP_C_ANSWER_LINEAR] = {"answer_linear.c", NEED(LINEAR) | NEED(FUSED_INTEGERS) | NEED(BIASED)},
    [ESP_C_LINE] = {"line.c", NEED(TIMES) | NEED(ENDING)},
    [ESP_C_WINDOW] = {"window.c", 0},
    [ESP_C_WITHIN] = {"within.c", 0},
    [ESP_C_WINDOW_SUM] = {"window_sum.c", NEED(WINDOW) | NEED(WITHIN)},
    [ESP_C_MAXPOOL] = {"maxpool.c", NEED(WINDOW) | NEED(WITHIN)},
    [ESP_C_AVGPOOL] = {"avgpool.c", NEED(WINDOW_SUM)},
    [ESP_C_AVGPOOL_INTEGERS] = {"avgpool_integers.c", NEED(WINDOW_SUM) | NEED(RESCALED)},
    [ESP_C_SUBSAMPLE] = {"subsample.c", NEED(WINDOW)},
    [ESP_C_ADD] = {"add.c", 0},
    [ESP_C_ADD_INTEGERS] = {"add_integers.c", NEED(ROUNDED)},
    [ESP_C_RESCALE] = {"rescale.c", NEED(RESCALED)},
    [ESP_C_COPY] = {"copy.c", 0},
    [ESP_C_UNITS] = {"units.c", 0},
    [ESP_C_PRODUCT] = {"product.c", 0},
    [ESP_C_LOGARITHM] = {"logarithm.c", NEED(PRODUCT)},
    [ESP_C_TRANSFORM] = {"transform.c", NEED(PRODUCT)},
    [ESP_C_HEAR] = {"hear.c", NEED(LOGARITHM) | NEED(TRANSFORM)},
    [ESP_C_TRANSPOSE] = {"transpose.c", 0},
    [ESP_C_RELU] = {"relu.c", 0},
    [ESP_C_RELU6] = {"relu6.c", 0},
    [ESP_C_LEAKY_RELU] = {"leaky_relu.c", 0},
    [ESP_C_THRESHOLD] = {"threshold.c", 0},
    [ESP_C_EXPONENTIAL] = {"exponential.c", NEED(TIMES)},
    [ESP_C_TANGENT] = {"tangent.c", NEED(EXPONENTIAL)},
    [ESP_C_TANH] = {"tanh.c", NEED(TANGENT)},
    [ESP_C_SIGMOID] = {"sigmoid.c", NEED(EXPONENTIAL)},
    [ESP_C_GELU] = {"gelu.c", NEED(TANGENT)},
    [ESP_C_MEAN_ABS] = {"mean_abs.c", 0},
    [ESP_C_TOP_K] = {"top_k.c", 0},
    [ESP_C_GATE] = {"gate.c", 0},
};

/* With what is needed: needs point backwards only, so one pass from the last piece finds all. */
static esp__c_pieces closure(esp__c_pieces wanted) {
  for (int i = ESP_C_PIECES - 1; i >= 0; i--)
    if (wanted >> i & 1) wanted |= pieces[i].needs;
  return wanted;
}

static const esp__c_text *text_of(const char *name) {
  const esp__c_text *t = esp__c_texts;
  while (strcmp(t->name, name) != 0) t++;
  return t;
}

static bool is_line(const char *line, size_t length, const char *text) {
  while (length > 0 && *line == ' ') line++, length--;
  return length == strlen(text) && memcmp(line, text, length) == 0;
}

static void write_text(FILE *out, const esp__c_text *t, bool shared) {
  const char *line = (const char *)t->data, *end = line + t->bytes;
  for (bool write = true; line < end;) {
    const char *newline = memchr(line, '\n', (size_t)(end - line));
    const size_t length = (size_t)((newline ? newline : end) - line);
    if (is_line(line, length, "/* @shared */"))
      write = shared;
    else if (is_line(line, length, "/* @end */"))
      write = true;
    else if (write)
      fprintf(out, "%.*s\n", (int)length, line);
    line += length + 1;
  }
  fputc('\n', out);
}

void esp__c_runtime_write(FILE *out, esp__c_pieces wanted, bool shared) {
  wanted = closure(wanted);
  for (int i = 0; i < ESP_C_PIECES; i++)
    if (wanted >> i & 1) write_text(out, text_of(pieces[i].name), shared);
}
