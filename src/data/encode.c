/* From texts to tokens. */
#include "data/corpus.h"
#include "data/set.h"
#include "data/vocabulary.h"

#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

typedef struct encoder {
  const esp_vocabulary *vocabulary;
  esp__token_kind kind;
  int length;
} encoder;

/* A tidy text; zeros behind its last token. */
static esp_text_count encode(const encoder *e, const char *text, uint16_t *number) {
  esp_text_count count = {0};
  for (esp__token t; esp__token_next(e->kind, &text, &t); count.tokens++) {
    const uint16_t n = esp__vocabulary_number(e->vocabulary, t);
    count.unknown += n == ESP_TOKEN_UNKNOWN;
    if (count.tokens < e->length) number[count.tokens] = n;
  }
  for (int64_t i = count.tokens; i < e->length; i++) number[i] = ESP_TOKEN_PADDING;
  return count;
}

esp_status esp_text_encode(const char *text, const esp_text_options *opt, const esp_vocabulary *v,
                           int length, uint16_t *number, esp_text_count *count, esp_error *err) {
  const encoder e = {v, esp__token_kind_of(opt->tokens), length};
  if (!esp__utf8_plain(text, strlen(text)))
    return esp_fail(err, ESP_ERR_INPUT, "not plain UTF-8 text");
  char *tidy = strdup(text);
  if (!tidy) return esp_fail(err, ESP_ERR_MEMORY, "no memory for a text");
  const bool any = esp__text_tidy(tidy) > 0;
  if (any) *count = encode(&e, tidy, number);
  free(tidy);
  return any ? ESP_OK : esp_fail(err, ESP_ERR_INPUT, "has no token in it; expected a text");
}

/* ---- the vocabulary ---- */

static esp_status count_tokens(esp_vocabulary *v, const esp_images *images, esp__token_kind kind,
                               esp_error *err) {
  for (uint32_t i = 0; i < images->count; i++) {
    const char *at = images->texts[i];
    for (esp__token t; esp__token_next(kind, &at, &t);) ESP_TRY(esp__vocabulary_count(v, t, err));
  }
  return ESP_OK;
}

static esp_status count_vocabulary(esp_dataset *set, const esp_text_options *opt, esp_error *err) {
  const uint32_t limit = opt->vocabulary ? (uint32_t)opt->vocabulary : ESP_VOCABULARY_MAX;
  if (limit <= ESP_TOKENS_FIRST)
    return esp_fail(err, ESP_ERR_INPUT,
                    "data.vocabulary: %u, expected at least %d: padding, 'unknown' and a token",
                    (unsigned)limit, ESP_TOKENS_FIRST + 1);
  ESP_TRY(esp__vocabulary_new(&set->vocabulary, err));
  ESP_TRY(count_tokens(set->vocabulary, &set->train, esp__token_kind_of(opt->tokens), err));
  return esp__vocabulary_settle(set->vocabulary, limit, err);
}

static esp_status copy_vocabulary(esp_dataset *set, const esp_vocabulary *known, esp_error *err) {
  char *text;
  ESP_TRY(esp_vocabulary_text(known, &text, err));
  const esp_status status = esp_vocabulary_read(&set->vocabulary, text, "network", err);
  free(text);
  return status;
}

/* ---- the length ---- */

static int64_t longest(const esp_images *images, esp__token_kind kind) {
  int64_t most = 0;
  for (uint32_t i = 0; i < images->count; i++) {
    int64_t tokens = 0;
    const char *at = images->texts[i];
    for (esp__token t; esp__token_next(kind, &at, &t);) tokens++;
    if (tokens > most) most = tokens;
  }
  return most;
}

static esp_status choose_length(const esp_dataset *set, const esp_text_options *opt,
                                esp_shape wanted, int *length, esp_error *err) {
  if (wanted.width && opt->length && opt->length != wanted.width)
    return esp_fail(err, ESP_ERR_INPUT, "data.length: %lld, the network takes texts of %d tokens",
                    (long long)opt->length, wanted.width);
  *length = wanted.width ? wanted.width : (int)opt->length;
  if (*length) return ESP_OK;
  const int64_t most = longest(&set->train, esp__token_kind_of(opt->tokens));
  if (most > ESP_SIDE_MAX)
    return esp_fail(err, ESP_ERR_INPUT,
                    "data.length: the longest text to train on has %lld tokens; expected a length, "
                    "at most %d, to which longer ones are cut",
                    (long long)most, ESP_SIDE_MAX);
  *length = (int)most;
  return ESP_OK;
}

/* ---- all of a set ---- */

static esp_status encode_images(esp_dataset *set, esp_images *images, const encoder *e,
                                esp_error *err) {
  const size_t length = (size_t)e->length, texts = images->count;
  if (texts > SIZE_MAX / sizeof(uint16_t) / length - 1)
    return esp_fail(err, ESP_ERR_MEMORY, "%zu texts do not fit into memory", texts);
  uint16_t *tokens = malloc(texts * length * sizeof *tokens + 1);
  if (!tokens) return esp_fail(err, ESP_ERR_MEMORY, "no memory for %zu texts", texts);
  for (size_t i = 0; i < texts; i++)
    set->longer += encode(e, images->texts[i], tokens + i * length).tokens > e->length;
  free(images->values);
  images->tokens = tokens;
  return ESP_OK;
}

esp_status esp__texts_encode(esp_dataset *set, const esp_data_options *opt, esp_shape wanted,
                             const esp_vocabulary *known, esp_error *err) {
  encoder e = {.kind = esp__token_kind_of(opt->text.tokens)};
  ESP_TRY(choose_length(set, &opt->text, wanted, &e.length, err));
  ESP_TRY(known ? copy_vocabulary(set, known, err) : count_vocabulary(set, &opt->text, err));
  e.vocabulary = set->vocabulary;
  ESP_TRY(encode_images(set, &set->train, &e, err));
  ESP_TRY(encode_images(set, &set->validation, &e, err));
  ESP_TRY(encode_images(set, &set->test, &e, err));
  set->element = ESP_TOKENS;
  set->shape = (esp_shape){1, 1, e.length, esp_vocabulary_size(set->vocabulary)};
  esp__corpus_free(set->corpus);
  set->corpus = NULL;
  return ESP_OK;
}
