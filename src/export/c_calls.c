/* The calls of an exported program, step by step. */
#include "export/c_ends.h"

/* What a step writes of its inputs: the first, then the other or NULL. */
static void write_inputs(const esp__c_writer *w, const esp__c_step *s) {
  esp__c_write_value(w, s->input[0], ", ");
  if (s->input[1] >= 0)
    esp__c_write_value(w, s->input[1], ", ");
  else
    fputs("NULL, ", w->out);
}

static int pixels_of(esp_shape s) {
  return s.height * s.width;
}
static size_t values_of(const esp__c_writer *w, int op) {
  return esp__network_values(w->net->op[op].shape);
}

static void call_layer(const esp__c_writer *w, const esp__c_step *s) {
  const bool conv = w->net->op[s->layer].kind == ESP_OPERATION_CONV;
  fprintf(w->out, "%s(&layer%d, ", conv ? "convolve" : "multiply", s->op);
  write_inputs(w, s);
  esp__c_write_value(w, s->op, conv ? ", " : ")");
  if (!conv) return;
  if (s->room != SIZE_MAX)
    esp__c_write_place(w, s->room, ")");
  else
    fputs("NULL)", w->out);
}

static void call_batchnorm(const esp__c_writer *w, const esp__c_step *s) {
  if (s->layer >= 0) {
    call_layer(w, s);
    return;
  }
  const esp_shape shape = w->net->op[s->op].shape;
  fprintf(w->out, "apply_line(&ending%d, %d, %d, ", s->op, shape.channels, pixels_of(shape));
  write_inputs(w, s);
  esp__c_write_value(w, s->op, ")");
}

/* A call of a function that takes each value by itself. */
static void call_each(const esp__c_writer *w, const esp__c_step *s, const char *function) {
  fprintf(w->out, "%s(%zu, ", function, values_of(w, s->op));
  esp__c_write_value(w, s->input[0], ", ");
  esp__c_write_value(w, s->op, ")");
}

static const struct {
  const char *function;
  esp__c_piece piece;
} activations[ESP_ACTIVATIONS] = {
    [ESP_ACT_RELU] = {"relu", ESP_C_RELU},
    [ESP_ACT_RELU6] = {"relu6", ESP_C_RELU6},
    [ESP_ACT_LEAKY_RELU] = {"leaky_relu", ESP_C_LEAKY_RELU},
    [ESP_ACT_TANH] = {"apply_tanh", ESP_C_TANH},
    [ESP_ACT_SIGMOID] = {"apply_sigmoid", ESP_C_SIGMOID},
    [ESP_ACT_GELU] = {"apply_gelu", ESP_C_GELU},
};

static void call_activation(const esp__c_writer *w, const esp__c_step *s) {
  call_each(w, s, activations[w->net->op[s->op].attr.activation].function);
}

static void call_fatrelu(const esp__c_writer *w, const esp__c_step *s) {
  const esp_fatrelu_attr a = w->net->op[s->op].attr.fatrelu;
  fprintf(w->out, "threshold(%zu, %af, ", values_of(w, s->op),
          (double)(a.chosen ? a.chosen->value[0] : a.threshold));
  esp__c_write_value(w, s->input[0], ", ");
  esp__c_write_value(w, s->op, ")");
}

static void call_window(const esp__c_writer *w, const esp__c_step *s, const char *function) {
  fprintf(w->out, "%s(&window%d, ", function, s->op);
  esp__c_write_value(w, s->input[0], ", ");
  esp__c_write_value(w, s->op, ")");
}
static void call_maxpool(const esp__c_writer *w, const esp__c_step *s) {
  call_window(w, s, "pool_max");
}
static void call_avgpool(const esp__c_writer *w, const esp__c_step *s) {
  call_window(w, s, "pool_average");
}

static void call_subsample(const esp__c_writer *w, const esp__c_step *s) {
  fprintf(w->out, "subsample(&window%d, %d, ", s->op, w->net->op[s->op].shape.channels);
  esp__c_write_value(w, s->input[0], ", ");
  esp__c_write_value(w, s->op, ")");
}

static void call_reshape(const esp__c_writer *w, const esp__c_step *s) {
  const int rows = w->net->op[s->op].attr.reshape.transpose;
  fprintf(w->out, "transpose(%d, %zu, ", rows, values_of(w, s->op) / (size_t)rows);
  esp__c_write_value(w, s->input[0], ", ");
  esp__c_write_value(w, s->op, ")");
}

static void call_add(const esp__c_writer *w, const esp__c_step *s) {
  fprintf(w->out, "add(%zu, ", values_of(w, s->op));
  write_inputs(w, s);
  esp__c_write_value(w, s->op, ")");
}

static void call_concat(const esp__c_writer *w, const esp__c_step *s) {
  const size_t first = values_of(w, s->input[0]);
  fprintf(w->out, "copy(%zu, ", first);
  esp__c_write_value(w, s->input[0], ", ");
  esp__c_write_value(w, s->op, ");\n");
  fprintf(w->out, "  copy(%zu, ", values_of(w, s->input[1]));
  esp__c_write_value(w, s->input[1], ", ");
  esp__c_write_place(w, w->plan->place[s->op] + first, ")");
}

