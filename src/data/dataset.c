#include "data/corpus.h"
#include "data/mapping.h"
#include "data/set.h"
#include "sound/spectrum.h"
#include "data/target_scale.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The test images are the same for every seed, so that runs compare. */
static const esp_key test_key = 0;

/* Keeps the number of images the configuration asks for; 0 = all. */
static esp_status limit(esp_images *images, const esp_dataset *set, int64_t wanted, const char *key,
                        esp_key seed, esp_error *err) {
  if (wanted == 0) return ESP_OK;
  if (wanted < 0 || wanted > images->count)
    return esp_fail(err, ESP_ERR_INPUT, "data.%s: %lld images asked for, the data set has %u", key,
                    (long long)wanted, (unsigned)images->count);
  return esp__images_draw(images, esp__image_bytes(set), esp__labels(set), (uint32_t)wanted, seed,
                          err);
}

static esp_status split(esp_dataset *set, int64_t validation, esp_key seed, esp_error *err) {
  if (validation < 0 || validation >= set->train.count)
    return esp_fail(err, ESP_ERR_INPUT,
                    "data.validation: %lld images asked for, must be fewer than the %u to train on",
                    (long long)validation, (unsigned)set->train.count);
  return esp__images_split(&set->train, &set->validation, esp__image_bytes(set),
                           (uint32_t)validation, seed, err);
}

/* Mean and standard deviation of a channel of the training split. The sums are whole numbers, so
 * exact. A constant channel gets a deviation of one grey level: something to divide by. */
static void measure_pixels(const esp_dataset *set, int channel, float *mean, float *std) {
  size_t plane = esp__plane_values(set->shape), image = esp__image_values(set->shape);
  const uint8_t *first = set->train.pixels + (size_t)channel * plane;
  uint64_t sum = 0, squares = 0;
  for (uint32_t i = 0; i < set->train.count; i++) {
    const uint8_t *pixel = first + i * image;
    for (size_t p = 0; p < plane; p++) {
      sum += pixel[p];
      squares += (uint32_t)pixel[p] * pixel[p];
    }
    esp__values_touched(&set->train, plane);
  }
  double n = (double)set->train.count * (double)plane;
  double level = (double)sum / n, variance = (double)squares / n - level * level;
  double deviation = sqrt(variance > 1.0 ? variance : 1.0);
  *mean = (float)(level / 255.0);
  *std = (float)(deviation / 255.0);
}

/* The same of features: deviations from the channel's mean are summed, image after image. */
static void measure_features(const esp_dataset *set, int channel, float *mean, float *std) {
  const size_t plane = esp__plane_values(set->shape), image = esp__image_values(set->shape);
  const float *first = set->train.features + (size_t)channel * plane;
  const double n = (double)set->train.count * (double)plane;
  double sum = 0.0, squares = 0.0;
  for (uint32_t i = 0; i < set->train.count; i++)
    for (size_t p = 0; p < plane; p++) sum += (double)first[i * image + p];
  const double level = sum / n;
  for (uint32_t i = 0; i < set->train.count; i++)
    for (size_t p = 0; p < plane; p++) {
      const double apart = (double)first[i * image + p] - level;
      squares += apart * apart;
    }
  *mean = (float)level;
  *std = squares > 0.0 ? (float)sqrt(squares / n) : 1.0f;
}

static esp_status check_numbers(const esp_dataset *set, const esp_numbers *numbers, const char *key,
                                esp_error *err) {
  if (set->element == ESP_TOKENS && numbers->count != 0)
    return esp_fail(err, ESP_ERR_INPUT,
                    "data.%s: %d numbers; expected none, tokens are not normalised", key,
                    numbers->count);
  if (numbers->count != 0 && numbers->count != set->shape.channels)
    return esp_fail(err, ESP_ERR_INPUT, "data.%s: %d numbers for images of %d channels", key,
                    numbers->count, set->shape.channels);
  return ESP_OK;
}

/* Means of pixels lie between black and white, and what divides them is no fraction of a grey
 * level. */
