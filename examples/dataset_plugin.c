/* A data set of one's own, as a plugin.
 *
 *     cc -shared -fPIC dataset_plugin.c $(pkg-config --cflags espalier) -o dataset_plugin.so
 *     espalier run experiment.ini
 *
 * with
 *
 *     [run]
 *     plugins = dataset_plugin.so
 *     [data]
 *     dataset = slopes
 *
 * This one draws: grey images of 16x16 with a line that goes up or down. A reader of files would
 * take them from opt->path. Whatever is random comes from `seed` and numbers (espalier/random.h),
 * not from rand(), so that a run and its repetition see the same images on every machine. */
#include <espalier/data.h>
#include <espalier/plugin.h>

#include <stdlib.h>
#include <string.h>

enum { SIDE = 16, CLASSES = 2, TRAIN = 512, TEST = 128 };
static const char *const names[CLASSES] = {"up", "down"};

/* A line of slope 1 or -1 through a point near the middle, on noise. */
static int draw(uint8_t *pixels, esp_key key) {
  const int label = (int)esp_random_below(key, 0, CLASSES);
  const int shift = (int)esp_random_below(key, 1, 7) - 3;
  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x++) {
      const int along = label == 0 ? SIDE - 1 - y : y;
      const uint32_t noise = esp_random_below(key, (uint64_t)(2 + y * SIDE + x), 96);
      pixels[y * SIDE + x] = (uint8_t)(noise + (x - along == shift ? 128 : 0));
    }
  return label;
}

/* esp_dataset_free frees what is allocated here, also when loading fails. */
static esp_status draw_all(esp_images *images, uint32_t count, esp_key key, esp_error *err) {
  images->pixels = (uint8_t *)malloc((size_t)count * SIDE * SIDE);
  images->labels = (int32_t *)malloc(count * sizeof *images->labels);
  if (!images->pixels || !images->labels)
    return esp_fail(err, ESP_ERR_MEMORY, "slopes: out of memory");
  for (uint32_t i = 0; i < count; i++)
    images->labels[i] = draw(images->pixels + (size_t)i * SIDE * SIDE, esp_key_of(key, i));
  images->count = count;
  return ESP_OK;
}

static esp_status load(esp_dataset *set, const esp_data_options *opt, esp_shape wanted,
                       esp_key seed, esp_error *err) {
  const esp_shape shape = {1, SIDE, SIDE};
  (void)opt;    /* opt->train and opt->test are applied to what is loaded */
  (void)wanted; /* the input of the model, for data that can be resized */
  set->shape = shape;
  set->classes = CLASSES;
  set->class_name = (char **)calloc(CLASSES, sizeof *set->class_name);
  for (int c = 0; set->class_name && c < CLASSES; c++) set->class_name[c] = strdup(names[c]);
  if (!set->class_name || !set->class_name[0] || !set->class_name[1])
    return esp_fail(err, ESP_ERR_MEMORY, "slopes: out of memory");
  ESP_TRY(draw_all(&set->train, TRAIN, esp_key_of(seed, 0), err));
  return draw_all(&set->test, TEST, esp_key_of(seed, 1), err);
}

static const esp_dataset_kind slopes = {
    "slopes", "grey images of 16x16 with a line that goes up or down", load};

static esp_status start(esp_error *err) {
  return esp_dataset_kind_register(&slopes, err);
}

const esp_plugin esp_plugin_entry = {ESP_PLUGIN_ABI, "slopes", "1.0", start};
