/* A set that needs no files: ten kinds of figures, drawn from the seed. Whole numbers only, so that
 * every machine draws the same bytes. */
#include "data/set.h"

#include <stdlib.h>

enum { SIDE = 32, UNIT = 16 /* lengths are in sixteenths of a pixel */, COUNT_MAX = 1000000 };
enum { DEFAULT_TRAIN = 10000, DEFAULT_TEST = 2000 };

/* What one image shows. */
typedef struct scene {
  int x, y, radius; /* of the figure */
  int cell, phase;  /* of patterns: width of a stripe, where it begins */
  int front[3], back[3];
  int slope[3]; /* change of the background from left to right */
} scene;

/* Whether a point, relative to the centre, belongs to the figure. */
typedef bool covers(const scene *s, int u, int v);

static bool in_square(const scene *s, int u, int v) {
  return abs(u) <= s->radius && abs(v) <= s->radius;
}
static int stripe(const scene *s, int along) {
  return (along + 4 * s->radius + s->phase) / s->cell & 1;
}

static bool circle(const scene *s, int u, int v) {
  return u * u + v * v <= s->radius * s->radius;
}
static bool square(const scene *s, int u, int v) {
  return 8 * abs(u) <= 7 * s->radius && 8 * abs(v) <= 7 * s->radius;
}
static bool triangle(const scene *s, int u, int v) {
  return v <= s->radius && 2 * abs(u) <= v + s->radius;
}
static bool ring(const scene *s, int u, int v) {
  return circle(s, u, v) && 9 * (u * u + v * v) >= 4 * s->radius * s->radius;
}
static bool cross(const scene *s, int u, int v) {
  return in_square(s, u, v) && (3 * abs(u) <= s->radius || 3 * abs(v) <= s->radius);
}
static bool rows(const scene *s, int u, int v) {
  return in_square(s, u, v) && stripe(s, v);
}
static bool columns(const scene *s, int u, int v) {
  return in_square(s, u, v) && stripe(s, u);
}
static bool diagonals(const scene *s, int u, int v) {
  return in_square(s, u, v) && stripe(s, u + v);
}
static bool checker(const scene *s, int u, int v) {
  return in_square(s, u, v) && stripe(s, u) != stripe(s, v);
}
static bool saltire(const scene *s, int u, int v) {
  return in_square(s, u, v) && (2 * abs(u + v) <= s->radius || 2 * abs(u - v) <= s->radius);
}

static const struct {
  const char *name;
  covers *covers;
} figures[] = {{"circle", circle},   {"square", square},       {"triangle", triangle},
               {"ring", ring},       {"cross", cross},         {"rows", rows},
               {"columns", columns}, {"diagonals", diagonals}, {"checker", checker},
               {"saltire", saltire}};
enum { FIGURES = sizeof figures / sizeof *figures };

/* Draws of one image are numbered: what each number decides. */
enum {
  DRAW_LABEL,
  DRAW_X,
  DRAW_Y,
  DRAW_RADIUS,
  DRAW_CELL,
  DRAW_PHASE,
  DRAW_SLOPE,
  DRAW_COLOUR = 16,
  DRAW_NOISE = 256
};

static int draw_between(esp_key key, uint64_t index, int low, int high) {
  return low + (int)esp_random_below(key, index, (uint32_t)(high - low + 1));
}

/* Two colours, again until they differ enough to see. */
static void draw_colours(scene *s, esp_key key) {
  for (uint64_t attempt = 0, contrast = 0; contrast < 120 && attempt < 16; attempt++) {
    contrast = 0;
    uint64_t bits = esp_random(key, DRAW_COLOUR + attempt);
    for (int c = 0; c < 3; c++) {
      s->front[c] = (int)(bits >> (16 * c) & 255);
      s->back[c] = (int)(bits >> (16 * c + 8) & 255);
      contrast += (uint64_t)abs(s->front[c] - s->back[c]);
    }
  }
}

static scene draw_scene(esp_key key) {
  scene s = {.x = draw_between(key, DRAW_X, 11 * UNIT, 21 * UNIT),
             .y = draw_between(key, DRAW_Y, 11 * UNIT, 21 * UNIT),
             .radius = draw_between(key, DRAW_RADIUS, 6 * UNIT, 11 * UNIT),
             .cell = draw_between(key, DRAW_CELL, 2 * UNIT, 4 * UNIT)};
  s.phase = draw_between(key, DRAW_PHASE, 0, 2 * s.cell - 1);
  for (int c = 0; c < 3; c++) s.slope[c] = draw_between(key, DRAW_SLOPE + (uint64_t)c, -64, 64);
  draw_colours(&s, key);
  return s;
}

static uint8_t clamp(int value) {
  return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

static int draw_image(esp_key key, uint8_t *pixels) {
  int label = (int)esp_random_below(key, DRAW_LABEL, FIGURES);
  scene s = draw_scene(key);
  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x++) {
      bool covered =
          figures[label].covers(&s, UNIT * x + UNIT / 2 - s.x, UNIT * y + UNIT / 2 - s.y);
      uint64_t noise = esp_random(key, DRAW_NOISE + (uint64_t)(y * SIDE + x));
      for (int c = 0; c < 3; c++) {
        int level = covered ? s.front[c] : s.back[c] + s.slope[c] * (x - SIDE / 2) / SIDE;
        pixels[(c * SIDE + y) * SIDE + x] = clamp(level + (int)(noise >> (8 * c) & 63) - 32);
      }
    }
  return label;
}

static esp_status draw_split(esp_images *images, esp_shape shape, int64_t count, const char *split,
                             esp_key key, esp_error *err) {
  if (count < 1 || count > COUNT_MAX)
    return esp_fail(err, ESP_ERR_INPUT, "data.%s: %lld images asked for, shapes draws 1 to %d",
                    split, (long long)count, COUNT_MAX);
  ESP_TRY(esp__images_grow(images, esp__image_values(shape), (uint64_t)count, "shapes", err));
  for (uint32_t i = 0; i < images->count; i++)
    images->labels[i] =
        draw_image(esp_key_of(key, i), images->pixels + i * esp__image_values(shape));
  return ESP_OK;
}

static esp_status load(esp_dataset *set, const esp_data_options *opt, esp_shape wanted,
                       esp_key seed, esp_error *err) {
  (void)wanted;
  esp_key key = esp_key_of(seed, ESP_STREAM_SHAPES);
  const char *name[FIGURES];
  for (int i = 0; i < FIGURES; i++) name[i] = figures[i].name;
  set->shape = (esp_shape){3, SIDE, SIDE};
  ESP_TRY(esp__class_names(set, name, FIGURES, err));
  ESP_TRY(draw_split(&set->train, set->shape, opt->train ? opt->train : DEFAULT_TRAIN, "train",
                     esp_key_of(key, 0), err));
  return draw_split(&set->test, set->shape, opt->test ? opt->test : DEFAULT_TEST, "test",
                    esp_key_of(key, 1), err);
}

const esp_dataset_kind esp__dataset_shapes = {
    .name = "shapes",
    .help = "drawn on the spot, no files: ten kinds of figures in 3x32x32, to try things out",
    .load = load,
};