static esp_status check_mean(const esp_dataset *set, double mean, esp_error *err) {
  if (set->element != ESP_PIXELS || (mean >= 0.0 && mean <= 1.0)) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT, "data.mean: %g, expected 0 to 1 of pixels", mean);
}
static esp_status check_std(const esp_dataset *set, double std, esp_error *err) {
  if (set->element != ESP_PIXELS || (std >= 1e-3 && std <= 1000.0)) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT, "data.std: %g, expected 0.001 to 1000 of pixels", std);
}

static esp_status normalise(esp_dataset *set, const esp_data_options *opt, int c, esp_error *err) {
  const bool features = set->element == ESP_FEATURES;
  if (!opt->mean.count || !opt->std.count)
    (features ? measure_features : measure_pixels)(set, c, &set->mean[c], &set->std[c]);
  if (opt->mean.count) {
    ESP_TRY(check_mean(set, opt->mean.value[c], err));
    set->mean[c] = (float)opt->mean.value[c];
  }
  if (opt->std.count) {
    ESP_TRY(check_std(set, opt->std.value[c], err));
    set->std[c] = (float)opt->std.value[c];
  }
  return set->std[c] > 0.0f ? ESP_OK
                            : esp_fail(err, ESP_ERR_INPUT, "data.std: must be greater than 0");
}

static esp_status normalisation(esp_dataset *set, const esp_data_options *opt, esp_error *err) {
  ESP_TRY(check_numbers(set, &opt->mean, "mean", err));
  ESP_TRY(check_numbers(set, &opt->std, "std", err));
  for (int c = 0; set->element != ESP_TOKENS && c < set->shape.channels; c++)
    ESP_TRY(normalise(set, opt, c, err));
  return ESP_OK;
}

/* ---- what a kind has loaded ---- */

static bool names_are_lines(const esp_dataset *set) {
  for (int i = 0; i < set->classes; i++)
    if (!set->class_name[i] || !*set->class_name[i] || strchr(set->class_name[i], '\n'))
      return false;
  return true;
}

static bool targets_are_there(const esp_dataset *set, const esp_images *images, bool wanted) {
  if (!wanted) return images->targets == 0;
  const size_t all = (size_t)images->count * (size_t)images->targets;
  if (images->targets != set->classes || images->targets > ESP_TARGETS_MAX || !images->target)
    return false;
  for (size_t i = 0; i < all; i++)
    if (!isfinite(images->target[i])) return false;
  return true;
}

static bool labels_are_classes(const esp_images *images, int classes) {
  for (uint32_t i = 0; i < images->count; i++)
    if (images->labels[i] < 0 || images->labels[i] >= classes) return false;
  return true;
}

/* An embedding reads the row that a token names. */
static bool tokens_are_known(const esp_dataset *set, const esp_images *images) {
  const size_t tokens = images->count * esp__image_values(set->shape);
  for (size_t i = 0; set->element == ESP_TOKENS && i < tokens; i++)
    if (images->tokens[i] >= set->shape.vocabulary) return false;
  return true;
}

/* NULL when all is there. */
static const char *missing(const esp_dataset *set, const esp_dataset_kind *kind) {
  const bool targets = kind->targets;
  const esp_shape s = set->shape;
  if (s.channels < 1 || s.channels > ESP_CHANNELS_MAX || s.height < 1 || s.height > ESP_SIDE_MAX ||
      s.width < 1 || s.width > ESP_SIDE_MAX)
    return "a shape of 1 to 256 channels and sides of 1 to 4096";
  if (set->classes < 1 || !set->class_name || !names_are_lines(set))
    return "a class at least, and a line of text as the name of each";
  if (set->element != kind->element) return "values of the sort that the kind announces";
  if (set->train.count == 0 || set->test.count == 0) return "images to train on and to test";
  if (!targets_are_there(set, &set->train, targets) || !targets_are_there(set, &set->test, targets))
    return targets ? "1 to 16 targets of each image, finite numbers, and a name for each"
                   : "no targets, which the kind does not announce";
  if (!labels_are_classes(&set->train, set->classes) ||
      !labels_are_classes(&set->test, set->classes))
    return "labels from 0 to one less than the classes";
  if ((set->element == ESP_TOKENS) != (set->shape.vocabulary > 0))
    return "tokens and a vocabulary, or neither";
  if (!tokens_are_known(set, &set->train) || !tokens_are_known(set, &set->test))
    return "tokens from 0 to one less than the vocabulary";
  return NULL;
}

