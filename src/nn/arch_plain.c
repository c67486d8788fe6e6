/* Architectures that are one chain of layers. */
#include "nn/arch.h"

/* The first convolution keeps 28x28 by padding; 32x32, as in the paper, shrinks to it. */
esp_status esp__arch_lenet5(FILE *out, const esp__arch_ask *ask, esp_error *err) {
  (void)err;
  bool small = ask->input.height < 32 || ask->input.width < 32;
  fprintf(out,
          "conv 6 5x5 pad %d\nrelu\nmaxpool 2\n"
          "conv 16 5x5 pad 0\nrelu\nmaxpool 2\n"
          "flatten\nlinear 120\nrelu\nlinear 84\nrelu\nlinear classes\n",
          small ? 2 : 0);
  return ESP_OK;
}

/* What papers on pruning call LeNet-5; its only ReLU is that of the linear layer. */
esp_status esp__arch_lenet5_caffe(FILE *out, const esp__arch_ask *ask, esp_error *err) {
  (void)ask;
  (void)err;
  fputs(
      "conv 20 5x5 pad 0\nmaxpool 2\nconv 50 5x5 pad 0\nmaxpool 2\nflatten\nlinear 500\nrelu\n"
      "linear classes\n",
      out);
  return ESP_OK;
}

esp_status esp__arch_mlp(FILE *out, const esp__arch_ask *ask, esp_error *err) {
  const esp_numbers *hidden = &ask->opt->hidden;
  fputs("flatten\n", out);
  for (int i = 0; i < hidden->count; i++) {
    double size = hidden->value[i];
    if (!(size >= 1 && size <= 65536) || size != (int)size)
      return esp_fail(err, ESP_ERR_INPUT, "model.hidden: %g is no whole number from 1 to 65536",
                      size);
    fprintf(out, "linear %d\nrelu\n", (int)size);
  }
  fputs("linear classes\n", out);
  return ESP_OK;
}

esp_status esp__arch_conv(FILE *out, const esp__arch_ask *ask, esp_error *err) {
  (void)err;
  for (int pair = 0, channels = 64; pair < ask->depth / 2; pair++, channels *= 2)
    fprintf(out, "conv %d 3x3\nrelu\nconv %d 3x3\nrelu\nmaxpool 2\n", channels, channels);
  fputs("flatten\nlinear 256\nrelu\nlinear 256\nrelu\nlinear classes\n", out);
  return ESP_OK;
}

/* Convolutions before each of the five poolings, by depth. */
static const int *vgg_stages(int depth) {
  static const int stages[4][6] = {
      {11, 1, 1, 2, 2, 2}, {13, 2, 2, 2, 2, 2}, {16, 2, 2, 3, 3, 3}, {19, 2, 2, 4, 4, 4}};
  int i = 0;
  while (stages[i][0] != depth) i++;
  return stages[i] + 1;
}

/* 32x32 images are 1x1 after five poolings; smaller ones get fewer, and of larger ones the mean is
 * taken. */
esp_status esp__arch_vgg(FILE *out, const esp__arch_ask *ask, esp_error *err) {
  (void)err;
  const int *convolutions = vgg_stages(ask->depth);
  int side = ask->input.height < ask->input.width ? ask->input.height : ask->input.width;
  for (int stage = 0, channels = 64; stage < 5; stage++, side /= 2) {
    for (int i = 0; i < convolutions[stage]; i++) fprintf(out, "conv %d 3x3\nbn\nrelu\n", channels);
    if (side >= 2) fputs("maxpool 2\n", out);
    if (channels < 512) channels *= 2;
  }
  fputs("global_avgpool\nflatten\nlinear classes\n", out);
  return ESP_OK;
}

esp_status esp__arch_mobilenet(FILE *out, const esp__arch_ask *ask, esp_error *err) {
  static const struct {
    int times, channels, stride;
  } blocks[] = {{1, 64, 1},  {1, 128, 2}, {1, 128, 1},  {1, 256, 2}, {1, 256, 1},
                {1, 512, 2}, {5, 512, 1}, {1, 1024, 2}, {1, 1024, 1}};
  (void)ask;
  (void)err;
  fputs("conv 32 3x3\nbn\nrelu\n", out);
  for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
    if (blocks[i].times > 1) fprintf(out, "repeat %d\n", blocks[i].times);
    fputs("group\ndepthwise 3x3", out);
    if (blocks[i].stride > 1) fprintf(out, " stride %d", blocks[i].stride);
    fprintf(out, "\nbn\nrelu\nconv %d 1x1\nbn\nrelu\nend\n", blocks[i].channels);
    if (blocks[i].times > 1) fputs("end\n", out);
  }
  fputs("global_avgpool\nflatten\nlinear classes\n", out);
  return ESP_OK;
}
