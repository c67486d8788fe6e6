/* The layer language: text into lines, blocks and repeats. */
#include "base/text_stream.h"
#include "nn/layers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 1 << 20 };

typedef struct open_block {
  esp__kind_role role;
  const char *keyword;
  int line, start; /* start: the first item within */
  int count;       /* repeat */
  int parts;       /* shortcut or branch lines so far */
} open_block;

typedef struct parser {
  esp_program *program;
  esp__source_line at;
  open_block open[ESP_DEPTH_MAX];
  int depth;
} parser;

/* ---- items and blocks ---- */

static esp_status append(const parser *ps, const esp__item *item, esp_error *err) {
  esp_program *p = ps->program;
  if (p->count == ESP_ITEMS_MAX)
    return esp__line_fail(&ps->at, err, "the network has more than %d lines, repeats written out",
                          ESP_ITEMS_MAX);
  if (p->count == p->capacity) {
    int capacity = p->capacity ? 2 * p->capacity : 64;
    esp__item *grown = realloc(p->item, (size_t)capacity * sizeof *grown);
    if (!grown) return esp_fail(err, ESP_ERR_MEMORY, "%s: out of memory", p->label);
    p->item = grown;
    p->capacity = capacity;
  }
  p->item[p->count++] = *item;
  return ESP_OK;
}

static esp_status open_one(parser *ps, const esp__item *item, esp_error *err) {
  if (ps->depth == ESP_DEPTH_MAX)
    return esp__line_fail(&ps->at, err, "blocks are nested deeper than %d", ESP_DEPTH_MAX);
  if (item->kind->role != ESP_KIND_REPEAT) ESP_TRY(append(ps, item, err));
  ps->open[ps->depth++] = (open_block){.role = item->kind->role,
                                       .keyword = item->kind->keyword,
                                       .line = ps->at.line,
                                       .start = ps->program->count,
                                       .count = item->count};
  return ESP_OK;
}

static esp_status repeat(const parser *ps, const open_block *block, esp_error *err) {
  int length = ps->program->count - block->start;
  if (length == 0)
    return esp__line_fail(&ps->at, err, "the 'repeat' of line %d has no layers", block->line);
  for (int i = 0; i < (block->count - 1) * length; i++) {
    esp__item item = ps->program->item[block->start + i];
    ESP_TRY(append(ps, &item, err));
  }
  return ESP_OK;
}

static bool takes_branches(esp__kind_role role) {
  return role == ESP_KIND_CONCAT || role == ESP_KIND_PRODUCT;
}

static esp_status close_one(parser *ps, const esp__item *item, esp_error *err) {
  if (ps->depth == 0)
    return esp__line_fail(&ps->at, err, "'end' without a block that it could end");
  const open_block *block = &ps->open[--ps->depth];
  if (block->role == ESP_KIND_REPEAT) return repeat(ps, block, err);
  if (block->role == ESP_KIND_RESIDUAL && ps->program->count == block->start)
    return esp__line_fail(&ps->at, err, "the 'residual' of line %d has no layers", block->line);
  if (takes_branches(block->role) && block->parts == 0)
    return esp__line_fail(&ps->at, err,
                          "the '%s' of line %d has one branch, expected a 'branch' line before "
                          "'end'",
                          block->keyword, block->line);
  return append(ps, item, err);
}

/* shortcut or branch: the next part of the innermost block. */
static esp_status part(parser *ps, const esp__item *item, esp_error *err) {
  open_block *block = ps->depth ? &ps->open[ps->depth - 1] : NULL;
  bool shortcut = item->kind->role == ESP_KIND_SHORTCUT;
  if (!block || (shortcut ? block->role != ESP_KIND_RESIDUAL : !takes_branches(block->role)))
    return esp__line_fail(&ps->at, err, "'%s' must stand directly in a '%s'", item->kind->keyword,
                          shortcut ? "residual" : "concat");
  if (shortcut && block->parts)
    return esp__line_fail(&ps->at, err, "the 'residual' of line %d has a second 'shortcut'",
                          block->line);
  if (shortcut && ps->program->count == block->start)
    return esp__line_fail(
        &ps->at, err, "the 'residual' of line %d has no layers before its shortcut", block->line);
  block->parts++;
  return append(ps, item, err);
}

static esp_status add_item(parser *ps, const esp__item *item, esp_error *err) {
  esp__kind_role role = item->kind->role;
  if (esp__kind_opens(role)) return open_one(ps, item, err);
  if (role == ESP_KIND_END) return close_one(ps, item, err);
  if (role == ESP_KIND_SHORTCUT || role == ESP_KIND_BRANCH) return part(ps, item, err);
  return append(ps, item, err);
}

/* ---- lines ---- */

