#include "data/vocabulary.h"

#include "base/text.h"
#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

static esp_status no_memory(esp_error *err) {
  return esp_fail(err, ESP_ERR_MEMORY, "no memory for a vocabulary");
}

esp_status esp__vocabulary_new(esp_vocabulary **v, esp_error *err) {
  *v = calloc(1, sizeof **v);
  return *v ? ESP_OK : no_memory(err);
}

void esp_vocabulary_free(esp_vocabulary *v) {
  if (!v) return;
  for (uint32_t i = 0; i < v->tokens; i++) free(v->token[i]);
  free(v->token);
  free(v->count);
  free(v->slot);
  free(v);
}

/* ---- finding ---- */

/* FNV-1a (Fowler, Noll, Vo). */
static uint64_t hash_of(esp__token t) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (size_t i = 0; i < t.bytes; i++) hash = (hash ^ (uint8_t)t.text[i]) * 0x100000001b3u;
  return hash;
}

static bool is_token(const char *text, esp__token t) {
  return strncmp(text, t.text, t.bytes) == 0 && !text[t.bytes];
}

/* The slot of the token, or the empty one where it belongs (linear probing). */
static uint32_t *slot_of(const esp_vocabulary *v, esp__token t) {
  size_t at = (size_t)hash_of(t) & (v->slots - 1);
  while (v->slot[at] && !is_token(v->token[v->slot[at] - 1], t)) at = (at + 1) & (v->slots - 1);
  return &v->slot[at];
}

uint16_t esp__vocabulary_number(const esp_vocabulary *v, esp__token token) {
  const uint32_t found = v->slots ? *slot_of(v, token) : 0;
  return (uint16_t)(found ? ESP_TOKENS_FIRST + found - 1 : ESP_TOKEN_UNKNOWN);
}

int esp_vocabulary_size(const esp_vocabulary *v) {
  return (int)v->tokens + ESP_TOKENS_FIRST;
}

/* ---- counting ---- */

static esp__token token_of(const char *text) {
  return (esp__token){text, strlen(text)};
}

/* New slots for all tokens; at most half of them are ever taken. */
static esp_status make_slots(esp_vocabulary *v, size_t slots, esp_error *err) {
  uint32_t *slot = calloc(slots, sizeof *slot);
  if (!slot) return no_memory(err);
  free(v->slot);
  v->slot = slot;
  v->slots = slots;
  for (uint32_t i = 0; i < v->tokens; i++) *slot_of(v, token_of(v->token[i])) = i + 1;
  return ESP_OK;
}

static esp_status make_room(esp_vocabulary *v, esp_error *err) {
  const uint32_t room = v->room ? 2 * v->room : 256;
  char **token = realloc(v->token, room * sizeof *token);
  if (token) v->token = token;
  uint64_t *count = token ? realloc(v->count, room * sizeof *count) : NULL;
  if (!count) return no_memory(err);
  v->count = count;
  v->room = room;
  return make_slots(v, 2 * (size_t)room, err);
}

esp_status esp__vocabulary_count(esp_vocabulary *v, esp__token token, esp_error *err) {
  if (v->tokens == v->room) ESP_TRY(make_room(v, err));
  uint32_t *slot = slot_of(v, token);
  if (!*slot) {
    if (!(v->token[v->tokens] = strndup(token.text, token.bytes))) return no_memory(err);
    v->count[v->tokens] = 0;
    *slot = ++v->tokens;
  }
  v->count[*slot - 1]++;
  return ESP_OK;
}

typedef struct counted {
  char *token;
  uint64_t count;
} counted;

static int by_count(const void *a_, const void *b_) {
  const counted *a = a_, *b = b_;
  if (a->count != b->count) return a->count > b->count ? -1 : 1;
  return strcmp(a->token, b->token);
}

esp_status esp__vocabulary_settle(esp_vocabulary *v, uint32_t limit, esp_error *err) {
  counted *all = calloc((size_t)v->tokens + 1, sizeof *all);
  const uint32_t kept = limit - ESP_TOKENS_FIRST < v->tokens ? limit - ESP_TOKENS_FIRST : v->tokens;
  if (!all) return no_memory(err);
  for (uint32_t i = 0; i < v->tokens; i++) all[i] = (counted){v->token[i], v->count[i]};
  qsort(all, v->tokens, sizeof *all, by_count);
  for (uint32_t i = 0; i < v->tokens; i++) {
    v->token[i] = i < kept ? all[i].token : NULL;
    v->count[i] = all[i].count;
    if (i >= kept) free(all[i].token);
  }
  v->tokens = kept;
  free(all);
  return make_slots(v, v->slots ? v->slots : 2, err);
}

/* ---- as text ---- */

esp_status esp_vocabulary_text(const esp_vocabulary *v, char **text, esp_error *err) {
  esp__text t;
  ESP_TRY(esp__text_begin(&t, "a vocabulary", err));
  for (uint32_t i = 0; i < v->tokens; i++) fprintf(t.out, "%s\n", v->token[i]);
  ESP_TRY(esp__text_end(&t, err));
  *text = t.data;
  return ESP_OK;
}

static esp_status read_lines(esp_vocabulary *v, const char *text, const char *name,
                             esp_error *err) {
  for (size_t length; *text; text += length + (text[length] == '\n')) {
    length = strcspn(text, "\n");
    const uint32_t before = v->tokens;
    if (before + ESP_TOKENS_FIRST == ESP_VOCABULARY_MAX || length == 0)
      return esp_fail(err, ESP_ERR_INPUT, "%s: vocabulary: token %u is empty, or one too many",
                      name, (unsigned)before);
    ESP_TRY(esp__vocabulary_count(v, (esp__token){text, length}, err));
    if (v->tokens == before)
      return esp_fail(err, ESP_ERR_INPUT, "%s: vocabulary: token %u is there twice", name,
                      (unsigned)before);
  }
  return ESP_OK;
}

esp_status esp_vocabulary_read(esp_vocabulary **v, const char *text, const char *name,
                               esp_error *err) {
  if (!esp__utf8_plain(text, strlen(text)))
    return esp_fail(err, ESP_ERR_INPUT, "%s: vocabulary: not plain UTF-8 text", name);
  ESP_TRY(esp__vocabulary_new(v, err));
  const esp_status status = read_lines(*v, text, name, err);
  if (status == ESP_OK) return ESP_OK;
  esp_vocabulary_free(*v);
  *v = NULL;
  return status;
}
