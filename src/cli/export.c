/* espalier export: a trained network for programs that are not Espalier */
#include "base/replace.h"
#include "base/shown.h"
#include "cli/cli.h"

#include <espalier/export.h>
#include <espalier/run.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

typedef struct export_options {
  const char *out;
  bool sparse, int8;
} export_options;

static const esp__argument arguments[] = {
    {.name = "output",
     .letter = 'o',
     .type = ESP_ARGUMENT_TEXT,
     .offset = offsetof(export_options, out),
     .value = "OUT",
     .expected = "a file name",
     .required = true,
     .kind = ESP_WORD_FILE,
     .help = "The file to write: .onnx, or .c, beside which there will be a .h. "
             "Only a file that was exported is replaced."},
    {.name = "sparse",
     .type = ESP_ARGUMENT_FLAG,
     .offset = offsetof(export_options, sparse),
     .help = "ONNX: weights of which fewer than a third are not 0 become sparse initializers."},
    {.name = "int8",
     .type = ESP_ARGUMENT_FLAG,
     .offset = offsetof(export_options, int8),
     .help = "ONNX, of a quantised network: integers, with QuantizeLinear and DequantizeLinear. "
             "In C they are integers anyway."},
    {0},
};

static bool ends_with(const char *path, const char *ending) {
  const size_t length = strlen(path), end = strlen(ending);
  return length > end && strcmp(path + length - end, ending) == 0;
}

/* All that is exported names its maker in its first bytes. */
static esp_status check_output(const char *path, esp_error *err) {
  return esp__check_replaced(path, "espalier", "was not exported", err);
}

static void print_size(const char *path) {
  struct stat info = {0};
  if (stat(path, &info) == 0)
    printf("%12" PRIdMAX " bytes  %s\n", (intmax_t)info.st_size, ESP_SHOWN(path));
}

static esp_status export_onnx(const esp_export_source *s, const export_options *o, esp_error *err) {
  if (o->sparse && o->int8)
    return esp_fail(err, ESP_ERR_INPUT,
                    "--sparse --int8: expected one of them; what a sparse initializer keeps takes "
                    "9 bytes a weight");
  const esp_onnx_form form = o->int8 ? ESP_ONNX_INT8 : o->sparse ? ESP_ONNX_SPARSE : ESP_ONNX_DENSE;
  ESP_TRY(esp_export_onnx(s, form, o->out, err));
  print_size(o->out);
  return ESP_OK;
}

static esp_status export_c(const esp_export_source *s, const export_options *o, esp_error *err) {
  char header[4096];
  esp_c_sizes sizes;
  if (o->sparse)
    return esp_fail(err, ESP_ERR_INPUT,
                    "--sparse: expected with .onnx; what is 0 is not in %s anyway", o->out);
  if (o->int8)
    return esp_fail(err, ESP_ERR_INPUT,
                    "--int8: expected with .onnx; in %s a quantised network is integers anyway",
                    o->out);
  if (strlen(o->out) >= sizeof header)
    return esp_fail(err, ESP_ERR_INPUT, "%.40s...: the name is too long", o->out);
  strcpy(header, o->out);
  header[strlen(header) - 1] = 'h';
  ESP_TRY(check_output(header, err));
  ESP_TRY(esp_export_c(s, o->out, &sizes, err));
  print_size(o->out);
  print_size(header);
  printf("flash: %zu bytes of tables, and the code\nRAM: %zu bytes, and the stack\n",
         sizes.constants, sizes.memory);
  if (sizes.by_winograd)
    puts("eval runs layers by Winograd; the bits are those of model.convolution=direct");
  return ESP_OK;
}

static const struct {
  const char *ending;
  esp_status (*write)(const esp_export_source *s, const export_options *o, esp_error *err);
} forms[] = {{".onnx", export_onnx}, {".c", export_c}};
enum { FORMS = sizeof forms / sizeof *forms };

static esp_status find_form(const char *path, size_t *form, esp_error *err) {
  for (*form = 0; *form < FORMS; ++*form)
    if (ends_with(path, forms[*form].ending)) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT, "%s: expected a name that ends with .onnx or .c", path);
}

static bool takes_sounds(const esp_config *c) {
  return strcmp(c->data.dataset, "audio") == 0;
}
static bool takes_features(const esp_config *c) {
  return esp_dataset_kind_find(c->data.dataset)->element == ESP_FEATURES;
}

static esp_status run(const esp__arguments *a, esp_error *err) {
  const export_options *options = a->options;
  esp_loaded_run o;
  size_t form;
  ESP_TRY(find_form(options->out, &form, err));
  ESP_TRY(check_output(options->out, err));
  ESP_TRY(esp_load_run(&o, a->positional.item[0], false, 0, NULL, err));
  const esp_export_source source = {.model = o.model,
                                    .class_name = o.class_name,
                                    .mean = o.mean,
                                    .std = o.std,
                                    .features = takes_features(&o.config),
                                    .audio = takes_sounds(&o.config) ? &o.config.data.audio : NULL,
                                    .targets = o.targets};
  const esp_status status = forms[form].write(&source, options, err);
  esp_loaded_run_free(&o);
  return status;
}

const esp__command esp__command_export = {
    .name = "export",
    .summary = "a trained network for other programs: an ONNX file, or C sources",
    .description =
        "What is exported takes raw pixels, 0 to 255, or features as the data have them, and "
        "returns logits, or targets in their units; normalisation and names are part of it. "
        "C sources of a network of sounds make the features of samples as well.\n",
    .positional = ESP_ONE_NETWORK,
    .plugins = true,
    .options = arguments,
    .options_bytes = sizeof(export_options),
    .run = run,
};