static esp_status fail_unknown(const parser *ps, const char *text, size_t length, esp_error *err) {
  char word[ESP_LINE_MAX + 1];
  snprintf(word, sizeof word, "%.*s", (int)length, text);
  const char *near = esp_nearest(word, esp_layer_keyword);
  if (near)
    return esp__line_fail(&ps->at, err, "unknown layer '%.40s'; did you mean '%s'?", word, near);
  return esp__line_fail(&ps->at, err,
                        "unknown layer '%.40s'; `espalier list layers` prints the layers", word);
}

/* Cuts the comment, and makes one space of every run of white space, none at the ends. */
static void squeeze(char *line) {
  char *to = line;
  line[strcspn(line, "#")] = '\0';
  for (const char *c = line; *c; c++) {
    bool space = *c == ' ' || *c == '\t' || *c == '\r';
    if (!space) {
      *to++ = *c;
    } else if (to > line && to[-1] != ' ') {
      *to++ = ' ';
    }
  }
  if (to > line && to[-1] == ' ') to--;
  *to = '\0';
}

/* `text` is squeezed, not empty, and stays as long as the program. */
static esp_status parse_line(parser *ps, const char *text, esp_error *err) {
  size_t keyword = strcspn(text, " ");
  if (strlen(text) > ESP_LINE_MAX)
    return esp__line_fail(&ps->at, err, "the line is longer than %d characters", ESP_LINE_MAX);
  const int index = esp__layer_kind_index(text, keyword);
  if (index < 0) return fail_unknown(ps, text, keyword, err);
  esp__item item = {
      .kind = esp__layer_kind_at(index), .kind_index = index, .text = text, .line = ps->at.line};
  ESP_TRY(esp__line_arguments(&ps->at, &item, err));
  return add_item(ps, &item, err);
}

static esp_status parse_lines(parser *ps, char *source, esp_error *err) {
  for (char *line = source; line;) {
    char *rest = strchr(line, '\n');
    if (rest) *rest++ = '\0';
    ps->at.line++;
    squeeze(line);
    if (*line) ESP_TRY(parse_line(ps, line, err));
    line = rest;
  }
  if (ps->depth)
    return esp__line_fail(&ps->at, err, "the '%s' of line %d has no 'end'",
                          ps->open[ps->depth - 1].keyword, ps->open[ps->depth - 1].line);
  if (ps->program->count == 0)
    return esp_fail(err, ESP_ERR_INPUT, "%s: there are no layers, expected one a line",
                    ps->program->label);
  return ESP_OK;
}

/* Tells every block where its parts and its end are. The blocks are known to match. */
static void link_blocks(esp_program *p) {
  int open[ESP_DEPTH_MAX], last[ESP_DEPTH_MAX], depth = 0;
  for (int i = 0; i < p->count; i++) {
    esp__kind_role role = p->item[i].kind->role;
    if (esp__kind_opens(role)) {
      open[depth] = last[depth] = i;
      depth++;
    } else if (role >= ESP_KIND_SHORTCUT) {
      p->item[last[depth - 1]].next = i;
      p->item[i].opener = open[depth - 1];
      last[depth - 1] = i;
      if (role == ESP_KIND_END) p->item[open[--depth]].end = i;
    }
  }
}

esp_status esp__program_parse(esp_program **program, const char *label, const char *text,
                              int classes, esp_error *err) {
  *program = NULL;
  if (strlen(text) > TEXT_MAX)
    return esp_fail(err, ESP_ERR_INPUT, "%s: the text is longer than %d characters", label,
                    TEXT_MAX);
  esp_program *p = calloc(1, sizeof *p);
  if (p) p->label = strdup(label);
  if (p) p->source = strdup(text);
  esp_status status = ESP_OK;
  if (!p || !p->label || !p->source) {
    status = esp_fail(err, ESP_ERR_MEMORY, "%s: out of memory", label);
  } else {
    parser ps = {.program = p, .at = {.label = p->label, .classes = classes}};
    status = parse_lines(&ps, p->source, err);
  }
  if (status == ESP_OK) {
    link_blocks(p);
    *program = p;
  } else {
    esp__program_free(p);
  }
  return status;
}

void esp__line_write(FILE *out, const esp__layer_kind *kind, const char *line, int *depth) {
  bool part_or_end = kind->role >= ESP_KIND_SHORTCUT;
  fprintf(out, "%*s%s\n", 2 * (*depth - part_or_end), "", line);
  *depth += esp__kind_opens(kind->role) - (kind->role == ESP_KIND_END);
}

char *esp__program_text(const esp_program *p) {
  char *text = NULL;
  size_t size;
  FILE *out = esp__text_stream(&text, &size);
  if (!out) return NULL;
  int depth = 0;
  for (int i = 0; i < p->count; i++) esp__line_write(out, p->item[i].kind, p->item[i].text, &depth);
  if (fclose(out) == 0) return text;
  free(text);
  return NULL;
}

void esp__program_free(esp_program *p) {
  if (!p) return;
  free(p->label);
  free(p->source);
  free(p->item);
  free(p);
}