static void call_mean_abs(const esp__c_writer *w, const esp__c_step *s) {
  const esp_shape in = w->net->op[s->input[0]].shape;
  fprintf(w->out, "mean_abs(%d, %d, %d, ", in.channels, in.height, in.width);
  esp__c_write_value(w, s->input[0], ", ");
  esp__c_write_value(w, s->op, ")");
}

static void call_top_k(const esp__c_writer *w, const esp__c_step *s) {
  const esp_operation *o = &w->net->op[s->op];
  fprintf(w->out, "top_k(%d, %d, ", o->shape.channels, o->attr.top_k.keep);
  esp__c_write_value(w, s->input[0], ", ");
  esp__c_write_value(w, s->op, ")");
}

static void call_gate(const esp__c_writer *w, const esp__c_step *s) {
  const esp_shape shape = w->net->op[s->op].shape;
  fprintf(w->out, "gate(%d, %d, ", shape.channels, pixels_of(shape));
  write_inputs(w, s);
  esp__c_write_value(w, s->op, ")");
}

#define PIECE(name) (UINT64_C(1) << ESP_C_##name)

/* How a step is written, and the pieces that it needs; of layers, activations and integers more
 * follows from the step. */
static const struct {
  void (*call)(const esp__c_writer *w, const esp__c_step *s);
  esp__c_pieces pieces;
} kinds[] = {
    [ESP_OPERATION_INPUT] = {esp__c_call_input, 0}, /* see esp__c_input_pieces */
    [ESP_OPERATION_CONV] = {call_layer, PIECE(CONVOLVE)},
    [ESP_OPERATION_LINEAR] = {call_layer, PIECE(MULTIPLY)},
    [ESP_OPERATION_BATCHNORM] = {call_batchnorm, 0},
    [ESP_OPERATION_ACTIVATION] = {call_activation, 0},
    [ESP_OPERATION_FATRELU] = {call_fatrelu, PIECE(THRESHOLD)},
    [ESP_OPERATION_MAXPOOL] = {call_maxpool, PIECE(MAXPOOL)},
    [ESP_OPERATION_AVGPOOL] = {call_avgpool, PIECE(AVGPOOL)},
    [ESP_OPERATION_SUBSAMPLE] = {call_subsample, PIECE(SUBSAMPLE)},
    [ESP_OPERATION_RESHAPE] = {call_reshape, PIECE(TRANSPOSE)},
    [ESP_OPERATION_ADD] = {call_add, PIECE(ADD)},
    [ESP_OPERATION_CONCAT] = {call_concat, PIECE(COPY)},
    [ESP_OPERATION_MEAN_ABS] = {call_mean_abs, PIECE(MEAN_ABS)},
    [ESP_OPERATION_TOP_K] = {call_top_k, PIECE(TOP_K)},
    [ESP_OPERATION_GATE] = {call_gate, PIECE(GATE)},
    [ESP_OPERATION_QUANTISE] = {NULL, 0},    /* in no network of integers */
    [ESP_OPERATION_TO_INTEGERS] = {NULL, 0}, /* done by the input */
    [ESP_OPERATION_REQUANTISE] = {esp__c_call_requantise, 0},
    [ESP_OPERATION_ADD_INTEGERS] = {esp__c_call_add_integers, 0},
    [ESP_OPERATION_ROWS] = {NULL, 0}, /* layers of sequences up to here are refused */
    [ESP_OPERATION_FROM_INTEGERS] = {esp__c_call_answer, 0},
};
_Static_assert(sizeof kinds / sizeof *kinds == ESP_OPERATION_KINDS,
               "each kind is written, or refused by check_operation in network.c");

static bool rescales(esp_operation_kind kind) {
  return kind == ESP_OPERATION_REQUANTISE || kind == ESP_OPERATION_ADD_INTEGERS ||
         kind == ESP_OPERATION_FROM_INTEGERS;
}

esp__c_pieces esp__c_step_pieces(const esp__network *n, const esp__c_step *s) {
  const esp_operation *o = &n->op[s->op];
  if (!s->moves) return 0;
  if (o->kind == ESP_OPERATION_INPUT) return esp__c_input_pieces(n);
  if (rescales(o->kind)) return esp__c_integer_pieces(n, s);
  if (s->layer >= 0) return kinds[n->op[s->layer].kind].pieces;
  if (o->kind == ESP_OPERATION_BATCHNORM) return PIECE(LINE);
  if (o->kind == ESP_OPERATION_ACTIVATION)
    return esp__c_piece_set(activations[o->attr.activation].piece);
  return kinds[o->kind].pieces;
}

void esp__c_write_call(const esp__c_writer *w, const esp__c_step *s) {
  fputs("  ", w->out);
  kinds[w->net->op[s->op].kind].call(w, s);
  fputs(";\n", w->out);
}
