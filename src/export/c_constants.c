/* The numbers of an exported program's layers: weights, and what describes each. */
#include "export/c_writer.h"

static void write_floats(esp__c_writer *w, const char *name, int i, const float *value,
                         size_t count) {
  esp__c_begin_table(w, "float", name, i, count, sizeof *value);
  for (size_t k = 0; k < count; k++)
    fprintf(w->out, "%af,%s", (double)value[k], k % 6 == 5 || k + 1 == count ? "\n" : "");
  fputs(count ? "};\n" : "0.0f};\n", w->out);
}

/* Integers of 8 bits. */
static void write_levels(esp__c_writer *w, const char *name, int i, const float *value,
                         size_t count) {
  esp__c_begin_table(w, "int8_t", name, i, count, 1);
  for (size_t k = 0; k < count; k++)
    fprintf(w->out, "%.0f,%s", (double)value[k], k % 24 == 23 || k + 1 == count ? "\n" : "");
  fputs(count ? "};\n" : "0};\n", w->out);
}

static void write_bytes(esp__c_writer *w, const char *name, int i, const unsigned char *value,
                        size_t count) {
  esp__c_begin_table(w, "unsigned char", name, i, count, 1);
  for (size_t k = 0; k < count; k++)
    fprintf(w->out, "%d,%s", value[k], k % 24 == 23 || k + 1 == count ? "\n" : "");
  fputs("};\n", w->out);
}

/* ---- layers ---- */

static bool has_steps(const esp__c_weights *c) {
  return c->step != NULL;
}

static void write_weights(esp__c_writer *w, int i, const esp__c_weights *c) {
  if (has_steps(c)) write_bytes(w, "step", i, c->step, c->steps);
  if (w->net->quantised)
    write_levels(w, "value", i, c->value, c->values);
  else
    write_floats(w, c->code ? "table" : "value", i, c->value, c->values);
  if (c->code) write_bytes(w, "code", i, c->code, c->codes);
}

/* Scale and shift of a batch norm. */
static void write_line(esp__c_writer *w, int i) {
  const int channels = w->net->op[i].shape.channels;
  for (int k = 0; k < 2; k++) {
    esp__c_begin_table(w, "float", k ? "shift" : "scale", i, (size_t)channels, sizeof(float));
    for (int c = 0; c < channels; c++) {
      double line[2];
      esp__network_line(&w->net->op[i], c, line);
      fprintf(w->out, "%af,%s", (double)(float)line[k],
              c % 4 == 3 || c + 1 == channels ? "\n" : "");
    }
    fputs("};\n", w->out);
  }
}

static void write_ending(const esp__c_writer *w, const esp__c_step *s) {
  const esp_operation *o = &w->net->op[s->op];
  const bool normed = o->kind == ESP_OPERATION_BATCHNORM;
  if (w->net->quantised) {
    esp__c_write_integer_ending(w, s);
    return;
  }
  fputc('{', w->out);
  if (s->layer >= 0 && w->net->op[s->layer].param[1])
    fprintf(w->out, "bias%d, ", s->op);
  else
    fputs("NULL, ", w->out);
  if (normed)
    fprintf(w->out, "scale%d, shift%d, %d}", s->op, s->op, o->attr.relu);
  else
    fputs("NULL, NULL, 0}", w->out);
}

bool esp__c_any_shared(const esp__c_writer *w) {
  for (int i = 0; i < w->net->ops; i++)
    if (w->weights[i].code) return true;
  return false;
}

/* The members of `weights` and `ending` of a layer. */
static void write_head(const esp__c_writer *w, const esp__c_step *s) {
  const esp__c_weights *c = &w->weights[s->layer];
  fputs("{{", w->out);
  if (has_steps(c))
    fprintf(w->out, "step%d", s->op);
  else
    fputs("NULL", w->out);
  fprintf(w->out, ", %s%d", c->code ? "table" : "value", s->op);
  if (c->code)
    fprintf(w->out, ", code%d", s->op);
  else if (esp__c_any_shared(w))
    fputs(", NULL", w->out);
  fputs("}, ", w->out);
  write_ending(w, s);
}