/* Where there are targets, all images have label 0. */
static esp_status no_labels(esp_dataset *set, esp_error *err) {
  esp_images *const split[] = {&set->train, &set->test};
  for (int i = 0; i < 2; i++) {
    free(split[i]->labels);
    split[i]->labels = calloc((size_t)split[i]->count + 1, sizeof *split[i]->labels);
    if (!split[i]->labels) return esp_fail(err, ESP_ERR_MEMORY, "no memory for a data set");
  }
  return ESP_OK;
}

static esp_status load(esp_dataset *set, const esp_dataset_kind *kind, const esp_data_options *opt,
                       esp_shape wanted, esp_key seed, esp_error *err) {
  set->element = kind->element;
  ESP_TRY(kind->load(set, opt, wanted, seed, err));
  if (kind->targets) ESP_TRY(no_labels(set, err));
  const char *what = missing(set, kind);
  if (!what) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT, "data set '%s': expected %s", kind->name, what);
}

/* Tasks are groups of classes. */
static esp_status check_tasks(const esp_dataset *set, const esp_data_options *opt, esp_error *err) {
  const bool tasks = (opt->tasks && *opt->tasks) || opt->task_weights.count > 0;
  if (set->train.targets == 0 || !tasks) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "data.tasks, data.task_weights: are of classes, and data set '%s' has "
                  "real-valued targets; expected neither",
                  opt->dataset);
}

static esp_status fill(esp_dataset *set, const esp_dataset_kind *kind, const esp_data_options *opt,
                       esp_shape wanted, const esp_vocabulary *known, esp_key seed,
                       esp_error *err) {
  ESP_TRY(load(set, kind, opt, wanted, seed, err));
  ESP_TRY(check_tasks(set, opt, err));
  ESP_TRY(esp_tasks_read(&set->tasks, opt, set->class_name, set->classes, err));
  ESP_TRY(limit(&set->train, set, opt->train, "train", seed, err));
  ESP_TRY(limit(&set->test, set, opt->test, "test", test_key, err));
  ESP_TRY(split(set, opt->validation, seed, err));
  if (set->element == ESP_TEXTS) ESP_TRY(esp__texts_encode(set, opt, wanted, known, err));
  ESP_TRY(normalisation(set, opt, err));
  return esp__targets_scale(set, opt, err);
}

esp_status esp_dataset_load(esp_dataset **set, const esp_data_options *opt, esp_shape wanted,
                            esp_key seed, esp_error *err) {
  return esp_dataset_load_known(set, opt, wanted, NULL, seed, err);
}

esp_status esp_dataset_load_known(esp_dataset **set, const esp_data_options *opt, esp_shape wanted,
                                  const esp_vocabulary *known, esp_key seed, esp_error *err) {
  *set = NULL;
  const esp_dataset_kind *kind = esp_dataset_kind_find(opt->dataset);
  if (!kind)
    return esp_fail(err, ESP_ERR_INPUT, "data.dataset: unknown data set '%s'",
                    opt->dataset ? opt->dataset : "");
  esp_dataset *made = calloc(1, sizeof *made);
  if (!made) return esp_fail(err, ESP_ERR_MEMORY, "no memory for a data set");
  esp_status status = fill(made, kind, opt, wanted, known, seed, err);
  if (status == ESP_OK)
    *set = made;
  else
    esp_dataset_free(made);
  return status;
}

void esp_dataset_free(esp_dataset *set) {
  if (!set) return;
  esp__images_free(&set->train);
  esp__images_free(&set->validation);
  esp__images_free(&set->test);
  for (int i = 0; set->class_name && i < set->classes; i++) free(set->class_name[i]);
  free(set->class_name);
  for (int i = 0; set->column_name && i < set->shape.channels; i++) free(set->column_name[i]);
  free(set->column_name);
  esp_tasks_free(&set->tasks);
  esp_vocabulary_free(set->vocabulary);
  esp__spectrum_free(set->spectrum);
  esp__corpus_free(set->corpus);
  free(set);
}
