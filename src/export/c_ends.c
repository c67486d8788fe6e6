#include "export/c_ends.h"

#include "autograd/fixed_point.h"

#include <ctype.h>
#include <string.h>

enum { LEVELS = 256 };

static const esp_export_source *source_of(const esp__c_writer *w) {
  return w->net->source;
}
static bool estimates(const esp__c_writer *w) {
  return source_of(w)->targets.count > 0;
}

const char *esp__c_answers_word(const esp__c_writer *w) {
  return estimates(w) ? "targets" : "logits";
}

size_t esp__c_answers(const esp__c_writer *w) {
  return esp__network_values(w->net->op[w->net->ops - 1].shape);
}

/* ---- the header ---- */

void esp__c_write_signature(const esp__c_writer *w, FILE *out) {
  fprintf(out, "void %s_run(const %s, float *%s)", w->name,
          source_of(w)->features ? "float *features" : "unsigned char *pixels",
          esp__c_answers_word(w));
}

void esp__c_write_sizes(const esp__c_writer *w, FILE *out) {
  const esp_shape in = w->net->op[0].shape;
  const char *u = w->upper;
  fprintf(out, "enum {\n  %s_CHANNELS = %d,\n  %s_HEIGHT = %d,\n  %s_WIDTH = %d,\n", u, in.channels,
          u, in.height, u, in.width);
  if (estimates(w))
    fprintf(out, "  %s_TARGETS = %d\n};\n\n", u, source_of(w)->targets.count);
  else
    fprintf(out, "  %s_LOGITS = %zu,\n  %s_CLASSES = %d\n};\n\n", u, esp__c_answers(w), u,
            source_of(w)->model->classes);
}

static void write_input_usage(const esp__c_writer *w, FILE *out) {
  const esp_shape in = w->net->op[0].shape;
  const char *u = w->upper;
  if (!source_of(w)->features)
    fprintf(out,
            " * `pixels` are %s_HEIGHT rows of %s_WIDTH pixels of %s_CHANNELS bytes (red, green, "
            "blue), from 0\n * to 255; ",
            u, u, u);
  else if (in.height * in.width == 1)
    fprintf(
        out,
        " * `features` are the %s_CHANNELS columns of a row, as the table has them, in the order "
        "of\n * data.inputs; ",
        u);
  else
    fprintf(out,
            " * `features` are %s_CHANNELS planes of %s_HEIGHT rows of %s_WIDTH numbers, as the "
            "data have them;\n * ",
            u, u, u);
  fputs("normalisation is done here.", out);
}

static void write_tasks(const esp__c_writer *w, FILE *out) {
  const esp_tasks *tasks = &source_of(w)->model->tasks;
  for (int t = 0; tasks->count > 1 && t < tasks->count; t++)
    fprintf(out, " *     %-16s %d, from logit %d on\n", tasks->item[t].name, tasks->item[t].answers,
            tasks->item[t].first);
}

void esp__c_write_usage(const esp__c_writer *w, FILE *out) {
  const bool tasks = !estimates(w) && source_of(w)->model->tasks.count > 1;
  fputs(estimates(w) ? "/* Computes the targets, in their units.\n"
                     : "/* Computes the logits; the largest says which class it is.\n",
        out);
  write_input_usage(w, out);
  fprintf(out, " `%s` has room for %s_%s numbers%s", esp__c_answers_word(w), w->upper,
          estimates(w) ? "TARGETS" : "LOGITS", tasks ? ":\n" : ".\n");
  if (tasks) write_tasks(w, out);
}

/* ---- names ---- */

static void write_name_table(const esp__c_writer *w, FILE *out) {
  fprintf(out, "const char *const %s_%s[%s_%s]", w->name, estimates(w) ? "target" : "class",
          w->upper, estimates(w) ? "TARGETS" : "CLASSES");
}

void esp__c_write_names(const esp__c_writer *w, FILE *out) {
  fprintf(out, "/* What the %s. */\nextern ",
          estimates(w) ? "targets are called" : "classes are called, in the order of the logits");
  write_name_table(w, out);
  fputs(";\n\n", out);
}

void esp__c_define_names(esp__c_writer *w) {
  const esp_export_source *s = source_of(w);
  write_name_table(w, w->out);
  fputs(" = {\n", w->out);
  for (int c = 0; c < s->model->classes; c++) {
    fputs("    \"", w->out);
    for (const char *t = s->class_name[c]; *t; t++)
      if (isalnum((unsigned char)*t) || strchr(" _-.,+/()", *t))
        fputc(*t, w->out);
      else
        fprintf(w->out, "\\%03o", (unsigned)(unsigned char)*t);
    fputs("\",\n", w->out);
    w->constants += strlen(s->class_name[c]) + 1 + sizeof(uint32_t);
  }
  fputs("};\n\n", w->out);
}

