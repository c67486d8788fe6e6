/* group, residual, concat, product. */
#include "nn/integers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Names from here on stand below `name`; *outer is what to restore. */
static esp_status enter(esp__builder *b, const char *name, esp__scope *outer, esp_error *err) {
  *outer = b->scope;
  b->scope = (esp__scope){0};
  int length = snprintf(b->scope.prefix, sizeof b->scope.prefix, "%s%s.", outer->prefix, name);
  if (length < ESP_NAME_MAX) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "the name '%.40s...' is longer than %d characters; use shorter group names",
                  b->scope.prefix, ESP_NAME_MAX - 1);
}

/* The block that item `i` is in, -1 if in none. */
static int parent_of(const esp__builder *b, int i) {
  int k = i - 1;
  while (k >= 0 &&
         !(esp__kind_opens(esp__item_at(b, k)->kind->role) && esp__item_at(b, k)->end > i))
    k--;
  return k;
}

/* Whether zeros stay zeros: of kinds that make something of each value. */
static bool keeps_zero(const esp__layer_kind *kind) {
  return kind->custom ? kind->custom->keeps_zero : esp_activation_keeps_zero(kind->activation);
}

/* Whether residual `i` has no shortcut but the input, and its branch ends with a layer or bn,
 * behind which zero stays zero. Not directly in a branch of another, which must not become
 * empty. */
static bool optional(const esp__builder *b, int i) {
  const int parent = parent_of(b, i);
  if (!esp__builder_is(b, i, ESP_KIND_RESIDUAL) ||
      esp__item_at(b, i)->next != esp__item_at(b, i)->end)
    return false;
  if (parent >= 0 && esp__builder_is(b, parent, ESP_KIND_RESIDUAL)) return false;
  for (int k = esp__item_at(b, i)->end - 1; k > i; k--) {
    const esp__layer_kind *kind = esp__item_at(b, k)->kind;
    const int opener = kind->role == ESP_KIND_END ? esp__item_at(b, k)->opener : k;
    if (kind->weights || kind->role == ESP_KIND_BN) return true;
    if (esp__builder_is(b, opener, ESP_KIND_GROUP)) continue;
    if (kind->role > ESP_KIND_RELU || !keeps_zero(kind)) return false;
  }
  return false;
}

/* Block `i`, entered, into the model's list. */
static esp_status record_block(esp__builder *b, int i, esp_error *err) {
  esp_model *m = b->model;
  if (!b->make) return ESP_OK;
  esp_block *grown = realloc(m->block, (size_t)(m->blocks + 1) * sizeof *grown);
  if (!grown) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for block '%s'", b->scope.prefix);
  m->block = grown;
  esp_block *block = &m->block[m->blocks++];
  memcpy(block->prefix, b->scope.prefix, sizeof block->prefix);
  block->item = i;
  block->optional = optional(b, i);
  return ESP_OK;
}

/* enter() for block `i`, which may have to be called by its number. */
static esp_status enter_block(esp__builder *b, int i, esp__scope *outer, esp_error *err) {
  char number[ESP_WORD_MAX];
  const char *name = esp__item_at(b, i)->name;
  if (!*name) {
    snprintf(number, sizeof number, "%d", b->scope.blocks++);
    name = number;
  }
  ESP_TRY(enter(b, name, outer, err));
  return record_block(b, i, err);
}

esp_status esp__build_group(esp__builder *b, int i, esp_value *x, esp_value **y, esp_error *err) {
  esp__scope outer;
  ESP_TRY(enter_block(b, i, &outer, err));
  ESP_TRY(esp__build_items(b, i + 1, esp__item_at(b, i)->end, x, y, err));
  b->scope = outer;
  return ESP_OK;
}

static esp_status build_part(esp__builder *b, const char *name, int from, int to, esp_value *x,
                             esp_value **y, esp_error *err) {
  esp__scope outer;
  ESP_TRY(enter(b, name, &outer, err));
  ESP_TRY(esp__build_items(b, from, to, x, y, err));
  b->scope = outer;
  return ESP_OK;
}

static esp_status check_sum(esp__builder *b, int end, const esp_value *branch,
                            const esp_value *shortcut, esp_error *err) {
  esp_shape p = b->target->shape(branch), q = b->target->shape(shortcut);
  if (p.channels == q.channels && p.height == q.height && p.width == q.width) return ESP_OK;
  esp_status status =
      esp_fail(err, ESP_ERR_INPUT,
               "the residual adds %dx%dx%d and, from the shortcut, %dx%dx%d; expected one shape",
               p.channels, p.height, p.width, q.channels, q.height, q.width);
  return esp__builder_locate(b, end, status, err);
}

