/* Networks for large images, in the form in which they were trained on ImageNet, 224x224. */
#include "nn/arch.h"

/* ---- resnet<D>-imagenet (He et al. 2016, table 1; the stride of a bottleneck in its 3x3, as
 * torchvision has it) ---- */

enum { STAGES = 4 };

typedef struct stages {
  int depth;
  bool bottleneck;
  int blocks[STAGES];
} stages;

static const stages *stages_of(int depth) {
  static const stages known[] = {
      {18, false, {2, 2, 2, 2}}, {34, false, {3, 4, 6, 3}}, {50, true, {3, 4, 6, 3}}};
  const stages *s = known;
  while (s->depth != depth) s++;
  return s;
}

static const char *strided(bool down) {
  return down ? " stride 2" : "";
}

/* The first of a stage has a shortcut with weights where the shape changes. */
static void block(FILE *out, bool bottleneck, int channels, bool down, bool changes) {
  const int outputs = bottleneck ? 4 * channels : channels;
  fputs("residual\n", out);
  if (bottleneck)
    fprintf(out, "conv %d 1x1\nbn\nrelu\nconv %d 3x3%s\nbn\nrelu\nconv %d 1x1\nbn\n", channels,
            channels, strided(down), outputs);
  else
    fprintf(out, "conv %d 3x3%s\nbn\nrelu\nconv %d 3x3\nbn\n", channels, strided(down), outputs);
  if (changes) fprintf(out, "shortcut\nconv %d 1x1%s\nbn\n", outputs, strided(down));
  fputs("end\nrelu\n", out);
}

esp_status esp__arch_resnet_imagenet(FILE *out, const esp__arch_ask *ask, esp_error *err) {
  const stages *s = stages_of(ask->depth);
  (void)err;
  fputs("conv 64 7x7 stride 2\nbn\nrelu\nmaxpool 3 stride 2 pad 1\n", out);
  for (int stage = 0; stage < STAGES; stage++) {
    fprintf(out, "group layer%d\n", stage + 1);
    block(out, s->bottleneck, 64 << stage, stage > 0, stage > 0 || s->bottleneck);
    fprintf(out, "repeat %d\n", s->blocks[stage] - 1);
    block(out, s->bottleneck, 64 << stage, false, false);
    fputs("end\nend\n", out);
  }
  fputs("global_avgpool\nflatten\nlinear classes\n", out);
  return ESP_OK;
}

/* ---- mobilenetv2-imagenet (Sandler et al. 2018, table 2) ---- */

/* The sum of a block has no non-linearity: its channels are a bottleneck. */
static void inverted_residual(FILE *out, int inputs, int expansion, int channels, int stride) {
  const bool adds = stride == 1 && inputs == channels;
  fputs(adds ? "residual\n" : "group\n", out);
  if (expansion > 1) fprintf(out, "conv %d 1x1\nbn\nrelu6\n", expansion * inputs);
  fprintf(out, "depthwise 3x3%s\nbn\nrelu6\nconv %d 1x1\nbn\nend\n", strided(stride == 2),
          channels);
}

esp_status esp__arch_mobilenetv2(FILE *out, const esp__arch_ask *ask, esp_error *err) {
  static const struct {
    int expansion, channels, times, stride;
  } rows[] = {{1, 16, 1, 1}, {6, 24, 2, 2},  {6, 32, 3, 2}, {6, 64, 4, 2},
              {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};
  int inputs = 32;
  (void)ask;
  (void)err;
  fputs("conv 32 3x3 stride 2\nbn\nrelu6\ngroup blocks\n", out);
  for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
    for (int i = 0; i < rows[r].times; i++, inputs = rows[r].channels)
      inverted_residual(out, inputs, rows[r].expansion, rows[r].channels, i ? 1 : rows[r].stride);
  fputs("end\nconv 1280 1x1\nbn\nrelu6\nglobal_avgpool\nflatten\ndropout 0.2\nlinear classes\n",
        out);
  return ESP_OK;
}