static void write_conv_layer(const esp__c_writer *w, const esp__c_step *s) {
  const esp_operation *o = &w->net->op[s->layer];
  const esp_shape in = w->net->op[o->input[0]].shape;
  const esp_conv_attr a = o->attr.conv;
  fprintf(w->out, "static const convolution layer%d = ", s->op);
  write_head(w, s);
  fprintf(w->out, ",\n    %d, %d, %d, %d, %d, %d, %d, %d, %d, %d, %d, %d, %d};\n", in.channels,
          in.height, in.width, o->shape.channels, o->shape.height, o->shape.width,
          o->param[0]->shape[2], o->param[0]->shape[3], a.stride.rows, a.stride.columns,
          a.padding.rows, a.padding.columns, a.groups);
}

static void write_linear_layer(const esp__c_writer *w, const esp__c_step *s) {
  const esp_operation *o = &w->net->op[s->layer];
  fprintf(w->out, "static const linear layer%d = ", s->op);
  write_head(w, s);
  fprintf(w->out, ", %d, %d};\n", o->param[0]->shape[1], o->param[0]->shape[0]);
}

static void write_numbers(esp__c_writer *w, const esp__c_step *s) {
  const esp_param *bias = w->net->op[s->layer].param[1];
  if (bias) write_floats(w, "bias", s->op, bias->value, bias->count);
  if (w->net->op[s->op].kind == ESP_OPERATION_BATCHNORM) write_line(w, s->op);
}

static void write_layer(esp__c_writer *w, const esp__c_step *s) {
  char name[ESP_EXPORT_NAME_MAX];
  esp__network_name(w->net, s->layer, name);
  fprintf(w->out, "/* %s */\n", name);
  write_weights(w, s->op, &w->weights[s->layer]);
  if (w->net->quantised)
    esp__c_write_integer_numbers(w, s);
  else
    write_numbers(w, s);
  if (w->net->op[s->layer].kind == ESP_OPERATION_CONV)
    write_conv_layer(w, s);
  else
    write_linear_layer(w, s);
  fputc('\n', w->out);
}

/* The window of pooling `i`, for step number `step`. */
static void write_window(const esp__c_writer *w, int i, int step) {
  const esp_operation *o = &w->net->op[i];
  const esp_shape in = w->net->op[o->input[0]].shape;
  esp_pool_attr a = {1, o->attr.stride, 0};
  if (o->kind != ESP_OPERATION_SUBSAMPLE) a = o->attr.pool;
  fprintf(w->out, "static const window window%d = {%d, %d, %d, %d, %d, %d, %d, %d, %d};\n\n", step,
          in.channels, in.height, in.width, o->shape.height, o->shape.width,
          a.size ? a.size : in.height, a.size ? a.size : in.width, a.size ? a.stride : 1,
          a.padding);
}

static bool has_window(esp_operation_kind kind) {
  return kind == ESP_OPERATION_MAXPOOL || kind == ESP_OPERATION_AVGPOOL ||
         kind == ESP_OPERATION_SUBSAMPLE;
}

void esp__c_write_constants(esp__c_writer *w, const esp__c_step *s) {
  const int i = s->layer >= 0 ? s->layer : s->op;
  const esp_operation_kind kind = w->net->op[i].kind;
  if (has_window(kind)) {
    write_window(w, i, s->op);
  } else if (s->layer >= 0) {
    write_layer(w, s);
  } else if (kind == ESP_OPERATION_BATCHNORM) {
    write_line(w, s->op);
    fprintf(w->out, "static const ending ending%d = ", s->op);
    write_ending(w, s);
    fputs(";\n\n", w->out);
  }
}
