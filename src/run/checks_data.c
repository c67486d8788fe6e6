/* Checks of images, batches and what augmentation does to them. */
#include "data/words.h"
#include "run/checks.h"
#include "run/warnings.h"

#include <stdlib.h>
#include <string.h>

/* ---- classes ---- */

/* The names of classes without an image, "cat, dog, ...", as many as there is room for. Returns how
 * many there are. */
static int list_missing(const esp_dataset *set, const bool *seen, char text[256]) {
  int missing = 0;
  *text = '\0';
  for (int c = 0; c < set->classes; c++) {
    if (seen[c]) continue;
    const size_t used = strlen(text);
    missing++;
    if (used + strlen(set->class_name[c]) + 8 < 256)
      snprintf(text + used, 256 - used, "%s%s", used ? ", " : "", set->class_name[c]);
    else if (used < 3 || strcmp(text + used - 3, "...") != 0)
      snprintf(text + used, 256 - used, ", ...");
  }
  return missing;
}

static esp_status check_split(esp_run *r, const esp_images *images, const char *split,
                              esp_error *err) {
  char names[256];
  const esp_dataset *set = r->set;
  bool *seen = calloc((size_t)set->classes, sizeof *seen);
  if (!seen) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the classes");
  for (uint32_t i = 0; i < images->count; i++) seen[images->labels[i]] = true;
  const int missing = list_missing(set, seen, names);
  free(seen);
  if (images->count == 0 || missing == 0) return ESP_OK;
  return esp__run_warn(r, err, "[data] %d of %d classes have no %s image: %s", missing,
                       set->classes, split, names);
}

/* What is learned, or asked, of a class that no image shows is nothing. */
static esp_status check_classes(esp_run *r, esp_error *err) {
  if (r->set->targets.count > 0) return ESP_OK;
  ESP_TRY(check_split(r, &r->set->train, "training", err));
  ESP_TRY(check_split(r, &r->set->validation, "validation", err));
  return check_split(r, &r->set->test, "test", err);
}

/* ---- batches ---- */

static esp_status check_batch(esp_run *r, esp_error *err) {
  const int64_t batch = r->config.train.batch, images = r->set->train.count;
  if (batch <= images) return ESP_OK;
  return esp__run_warn(r, err,
                       "[train] batch = %lld: there are %lld training images, so an epoch is one "
                       "step with all of them",
                       (long long)batch, (long long)images);
}

/* ---- lengths ---- */

static esp_status check_length(esp_run *r, esp_error *err) {
  const esp_dataset *s = r->set;
  const unsigned all = (unsigned)(s->train.count + s->validation.count + s->test.count);
  if (s->longer == 0) return ESP_OK;
  if (s->element == ESP_TOKENS)
    return esp__run_warn(r, err,
                         "[data] length: %u of %u texts have more than %d tokens, and are "
                         "cut behind them",
                         (unsigned)s->longer, all, s->shape.width);
  return esp__run_warn(r, err,
                       "[data] seconds = %g: %u of %u sounds are longer, and are cut at both "
                       "ends",
                       r->config.data.audio.seconds, (unsigned)s->longer, all);
}

/* ---- augmentation ---- */

/* What each word is for. */
static const struct {
  esp__augment word;
  const char *name;
  esp_element of;
} words[] = {{ESP_AUGMENT_CROP, "crop", ESP_PIXELS},
             {ESP_AUGMENT_RESIZED_CROP, "resized-crop", ESP_PIXELS},
             {ESP_AUGMENT_FLIP, "flip", ESP_PIXELS},
             {ESP_AUGMENT_CUTOUT, "cutout", ESP_PIXELS},
             {ESP_AUGMENT_SHIFT, "shift", ESP_FEATURES},
             {ESP_AUGMENT_NOISE, "noise", ESP_FEATURES}};

static esp_status check_words(esp_run *r, esp_error *err) {
  static const char *const nouns[] = {"pictures", "texts", "sounds"};
  const bool table = r->set->column_name != NULL;
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (esp__augment_asked(r->config.data.augment, words[i].word) &&
        (r->set->element != words[i].of || table))
      return esp_fail(err, ESP_ERR_INPUT, "[data] augment = %s: is for %s, and the data are %s",
                      words[i].name, nouns[words[i].of],
                      table ? "a table" : nouns[r->set->element]);
  return ESP_OK;
}

static esp_status check_crop(esp_run *r, esp_error *err) {
  const esp_shape s = r->set->shape;
  const int64_t padding = r->config.data.crop_padding;
  const int side = s.height < s.width ? s.height : s.width;
  if (!esp__augment_asked(r->config.data.augment, ESP_AUGMENT_CROP)) return ESP_OK;
  if (2 * padding < side) return ESP_OK;
  return esp__run_warn(r, err,
                       "[data] crop_padding = %lld: shifts half of an image of %dx%d out of sight, "
                       "or more",
                       (long long)padding, s.height, s.width);
}

/* The square's middle lies anywhere in the image, so one of twice the side always covers it. */
static esp_status check_cutout(esp_run *r, esp_error *err) {
  const esp_shape s = r->set->shape;
  const int64_t size = r->config.data.cutout_size;
  const int side = s.height > s.width ? s.height : s.width;
  if (!esp__augment_asked(r->config.data.augment, ESP_AUGMENT_CUTOUT) || size < side) return ESP_OK;
  if (size >= 2 * side)
    return esp_fail(err, ESP_ERR_INPUT,
                    "[data] cutout_size = %lld: blanks every image of %dx%d; expected less than "
                    "its side of %d",
                    (long long)size, s.height, s.width, side);
  return esp__run_warn(r, err,
                       "[data] cutout_size = %lld: the square is as large as the images of %dx%d, "
                       "and blanks some of them",
                       (long long)size, s.height, s.width);
}

esp__run_check_function *const esp__run_data_checks[] = {
    check_classes, check_batch, check_length, check_words, check_crop, check_cutout, NULL};
