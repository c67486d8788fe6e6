/* Built-in networks for texts and sounds. Texts begin with an embedding; of pictures and
 * spectrograms each row is a token. */
#include "nn/arch.h"

/* What makes a sequence of the data; `channels` of each token where that is to be chosen. */
static void begin(FILE *out, const esp__arch_ask *ask, int channels) {
  if (ask->input.vocabulary)
    fprintf(out, "embedding %d\n", channels);
  else if (ask->input.height > 1)
    fputs("rows\n", out);
}

esp_status esp__arch_textcnn(FILE *out, const esp__arch_ask *ask, esp_error *err) {
  (void)err;
  begin(out, ask, 128);
  for (int size = 3; size <= 5; size++)
    fprintf(out, "%s\nconv 100 1x%d\nrelu\ntoken_max\n", size == 3 ? "concat" : "branch", size);
  fputs("end\ndropout 0.5\nlinear classes\n", out);
  return ESP_OK;
}

static esp_status write_recurrent(FILE *out, const esp__arch_ask *ask, const char *cell) {
  begin(out, ask, ask->width);
  fprintf(out, "%s %d\ntoken_last\nlinear classes\n", cell, ask->width);
  return ESP_OK;
}

esp_status esp__arch_lstm(FILE *out, const esp__arch_ask *ask, esp_error *err) {
  (void)err;
  return write_recurrent(out, ask, "lstm");
}

esp_status esp__arch_gru(FILE *out, const esp__arch_ask *ask, esp_error *err) {
  (void)err;
  return write_recurrent(out, ask, "gru");
}

/* Normalised before each half of a block (Xiong et al. 2020), which trains without a warm-up. */
esp_status esp__arch_transformer(FILE *out, const esp__arch_ask *ask, esp_error *err) {
  const int width = ask->width;
  if (width % ask->heads)
    return esp_fail(err, ESP_ERR_INPUT,
                    "model.arch: transformer-%d-%d-%d: %d heads do not divide %d channels; "
                    "expected transformer-LAYERS-CHANNELS-HEADS",
                    ask->depth, width, ask->heads, ask->heads, width);
  begin(out, ask, width);
  if (!ask->input.vocabulary) fprintf(out, "conv %d 1x1\n", width);
  fprintf(out,
          "positions\nrepeat %d\nresidual\nlayernorm\nconv %d 1x1\nattention %d\nconv %d 1x1\nend\n"
          "residual\nlayernorm\nconv %d 1x1\ngelu\nconv %d 1x1\nend\nend\nlayernorm\ntoken_mean\n"
          "linear classes\n",
          ask->depth, 3 * width, ask->heads, width, 4 * width, width);
  return ESP_OK;
}

/* The depthwise separable networks of Zhang et al. 2017, by channels: blocks, and the first two
 * strides. */
esp_status esp__arch_ds_cnn(FILE *out, const esp__arch_ask *ask, esp_error *err) {
  const bool small = ask->width == 64;
  (void)err;
  fprintf(out, "conv %d 10x4 stride 2x%d pad 5x%d\nbn\nrelu\n", ask->width, small ? 2 : 1,
          small ? 1 : 2);
  for (int i = 0; i < ask->depth; i++)
    fprintf(out, "group\ndepthwise 3x3%s\nbn\nrelu\nconv %d 1x1\nbn\nrelu\nend\n",
            i == 0 && !small ? " stride 2" : "", ask->width);
  fputs("global_avgpool\nflatten\nlinear classes\n", out);
  return ESP_OK;
}

esp_status esp__arch_kws_dnn(FILE *out, const esp__arch_ask *ask, esp_error *err) {
  (void)err;
  fputs("flatten\n", out);
  for (int i = 0; i < 3; i++) fprintf(out, "linear %d\nrelu\n", ask->width);
  fputs("linear classes\n", out);
  return ESP_OK;
}