/* ---- what is given ---- */

/* The scale of the input's integers. */
static float input_inverse(const esp__network *n) {
  int i = 0;
  while (n->op[i].kind != ESP_OPERATION_TO_INTEGERS) i++;
  return esp__fixed_inverse(n->op[i].param[0]);
}

/* Tables of what every pixel from 0 to 255 becomes, as the data loader computes it: one where all
 * channels are alike. */
static int levels_of(const esp_export_source *s) {
  for (int c = 1; c < s->model->input.channels; c++)
    if (s->mean[c] != s->mean[0] || s->std[c] != s->std[0]) return s->model->input.channels;
  return 1;
}

static void write_level(const esp__c_writer *w, int pixel, int channel) {
  const esp_export_source *s = source_of(w);
  const float x = esp_normalise_pixel(pixel, s->mean[channel], s->std[channel]);
  const char *end = pixel % 4 == 3 ? "\n" : "";
  if (w->net->quantised)
    fprintf(w->out, "%.0f,%s", (double)esp__fixed_level(x, input_inverse(w->net)), end);
  else
    fprintf(w->out, "%af,%s", (double)x, end);
}

static void write_levels(esp__c_writer *w) {
  const int levels = levels_of(source_of(w));
  fprintf(w->out,
          "/* What each pixel becomes, channel by channel. */\n"
          "static const number level[%d][%d] = {\n",
          levels, LEVELS);
  for (int c = 0; c < levels; c++) {
    fputc('{', w->out);
    for (int v = 0; v < LEVELS; v++) write_level(w, v, c);
    fputs("},\n", w->out);
  }
  fputs("};\n\n", w->out);
  w->constants += (size_t)(levels * LEVELS) * esp__c_number_bytes(w->net);
}

static void write_floats(esp__c_writer *w, const char *name, int count, const float *value) {
  fprintf(w->out, "static const float %s[%d] = {", name, count);
  for (int i = 0; i < count; i++) fprintf(w->out, "%s%af,", i % 6 ? " " : "\n", (double)value[i]);
  fputs("\n};\n", w->out);
  w->constants += (size_t)count * sizeof *value;
}

static void write_normalisation(esp__c_writer *w) {
  const esp_export_source *s = source_of(w);
  fputs("/* Of each channel's features. */\n", w->out);
  write_floats(w, "feature_mean", s->model->input.channels, s->mean);
  write_floats(w, "feature_std", s->model->input.channels, s->std);
  fputc('\n', w->out);
}

esp__c_pieces esp__c_input_pieces(const esp__network *n) {
  return esp__c_piece_set(!n->source->features ? ESP_C_READ_PIXELS
                          : n->quantised       ? ESP_C_READ_FEATURES_INTEGERS
                                               : ESP_C_READ_FEATURES);
}

void esp__c_call_input(const esp__c_writer *w, const esp__c_step *s) {
  const esp_shape in = w->net->op[s->op].shape;
  if (source_of(w)->features)
    fprintf(w->out, "read_features(features, feature_mean, feature_std, %d, %d, ", in.channels,
            in.height * in.width);
  else
    fprintf(w->out, "read_pixels(pixels, level, %d, %d, %d, ", levels_of(source_of(w)), in.channels,
            in.height * in.width);
  if (source_of(w)->features && w->net->quantised)
    fprintf(w->out, "%af, ", (double)input_inverse(w->net));
  esp__c_write_value(w, s->op, ")");
}

/* ---- what is returned ---- */

esp__c_pieces esp__c_answer_pieces(const esp__network *n) {
  const esp__c_pieces copied = n->quantised ? 0 : esp__c_piece_set(ESP_C_COPY);
  return copied | (n->source->targets.count > 0 ? esp__c_piece_set(ESP_C_UNITS) : 0);
}

void esp__c_write_answers(const esp__c_writer *w) {
  if (!w->net->quantised)
    fprintf(w->out, "  copy(%zu, memory + %zu, %s);\n", esp__c_answers(w),
            w->plan->place[w->net->ops - 1], esp__c_answers_word(w));
  if (estimates(w))
    fprintf(w->out, "  give_units(%d, target_mean, target_std, targets);\n",
            source_of(w)->targets.count);
}

void esp__c_write_ends(esp__c_writer *w) {
  const esp_target_scale *t = &source_of(w)->targets;
  if (source_of(w)->features)
    write_normalisation(w);
  else
    write_levels(w);
  if (!estimates(w)) return;
  fputs("/* Of each target, in its units. */\n", w->out);
  esp__c_write_doubles(w, "target_mean", t->count, t->mean);
  esp__c_write_doubles(w, "target_std", t->count, t->std);
  fputc('\n', w->out);
}
