/* Pictures: shifted, mirrored, blanked in part, and normalised by a table. */
#include "data/fill.h"

#include "base/mathx.h"
#include "data/mapping.h"
#include "data/scale.h"
#include "data/set.h"

#include <espalier/tensor.h>

#include <math.h>
#include <string.h>

/* How one image is changed in one epoch. */
typedef struct change {
  int down, right;  /* output (row, column) shows source (row + down, column + right) */
  bool flip;        /* afterwards, left and right */
  esp__crop window; /* of the image, resized to all of it first; height 0 = none */
  int top, left;    /* of the blank square, may lie outside */
} change;

enum { DRAW_DOWN, DRAW_RIGHT, DRAW_FLIP, DRAW_CUT_ROW, DRAW_CUT_COLUMN, DRAW_WINDOW };
enum { DRAW_AREA, DRAW_RATIO, DRAW_TOP, DRAW_LEFT, DRAWS };

/* A window of at least the share `least` of the image, of proportions between 3:4 and 4:3, each as
 * likely as its inverse (Szegedy et al. 2015); after ten that do not fit, all of the image. */
static esp__crop draw_window(esp_shape s, double least, esp_key key) {
  enum { TRIES = 10 };
  for (uint64_t t = DRAW_WINDOW; t < DRAW_WINDOW + TRIES * DRAWS; t += DRAWS) {
    const double share = least + (1.0 - least) * (double)esp_random_uniform(key, t + DRAW_AREA),
                 area = share * s.height * s.width,
                 turn = 2.0 * (double)esp_random_uniform(key, t + DRAW_RATIO) - 1.0,
                 ratio = esp__exp(turn * esp__log(4.0 / 3.0));
    const int width = (int)(sqrt(area * ratio) + 0.5), height = (int)(sqrt(area / ratio) + 0.5);
    if (width < 1 || width > s.width || height < 1 || height > s.height) continue;
    return (esp__crop){esp_random_below(key, t + DRAW_TOP, (uint32_t)(s.height - height) + 1),
                       esp_random_below(key, t + DRAW_LEFT, (uint32_t)(s.width - width) + 1),
                       height, width};
  }
  return (esp__crop){0.0, 0.0, s.height, s.width};
}

/* A function of seed, epoch and image alone, whoever asks and when. */
static change draw_change(const esp__filler *f, uint64_t epoch, uint32_t image) {
  const esp_loader_options *opt = &f->opt;
  esp_key key = esp_key_of(esp_key_of(esp_key_of(opt->seed, ESP_STREAM_AUGMENT), epoch), image);
  change ch = {0};
  if (opt->crop) {
    uint32_t range = 2 * (uint32_t)opt->crop_padding + 1;
    ch.down = (int)esp_random_below(key, DRAW_DOWN, range) - opt->crop_padding;
    ch.right = (int)esp_random_below(key, DRAW_RIGHT, range) - opt->crop_padding;
  }
  if (opt->crop_area > 0.0) ch.window = draw_window(f->shape, opt->crop_area, key);
  if (opt->flip) ch.flip = esp_random_below(key, DRAW_FLIP, 2) == 1;
  if (opt->cutout_size > 0) {
    ch.top =
        (int)esp_random_below(key, DRAW_CUT_ROW, (uint32_t)f->shape.height) - opt->cutout_size / 2;
    ch.left = (int)esp_random_below(key, DRAW_CUT_COLUMN, (uint32_t)f->shape.width) -
              opt->cutout_size / 2;
  }
  return ch;
}

/* Row `y` of a plane after shift and flip; what lies outside the plane is black. */
static void copy_row(uint8_t *to, const uint8_t *plane, esp_shape shape, int y, const change *ch) {
  int width = shape.width, row = y + ch->down;
  if (row < 0 || row >= shape.height) {
    memset(to, 0, (size_t)width);
    return;
  }
  const uint8_t *from = plane + (size_t)row * (size_t)width;
  int first = ch->right < 0 ? -ch->right : 0, end = ch->right > 0 ? width - ch->right : width;
  memset(to, 0, (size_t)first);
  memcpy(to + first, from + first + ch->right, (size_t)(end - first));
  memset(to + end, 0, (size_t)(width - end));
  for (int x = 0; ch->flip && x < width / 2; x++) {
    uint8_t other = to[x];
    to[x] = to[width - 1 - x];
    to[width - 1 - x] = other;
  }
}

/* Blanks the square in one lane of a block. */
static void cut_out(const esp__filler *f, const change *ch, int lane, float *block) {
  int size = f->opt.cutout_size, height = f->shape.height, width = f->shape.width;
  int top = ch->top < 0 ? 0 : ch->top, left = ch->left < 0 ? 0 : ch->left;
  int bottom = ch->top + size < height ? ch->top + size : height;
  int right = ch->left + size < width ? ch->left + size : width;
  for (int c = 0; c < f->shape.channels; c++)
    for (int y = top; y < bottom; y++)
      for (int x = left; x < right; x++)
        block[(((size_t)c * (size_t)height + (size_t)y) * (size_t)width + (size_t)x) * ESP_LANES +
              (size_t)lane] = 0.0f;
}

static void transpose_row(const uint8_t *rows, size_t width, const float *level, float *to) {
  for (size_t x = 0; x < width; x++)
    for (size_t lane = 0; lane < ESP_LANES; lane++)
      to[x * ESP_LANES + lane] = level[rows[lane * width + x]];
}

/* The image, or what its window becomes. */
static const uint8_t *source_of(const esp__filler *f, uint32_t index, int lane, const change *ch) {
  const size_t plane = esp__plane_values(f->shape), image = esp__image_values(f->shape);
  const uint8_t *from = f->images->pixels + index * image;
  uint8_t *to = f->resized + (size_t)lane * image;
  if (!f->resized) return from;
  for (size_t c = 0; c < (size_t)f->shape.channels; c++)
    esp__scale(&(esp__source){from + c * plane, 1, f->shape.height, f->shape.width}, ch->window,
               f->shape, to + c * plane);
  return to;
}

void esp__fill_pixels(esp__filler *f, uint64_t epoch, const uint32_t *index, int lanes,
                      float *block) {
  size_t width = (size_t)f->shape.width, plane = esp__plane_values(f->shape),
         image = esp__image_values(f->shape);
  change ch[ESP_LANES];
  const uint8_t *from[ESP_LANES];
  for (int lane = 0; lane < lanes; lane++) {
    ch[lane] = draw_change(f, epoch, index[lane]);
    from[lane] = source_of(f, index[lane], lane, &ch[lane]);
  }
  float *to = block;
  for (int c = 0; c < f->shape.channels; c++)
    for (int y = 0; y < f->shape.height; y++, to += width * ESP_LANES) {
      for (int lane = 0; lane < lanes; lane++)
        copy_row(f->rows + (size_t)lane * width, from[lane] + (size_t)c * plane, f->shape, y,
                 &ch[lane]);
      transpose_row(f->rows, width, f->level[c], to);
    }
  for (int lane = 0; lane < lanes; lane++) esp__values_touched(f->images, image);
  for (int lane = 0; f->opt.cutout_size > 0 && lane < lanes; lane++)
    cut_out(f, &ch[lane], lane, block);
}
