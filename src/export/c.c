/* The network as C sources: a header with one function, and a source with all that it needs.
 *
 *     c_plan.c       which steps there are, and where in memory their values stand
 *     c_weights.c    weights in few bytes
 *     c_runtime.c    functions, as far as they are needed
 *     c_ends.c       what is given and returned
 *     c_sounds.c     features of sounds
 *     c_constants.c  numbers
 *     c_calls.c      a call for each step
 *     c_integers.c   what only programs of integers have */
#include "base/text.h"
#include "sound/spectrum.h"
#include "export/c_ends.h"
#include "export/c_sounds.h"

#include <espalier/file.h>

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- names ---- */

/* The name of a file without folders and ending, as the beginning of names in C. */
static esp_status take_name(esp__c_writer *w, const char *path, esp_error *err) {
  const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
  const size_t length = strlen(base) - strlen(".c");
  bool good = length >= 1 && length <= ESP_C_NAME_MAX && !isdigit((unsigned char)*base);
  for (size_t i = 0; good && i < length; i++) {
    w->name[i] = base[i];
    w->upper[i] = (char)toupper((unsigned char)base[i]);
    good = isalnum((unsigned char)base[i]) || base[i] == '_';
  }
  return good ? ESP_OK
              : esp_fail(err, ESP_ERR_INPUT,
                         "%s: names in the program begin with the file's; expected up to %d "
                         "letters, digits and '_', not a digit first, before .c",
                         path, ESP_C_NAME_MAX);
}

/* ---- the files ---- */

/* Bytes. */
static size_t memory_of(const esp__c_writer *w) {
  const size_t numbers = w->plan->numbers * esp__c_number_bytes(w->net),
               frame = esp__c_sounds_memory(w);
  return numbers > frame ? numbers : frame;
}

/* What is said of the answers. */
static void write_promise(const esp__c_writer *w) {
  const char *answers = esp__c_answers_word(w);
  if (w->net->quantised)
    fprintf(w->out,
            " * It computes with integers, and its %s are those of `espalier eval` to the bit. "
            "*/\n",
            answers);
  else
    fprintf(w->out,
            " * Its %s have the bits that `espalier eval` computes%s. Sums keep\n"
            " * their order, and are rounded as written; so no -ffast-math, please. */\n",
            answers, w->net->by_winograd ? " with model.convolution = direct" : "");
}

/* Whether more is done with floats than one product for each answer. */
static bool rounds_floats(const esp__network *n) {
  return !n->quantised || n->source->features || n->source->targets.count > 0;
}

/* What a compiler must do as written, and what numbers and their sums are. */
static void write_types(const esp__c_writer *w) {
  if (rounds_floats(w->net))
    fputs(
        "#if defined(__FAST_MATH__) || (defined(FLT_EVAL_METHOD) && FLT_EVAL_METHOD != 0)\n"
        "#error \"expected a compiler that rounds each operation to float\"\n"
        "#endif\n",
        w->out);
  if (w->net->quantised)
    fputs(
        "#if (-1 >> 1) != -1\n"
        "#error \"expected a compiler that keeps the sign when it shifts to the right\"\n"
        "#endif\n",
        w->out);
  fputs(w->net->quantised ? "\ntypedef int8_t number;\ntypedef int32_t total;\n\n"
                          : "\ntypedef float number, total;\n\n",
        w->out);
}

static void write_opening(const esp__c_writer *w) {
  fprintf(w->out,
          "/* Made by espalier export: a network in C99 that needs no other file but %s.h.\n *\n",
          w->name);
  write_promise(w);
  fprintf(w->out,
          "#include \"%s.h\"\n\n"
          "#include <float.h>\n"
          "#include <limits.h>\n"
          "#include <stddef.h>\n"
          "#include <stdint.h>\n"
          "#include <string.h>\n\n"
          "#if INT_MAX < 2147483647\n"
          "#error \"expected an int of 32 bits or more\"\n"
          "#endif\n",
          w->name);
  write_types(w);
}

/* Integers share memory with the sums that they come from, and a frame of a sound with all. */
static void write_memory(const esp__c_writer *w) {
  const size_t sums = w->plan->numbers / esp__c_sum_numbers(w->net),
               doubles = esp__c_sounds_memory(w) / sizeof(double);
  fprintf(w->out, "static union {\n  total sums[%zu];\n", sums);
  if (doubles > 0) fprintf(w->out, "  double frame[%zu];\n", doubles);
  fputs("} room;\n\n", w->out);
}

