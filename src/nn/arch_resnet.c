/* Residual networks for small images. */
#include "nn/arch.h"

#include <string.h>

enum { STAGES = 3 };

static esp_status blocks_for(const esp__arch_ask *ask, const char *form, int extra, int *blocks,
                             esp_error *err) {
  *blocks = (ask->depth - extra) / 6;
  if (ask->depth >= 6 + extra && *blocks * 6 + extra == ask->depth) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "model.arch: '%s' cannot be %d deep, expected D = 6n + %d: %d, %d, %d, ...", form,
                  ask->depth, extra, 6 + extra, 12 + extra, 18 + extra);
}

/* ---- resnet<D> (He et al. 2016): after each sum a relu ---- */

static void resnet_block(FILE *out, int channels, bool down, bool projection) {
  fprintf(out, "residual\nconv %d 3x3%s\nbn\nrelu\nconv %d 3x3\nbn\n", channels,
          down ? " stride 2" : "", channels);
  if (down && projection) fprintf(out, "shortcut\nconv %d 1x1 stride 2\nbn\n", channels);
  if (down && !projection) fprintf(out, "shortcut\nsubsample %d stride 2\n", channels);
  fputs("end\nrelu\n", out);
}

esp_status esp__arch_resnet(FILE *out, const esp__arch_ask *ask, esp_error *err) {
  int blocks;
  bool projection = !ask->opt->shortcut || strcmp(ask->opt->shortcut, "identity") != 0;
  ESP_TRY(blocks_for(ask, "resnet<D>", 2, &blocks, err));
  fputs("conv 16 3x3\nbn\nrelu\n", out);
  for (int stage = 0; stage < STAGES; stage++) {
    int channels = 16 << stage, alike = stage ? blocks - 1 : blocks;
    fprintf(out, "group layer%d\n", stage + 1);
    if (stage) resnet_block(out, channels, true, projection);
    if (alike) {
      fprintf(out, "repeat %d\n", alike);
      resnet_block(out, channels, false, projection);
      fputs("end\n", out);
    }
    fputs("end\n", out);
  }
  fputs("global_avgpool\nflatten\nlinear classes\n", out);
  return ESP_OK;
}

/* ---- wrn-<D>-<K> (Zagoruyko & Komodakis 2016): batch norm and relu before each convolution */

/* Where the shape changes, the shortcut too starts behind the first batch norm and relu, as in the
 * authors' code. */
static void wrn_block(FILE *out, int channels, int stride, bool changes) {
  const char *first = "bn\nrelu\n", *open = "residual\n";
  char strided[32] = "";
  if (stride > 1) snprintf(strided, sizeof strided, " stride %d", stride);
  fprintf(out, "%s%sconv %d 3x3%s\nbn\nrelu\nconv %d 3x3 nobias\n", changes ? first : open,
          changes ? open : first, channels, strided, channels);
  if (changes) fprintf(out, "shortcut\nconv %d 1x1%s nobias\n", channels, strided);
  fputs("end\n", out);
}

esp_status esp__arch_wrn(FILE *out, const esp__arch_ask *ask, esp_error *err) {
  int blocks;
  ESP_TRY(blocks_for(ask, "wrn-<D>-<K>", 4, &blocks, err));
  fputs("conv 16 3x3 nobias\n", out);
  for (int stage = 0; stage < STAGES; stage++) {
    int channels = ask->width * (16 << stage);
    fprintf(out, "group layer%d\n", stage + 1);
    wrn_block(out, channels, stage ? 2 : 1, stage || ask->width > 1);
    if (blocks > 1) {
      fprintf(out, "repeat %d\n", blocks - 1);
      wrn_block(out, channels, 1, false);
      fputs("end\n", out);
    }
    fputs("end\n", out);
  }
  fputs("bn\nrelu\nglobal_avgpool\nflatten\nlinear classes\n", out);
  return ESP_OK;
}
