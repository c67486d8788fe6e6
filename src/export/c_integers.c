/* What programs of integers have of their own: the scales of sums, and calls between them. */
#include "autograd/fixed_point.h"
#include "export/c_ends.h"

#include <inttypes.h>

static const esp_operation *op_of(const esp__network *n, int i) {
  return &n->op[i];
}

/* The smallest number that the step makes. */
static int low_of(const esp__network *n, const esp__c_step *s) {
  return op_of(n, op_of(n, s->op)->input[0])->kind == ESP_OPERATION_ACTIVATION ? 0
                                                                               : -ESP_LEVELS_MAX;
}

static bool answers(const esp__network *n, const esp__c_step *s) {
  return op_of(n, s->op)->kind == ESP_OPERATION_FROM_INTEGERS;
}

/* ---- numbers ---- */

static void write_integers(esp__c_writer *w, const char *name, int i, const float *value,
                           size_t count) {
  esp__c_begin_table(w, "int32_t", name, i, count, sizeof(int32_t));
  for (size_t k = 0; k < count; k++)
    fprintf(w->out, "%.0f,%s", (double)value[k], k % 8 == 7 || k + 1 == count ? "\n" : "");
  fputs("};\n", w->out);
}

static void write_factors(esp__c_writer *w, const esp__c_step *s, bool shifts) {
  const esp_operation *o = op_of(w->net, s->op);
  const int channels = o->shape.channels;
  esp__c_begin_table(w, shifts ? "unsigned char" : "int32_t", shifts ? "shift" : "multiplier",
                     s->op, (size_t)channels, shifts ? 1 : sizeof(int32_t));
  for (int c = 0; c < channels; c++) {
    const esp__fixed f = esp__fixed_channel(&o->attr.requantise, c);
    fprintf(w->out, "%" PRId64 ",%s", shifts ? f.shift : f.multiplier,
            c % 8 == 7 || c + 1 == channels ? "\n" : "");
  }
  fputs("};\n", w->out);
}

static void write_reals(esp__c_writer *w, const esp__c_step *s) {
  const esp_operation *o = op_of(w->net, s->op);
  const int channels = o->shape.channels;
  esp__c_begin_table(w, "float", "real", s->op, (size_t)channels, sizeof(float));
  for (int c = 0; c < channels; c++)
    fprintf(w->out, "%af,%s", (double)(float)esp__fixed_real(&o->attr.requantise.from, c),
            c % 4 == 3 || c + 1 == channels ? "\n" : "");
  fputs("};\n", w->out);
}

void esp__c_write_integer_numbers(esp__c_writer *w, const esp__c_step *s) {
  const esp_param *bias = op_of(w->net, s->layer)->param[1];
  if (bias) write_integers(w, "bias", s->op, bias->value, bias->count);
  if (answers(w->net, s)) {
    write_reals(w, s);
    return;
  }
  write_factors(w, s, false);
  write_factors(w, s, true);
}

void esp__c_write_integer_ending(const esp__c_writer *w, const esp__c_step *s) {
  if (op_of(w->net, s->layer)->param[1])
    fprintf(w->out, "{bias%d, ", s->op);
  else
    fputs("{NULL, ", w->out);
  if (answers(w->net, s))
    fputs("NULL, NULL, 0}", w->out);
  else
    fprintf(w->out, "multiplier%d, shift%d, %d}", s->op, s->op, low_of(w->net, s));
}

/* ---- calls ---- */

#define PIECE(name) (UINT64_C(1) << ESP_C_##name)

static esp__c_pieces layer_pieces(const esp__network *n, const esp__c_step *s) {
  const esp_operation_kind kind = op_of(n, s->layer)->kind;
  if (kind == ESP_OPERATION_AVGPOOL) return PIECE(AVGPOOL_INTEGERS);
  if (answers(n, s))
    return kind == ESP_OPERATION_CONV ? PIECE(ANSWER_CONVOLUTION) : PIECE(ANSWER_LINEAR);
  return kind == ESP_OPERATION_CONV ? PIECE(CONVOLVE_INTEGERS) : PIECE(MULTIPLY_INTEGERS);
}

esp__c_pieces esp__c_integer_pieces(const esp__network *n, const esp__c_step *s) {
  if (s->layer >= 0) return layer_pieces(n, s);
  return op_of(n, s->op)->kind == ESP_OPERATION_REQUANTISE ? PIECE(RESCALE) : PIECE(ADD_INTEGERS);
}

static void write_input_and_value(const esp__c_writer *w, const esp__c_step *s) {
  esp__c_write_value(w, s->input[0], ", ");
  esp__c_write_value(w, s->op, "");
}

/* The factor of a tensor whose channels have one scale. */
static void write_factor(const esp__c_writer *w, const esp__c_step *s) {
  const esp__fixed f = esp__fixed_channel(&op_of(w->net, s->op)->attr.requantise, 0);
  fprintf(w->out, "&(const factor){%" PRId64 ", %d}, ", f.multiplier, f.shift);
}

static void call_mean(const esp__c_writer *w, const esp__c_step *s) {
  fprintf(w->out, "pool_average(&window%d, ", s->op);
  write_factor(w, s);
  fprintf(w->out, "%d, ", low_of(w->net, s));
  write_input_and_value(w, s);
  fputs(")", w->out);
}

static void call_rescale(const esp__c_writer *w, const esp__c_step *s) {
  fprintf(w->out, "rescale(%zu, ", esp__network_values(op_of(w->net, s->op)->shape));
  write_factor(w, s);
  write_input_and_value(w, s);
  fputs(")", w->out);
}

static void call_layer(const esp__c_writer *w, const esp__c_step *s) {
  const bool conv = op_of(w->net, s->layer)->kind == ESP_OPERATION_CONV;
  fprintf(w->out, "%s(&layer%d, ", conv ? "convolve" : "multiply", s->op);
  write_input_and_value(w, s);
  if (conv) fprintf(w->out, ", sums + %zu", s->room / sizeof(int32_t));
  fputs(")", w->out);
}

void esp__c_call_requantise(const esp__c_writer *w, const esp__c_step *s) {
  if (s->layer < 0)
    call_rescale(w, s);
  else if (op_of(w->net, s->layer)->kind == ESP_OPERATION_AVGPOOL)
    call_mean(w, s);
  else
    call_layer(w, s);
}

void esp__c_call_add_integers(const esp__c_writer *w, const esp__c_step *s) {
  const esp_operation *o = op_of(w->net, s->op);
  const esp__fixed_pair f = esp__fixed_sum(&o->attr.requantise);
  fprintf(w->out, "add(%zu, %" PRId64 ", %" PRId64 ", %d, ", esp__network_values(o->shape), f.a,
          f.b, f.shift);
  esp__c_write_value(w, s->input[0], ", ");
  esp__c_write_value(w, s->input[1], ", ");
  esp__c_write_value(w, s->op, ")");
}

void esp__c_call_answer(const esp__c_writer *w, const esp__c_step *s) {
  fprintf(w->out, "answer(&layer%d, real%d, ", s->op, s->op);
  esp__c_write_value(w, s->input[0], ", ");
  fprintf(w->out, "%s)", esp__c_answers_word(w));
}