static void write_function(const esp__c_writer *w) {
  esp__c_write_signature(w, w->out);
  fputs(" {\n", w->out);
  if (w->net->quantised)
    fputs("  total *const sums = room.sums;\n  number *const memory = (number *)sums;\n", w->out);
  else
    fputs("  number *const memory = room.sums;\n", w->out);
  for (int k = 0; k < w->plan->steps; k++) {
    if (w->plan->step[k].moves) esp__c_write_call(w, &w->plan->step[k]);
  }
  esp__c_write_answers(w);
  fputs("}\n", w->out);
}

static void write_source(esp__c_writer *w) {
  esp__c_pieces wanted = esp__c_answer_pieces(w->net) | esp__c_sound_pieces(w);
  for (int k = 0; k < w->plan->steps; k++) wanted |= esp__c_step_pieces(w->net, &w->plan->step[k]);
  write_opening(w);
  esp__c_define_names(w);
  esp__c_runtime_write(w->out, wanted, esp__c_any_shared(w));
  esp__c_write_ends(w);
  esp__c_write_sound_tables(w);
  for (int k = 0; k < w->plan->steps; k++) esp__c_write_constants(w, &w->plan->step[k]);
  write_memory(w);
  write_function(w);
  esp__c_write_sound_function(w);
}

static void write_header(const esp__c_writer *w, FILE *out) {
  fprintf(out,
          "/* Made by espalier export: a network in C99. */\n"
          "#ifndef %s_H\n#define %s_H\n\n"
          "%s"
          "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n",
          w->upper, w->upper, w->spectrum ? "#include <stdint.h>\n\n" : "");
  esp__c_write_sizes(w, out);
  esp__c_write_sound_sizes(w, out);
  esp__c_write_names(w, out);
  esp__c_write_sound_usage(w, out);
  esp__c_write_usage(w, out);
  fprintf(out, " * One call at a time: it works in memory of its own, %zu bytes. */\n",
          memory_of(w));
  esp__c_write_signature(w, out);
  fputs(";\n\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n", out);
}

/* The header's name is the source's, with its last letter changed. */
static esp_status write_files(esp__c_writer *w, const char *path, esp_error *err) {
  esp__text source, header;
  char *header_path = strdup(path);
  if (!header_path) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for a name");
  header_path[strlen(path) - 1] = 'h';
  esp_status status = esp__text_begin(&source, "the source", err);
  if (status == ESP_OK) {
    w->out = source.out;
    write_source(w);
    status = esp__text_write(&source, path, err);
  }
  if (status == ESP_OK && (status = esp__text_begin(&header, "the header", err)) == ESP_OK) {
    write_header(w, header.out);
    status = esp__text_write(&header, header_path, err);
    if (status != ESP_OK) unlink(path);
  }
  free(header_path);
  return status;
}

/* ---- all of it ---- */

static esp_status code_weights(esp__c_writer *w, esp_error *err) {
  w->weights = calloc((size_t)w->net->ops, sizeof *w->weights);
  if (!w->weights) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the weights");
  for (int k = 0; k < w->plan->steps; k++) {
    const int layer = w->plan->step[k].layer;
    const esp_param *p = layer >= 0 ? w->net->op[layer].param[0] : NULL;
    if (p && !w->weights[layer].value)
      ESP_TRY(esp__c_weights_make(&w->weights[layer], p, w->net->quantised, err));
  }
  return ESP_OK;
}

static void free_weights(esp__c_writer *w) {
  for (int i = 0; w->weights && i < w->net->ops; i++) esp__c_weights_free(&w->weights[i]);
  free(w->weights);
}

static esp_status export_plan(const esp__c_plan *p, const char *path, esp_c_sizes *sizes,
                              esp_error *err) {
  esp_spectrum *spectrum;
  ESP_TRY(esp__c_sounds_open(&spectrum, p->net->source, err));
  esp__c_writer w = {.plan = p, .net = p->net, .spectrum = spectrum};
  esp_status status = take_name(&w, path, err);
  if (status == ESP_OK) status = code_weights(&w, err);
  if (status == ESP_OK) status = write_files(&w, path, err);
  free_weights(&w);
  *sizes = (esp_c_sizes){w.constants, memory_of(&w), p->net->by_winograd};
  esp__spectrum_free(spectrum);
  return status;
}

esp_status esp_export_c(const esp_export_source *s, const char *path, esp_c_sizes *sizes,
                        esp_error *err) {
  esp__network n;
  esp__c_plan p;
  ESP_TRY(esp__network_read(&n, s, ESP_NETWORK_INTEGERS, "a program in C", err));
  esp_status status = esp__c_plan_make(&p, &n, err);
  if (status == ESP_OK) {
    status = export_plan(&p, path, sizes, err);
    esp__c_plan_free(&p);
  }
  esp__network_free(&n);
  return status;
}
