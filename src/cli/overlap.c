/* espalier overlap: what the masks of runs have in common */
#include "base/replace.h"
#include "base/shown.h"
#include "base/text_stream.h"
#include "cli/cli.h"
#include <espalier/mask_overlap.h>

#include <espalier/file.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct overlap_options {
  const char *csv;
} overlap_options;

static const esp__argument arguments[] = {
    {.name = "csv",
     .type = ESP_ARGUMENT_TEXT,
     .offset = offsetof(overlap_options, csv),
     .value = "FILE",
     .expected = "a file name",
     .kind = ESP_WORD_FILE,
     .help = "Writes the tables of all pairs into one file too. Only such a file is replaced."},
    {0},
};

/* Where a row goes: to a person, and into the table of the file. */
typedef struct output {
  FILE *csv;
  const char *path[2]; /* of the pair */
} output;

static void print_quoted(FILE *csv, const char *text) {
  fputc('"', csv);
  for (; *text; text++) fprintf(csv, *text == '"' ? "\"\"" : "%c", *text);
  fputs("\",", csv);
}

static void print_row(const output *out, const char *layer, const esp_overlap *o) {
  const double n = (double)o->weights, common = (double)o->common;
  printf("  %-26s %9zu %9.2f %9.2f %9.2f %9.2f %9.4f %9.4f %9.1f\n", layer, o->weights,
         100.0 * (double)o->kept[0] / n, 100.0 * (double)o->kept[1] / n,
         100.0 * esp_overlap_share(o, common), 100.0 * esp_overlap_share(o, o->chance),
         esp_overlap_jaccard(o, common), esp_overlap_jaccard(o, o->chance),
         esp_overlap_deviations(o));
  print_quoted(out->csv, out->path[0]);
  print_quoted(out->csv, out->path[1]);
  fprintf(out->csv, "%s,%zu,%zu,%zu,%zu,%.9g,%.9g,%.9g,%.9g,%.9g\n", layer, o->weights, o->kept[0],
          o->kept[1], o->common, o->chance, sqrt(o->variance), esp_overlap_jaccard(o, common),
          esp_overlap_jaccard(o, o->chance), esp_overlap_deviations(o));
}

static esp_status compare(const esp_layer_masks *a, const esp_layer_masks *b, const output *out,
                          esp_error *err) {
  const esp_model *m = a->network.model;
  esp_overlap all = {0};
  ESP_TRY(esp_layer_masks_match(a, b, out->path, err));
  printf("a = %s\nb = %s\n  %-26s %9s %19s %19s %19s %9s\n", ESP_SHOWN(out->path[0]),
         ESP_SHOWN(out->path[1]), "", "", "---- density % ----", "----- common % ----",
         "----- Jaccard -----", "above");
  printf("  %-26s %9s %9s %9s %9s %9s %9s %9s %9s\n", "layer", "weights", "a", "b", "seen",
         "chance", "seen", "chance", "chance");
  for (int i = 0; i < m->layers; i++) {
    const esp_overlap o = esp_overlap_of(a->keep[i], b->keep[i], m->layer[i].weight->count);
    print_row(out, m->layer[i].name, &o);
    esp_overlap_add(&all, &o);
  }
  print_row(out, "all", &all);
  return ESP_OK;
}

static esp_status compare_all(const esp__words *path, const esp_layer_masks *masks, FILE *csv,
                              esp_error *err) {
  fputs(
      "a,b,layer,weights,kept_a,kept_b,common,common_by_chance,deviation_of_chance,"
      "jaccard,jaccard_by_chance,deviations\n",
      csv);
  for (int i = 0; i < path->count; i++)
    for (int k = i + 1; k < path->count; k++) {
      const output out = {csv, {path->item[i], path->item[k]}};
      if (i + k > 1) putchar('\n');
      ESP_TRY(compare(&masks[i], &masks[k], &out, err));
    }
  return ESP_OK;
}

/* Compares runs whose masks are open; csv: a file to write, or NULL. */
static esp_status overlap(const esp__words *path, const esp_layer_masks *masks, const char *csv,
                          esp_error *err) {
  char *text = NULL;
  size_t bytes = 0;
  FILE *memory = esp__text_stream(&text, &bytes);
  if (!memory) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for a table");
  esp_status status = compare_all(path, masks, memory, err);
  if (fclose(memory) != 0 && status == ESP_OK)
    status = esp_fail(err, ESP_ERR_MEMORY, "out of memory for a table");
  if (status == ESP_OK && csv) status = esp_file_write(csv, text, bytes, err);
  free(text);
  return status;
}

static esp_status run(const esp__arguments *a, esp_error *err) {
  const overlap_options *o = a->options;
  if (o->csv)
    ESP_TRY(esp__check_replaced(o->csv, "a,b,layer,weights,", "is no table of overlaps", err));
  esp_layer_masks *masks = calloc((size_t)a->positional.count, sizeof *masks);
  if (!masks) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the masks");
  int opened = 0;
  esp_status status = ESP_OK;
  while (status == ESP_OK && opened < a->positional.count) {
    status = esp_layer_masks_open(&masks[opened], a->positional.item[opened], err);
    opened += status == ESP_OK;
  }
  if (status == ESP_OK) status = overlap(&a->positional, masks, o->csv, err);
  while (opened > 0) esp_layer_masks_free(&masks[--opened]);
  free(masks);
  return status;
}

const esp__command esp__command_overlap = {
    .name = "overlap",
    .summary =
        "what the masks of runs have in common, layer by layer, beside what chance would give",
    .description =
        "Each pair of runs has a table. A run's masks are those of its checkpoint; "
        "those of a weights file, such as round-02.safetensors, are where its weights are not "
        "zero. The columns:\n"
        "\n"
        "- common: weights that both keep, as a share of what the sparser of the two keeps in the "
        "layer\n"
        "- Jaccard: weights that both keep over weights that either keeps\n"
        "- chance: the same if each had drawn the positions of as many weights in each layer at "
        "random\n"
        "- above: by how many standard deviations of chance more weights are common\n",
    .positional = {.usage = "DIR|FILE DIR|FILE...",
                   .expected = "two or more runs",
                   .least = 2,
                   .most = ESP_ARGUMENTS_ANY,
                   .kind = ESP_WORD_FILE},
    .options = arguments,
    .options_bytes = sizeof(overlap_options),
    .run = run,
};