/* A batch norm that ends the first branch waits for the shortcut's value, to add it and apply the
 * relu in its own pass. */
esp_status esp__build_residual(esp__builder *b, int i, esp_value *x, esp_value **y,
                               esp_error *err) {
  const esp__item *item = esp__item_at(b, i);
  esp__scope outer;
  esp_value *branch, *shortcut = x;
  ESP_TRY(enter_block(b, i, &outer, err));
  ESP_TRY(esp__build_items(b, i + 1, item->next, x, &branch, err));
  esp_bn_params held = b->held;
  b->held = (esp_bn_params){0};
  if (item->next != item->end)
    ESP_TRY(build_part(b, "shortcut", item->next + 1, item->end, x, &shortcut, err));
  b->scope = outer;
  ESP_TRY(check_sum(b, item->end, branch, shortcut, err));
  if (b->integer) return esp__integers_add(b, branch, shortcut, y, err);
  if (!held.scale) return b->target->add(b->graph, branch, shortcut, y, err);
  b->done = esp__builder_next(b, item->end);
  return b->target->batchnorm(b->graph, branch, held, shortcut, true, y, err);
}

static esp_status check_join(esp__builder *b, int part, const esp_value *a, const esp_value *c,
                             esp_error *err) {
  esp_shape p = b->target->shape(a), q = b->target->shape(c);
  if (p.height == q.height && p.width == q.width) return ESP_OK;
  esp_status status = esp_fail(
      err, ESP_ERR_INPUT, "the concat joins %dx%dx%d and %dx%dx%d; expected planes of one size",
      p.channels, p.height, p.width, q.channels, q.height, q.width);
  return esp__builder_locate(b, part, status, err);
}

/* A part of a concat of integers gets the scale of the whole, which the `quantise` behind it
 * has. */
static esp_status join_scale(esp__builder *b, const esp__scope *outer, esp_value *part,
                             esp_value **y, esp_error *err) {
  esp_param *scale = b->integer ? esp__scale_ahead(b, outer) : NULL;
  return scale ? esp__integers_quantise(b, part, scale, y, err) : ESP_OK;
}

/* Puts the branch that ends at item `end` to those before it. */
typedef esp_status join_function(esp__builder *b, int end, esp_value *joined, esp_value *branch,
                                 esp_value **y, esp_error *err);

static esp_status concat(esp__builder *b, int end, esp_value *joined, esp_value *branch,
                         esp_value **y, esp_error *err) {
  ESP_TRY(check_join(b, end, joined, branch, err));
  return b->target->concat(b->graph, joined, branch, y, err);
}

static esp_status multiply(esp__builder *b, int end, esp_value *joined, esp_value *branch,
                           esp_value **y, esp_error *err) {
  const esp_shape p = b->target->shape(joined), q = b->target->shape(branch);
  if (esp_shape_same(p, q)) return b->target->product(b->graph, joined, branch, y, err);
  const esp_status status = esp_fail(
      err, ESP_ERR_INPUT, "the product multiplies %dx%dx%d and %dx%dx%d; expected one shape",
      p.channels, p.height, p.width, q.channels, q.height, q.width);
  return esp__builder_locate(b, end, status, err);
}

/* Each branch reads x. */
static esp_status build_branches(esp__builder *b, int i, join_function *join, esp_value *x,
                                 esp_value **y, esp_error *err) {
  esp__scope outer;
  esp_value *joined = NULL;
  ESP_TRY(enter_block(b, i, &outer, err));
  for (int part = i, number = 1; part != esp__item_at(b, i)->end;
       part = esp__item_at(b, part)->next, number++) {
    char name[ESP_WORD_MAX];
    esp_value *branch;
    snprintf(name, sizeof name, "branch%d", number);
    ESP_TRY(build_part(b, name, part + 1, esp__item_at(b, part)->next, x, &branch, err));
    ESP_TRY(join_scale(b, &outer, branch, &branch, err));
    if (joined) {
      ESP_TRY(join(b, esp__item_at(b, part)->next, joined, branch, &joined, err));
      ESP_TRY(esp__integers_pass(b, part, branch, joined, err));
    } else {
      joined = branch;
    }
  }
  b->scope = outer;
  *y = joined;
  return ESP_OK;
}

esp_status esp__build_concat(esp__builder *b, int i, esp_value *x, esp_value **y, esp_error *err) {
  return build_branches(b, i, concat, x, y, err);
}

esp_status esp__build_product(esp__builder *b, int i, esp_value *x, esp_value **y, esp_error *err) {
  if (b->integer)
    return esp_fail(err, ESP_ERR_INPUT, "a quantised network has no product; expected none");
  return build_branches(b, i, multiply, x, y, err);
}
