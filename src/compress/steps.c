/* The steps that options name: their number, their epochs, making them. */
#include "base/value.h"

#include <espalier/compress.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The i-th word and its length; NULL after the last. */
static const char *word_at(const char *words, int i, size_t *length) {
  while (*words && i-- > 0) {
    words += strcspn(words, " ");
    words += *words == ' ';
  }
  *length = strcspn(words, " ");
  return *length ? words : NULL;
}

int esp_compress_steps(const esp_compress_options *opt) {
  size_t length;
  int count = 0;
  while (word_at(opt->steps, count, &length)) count++;
  return count;
}

const esp_compress_step *esp_compress_step_of(const esp_compress_options *opt, int i) {
  size_t length;
  const char *word = word_at(opt->steps, i, &length);
  const esp_compress_step *step;
  for (size_t k = 0; word && (step = esp_compress_step_at(k)); k++)
    if (strlen(step->name) == length && memcmp(step->name, word, length) == 0) return step;
  return NULL;
}

int64_t esp_compress_epochs(const esp_compress_options *opt, int i) {
  const esp_numbers *n = &opt->epochs;
  return n->count == 0 ? 0 : (int64_t)n->value[i < n->count ? i : n->count - 1];
}

/* ---- keys that do not go together ---- */

static esp_status check_names(const esp_compress_options *opt, esp_error *err) {
  const int steps = esp_compress_steps(opt);
  for (int i = 0; i < steps; i++)
    for (int k = 0; k < i; k++)
      if (esp_compress_step_of(opt, i) == esp_compress_step_of(opt, k))
        return esp_fail(err, ESP_ERR_INPUT,
                        "[compress] steps = %.100s: '%s' stands there twice; "
                        "expected each step at most once",
                        opt->steps, esp_compress_step_of(opt, i)->name);
  return ESP_OK;
}

static bool is(const esp_compress_step *step, const char *name) {
  return strcmp(step->name, name) == 0;
}

/* What of an earlier step a later one would undo; NULL: nothing. Behind quantise and share only
 * round may stand, which leaves weights alone: factors are other weights, and integers have a step
 * for each output, into which its batch norm has gone. */
static const char *undone(const esp_compress_step *earlier, const esp_compress_step *later) {
  if (is(earlier, "quantise") && !is(later, "round")) return "integers";
  return is(earlier, "share") && !is(later, "round") ? "shared values" : NULL;
}

static esp_status check_order(const esp_compress_options *opt, esp_error *err) {
  const int steps = esp_compress_steps(opt);
  for (int i = 0; i < steps; i++)
    for (int k = 0; k < i; k++) {
      const esp_compress_step *earlier = esp_compress_step_of(opt, k),
                              *later = esp_compress_step_of(opt, i);
      const char *what = undone(earlier, later);
      if (what)
        return esp_fail(err, ESP_ERR_INPUT,
                        "[compress] steps = %.100s: '%s' would change the %s that %s makes; "
                        "expected it before %s",
                        opt->steps, later->name, what, earlier->name, earlier->name);
    }
  return ESP_OK;
}

static esp_status check_epochs(const esp_compress_options *opt, esp_error *err) {
  const int steps = esp_compress_steps(opt), given = opt->epochs.count;
  for (int i = 0; i < given; i++)
    if (opt->epochs.value[i] != floor(opt->epochs.value[i]))
      return esp_fail(err, ESP_ERR_INPUT, "[compress] epochs = %g: expected whole numbers",
                      opt->epochs.value[i]);
  if (steps == 0 || given == 1 || given == steps) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "[compress] epochs: %d number(s) for %d step(s); expected one for all, "
                  "or one for each",
                  given, steps);
}

/* The step whose name the key begins with; NULL: the key is for all. */
static const esp_compress_step *owner_of(const char *key) {
  const esp_compress_step *step;
  for (size_t i = 0; (step = esp_compress_step_at(i)); i++) {
    const size_t length = strlen(step->name);
    if (strncmp(key, step->name, length) == 0 && key[length] == '_') return step;
  }
  return NULL;
}

static bool makes(const esp_compress_options *opt, const esp_compress_step *step) {
  const int steps = esp_compress_steps(opt);
  for (int i = 0; i < steps; i++)
    if (esp_compress_step_of(opt, i) == step) return true;
  return false;
}

/* Fails if the key has another value than its default and nothing reads it. */
static esp_status check_read(const esp_compress_options *opt, const esp_option *key,
                             const char *step, esp_error *err) {
  bool is_default;
  ESP_TRY(esp__value_is_default(key, opt, &is_default, err));
  if (is_default) return ESP_OK;
  char *value = esp__value_text(key, opt);
  const esp_status status =
      esp_fail(err, ESP_ERR_INPUT,
               "[compress] %s = %.60s without its step; expected %s among the steps, not '%.60s'",
               key->name, value ? value : "", step, opt->steps);
  free(value);
  return status;
}

static esp_status check_bits(const esp_compress_options *opt, esp_error *err) {
  const int64_t bits = opt->quantise_bits;
  if (bits == 8 || bits == 4 || bits == 2) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT, "[compress] quantise_bits = %lld: expected 8, 4 or 2",
                  (long long)bits);
}

/* The share is that of one rule. */
static esp_status check_percentile(const esp_compress_options *opt, const esp_option *key,
                                   esp_error *err) {
  if (strcmp(key->name, "quantise_percentile") != 0 ||
      strcmp(opt->quantise_rule, "percentile") == 0)
    return ESP_OK;
  char reader[64];
  snprintf(reader, sizeof reader, "quantise_rule = %.20s", opt->quantise_rule);
  return esp__value_check_unread(key, opt, "compress", reader, "quantise_rule = percentile", err);
}

/* What is learned is learned in training on. */
static esp_status check_training(const esp_compress_options *opt, esp_error *err) {
  const int steps = esp_compress_steps(opt);
  if (strcmp(opt->quantise_training, "learned") != 0) return ESP_OK;
  for (int i = 0; i < steps; i++)
    if (strcmp(esp_compress_step_of(opt, i)->name, "quantise") == 0 &&
        esp_compress_epochs(opt, i) == 0)
      return esp_fail(err, ESP_ERR_INPUT,
                      "[compress] quantise_training = learned without training on; expected epochs "
                      "above 0 behind 'quantise'");
  return ESP_OK;
}

esp_status esp_compress_check(const esp_compress_options *opt, esp_error *err) {
  ESP_TRY(check_bits(opt, err));
  ESP_TRY(check_names(opt, err));
  ESP_TRY(check_order(opt, err));
  ESP_TRY(check_epochs(opt, err));
  ESP_TRY(check_training(opt, err));
  for (const esp_option *key = esp_compress_option_table; key->name; key++) {
    const esp_compress_step *step = owner_of(key->name);
    if (step && !makes(opt, step)) ESP_TRY(check_read(opt, key, step->name, err));
    ESP_TRY(check_percentile(opt, key, err));
  }
  return ESP_OK;
}

/* ---- making them ---- */

esp_status esp_compress_make(const esp_compress_ctx *ctx, int i, esp_error *err) {
  const esp_compress_step *step = esp_compress_step_of(ctx->opt, i);
  return step->make ? step->make(ctx, err) : ESP_OK;
}

void esp_compress_hold(const esp_compress_ctx *ctx, int i) {
  for (int k = 0; k <= i; k++) {
    const esp_compress_step *step = esp_compress_step_of(ctx->opt, k);
    if (step->hold) step->hold(ctx);
  }
}
