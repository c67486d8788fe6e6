/* Texts: in folders of their classes, a file each; in a file of their class, a line each; or in a
 * table of labels and texts. */
#include "data/class_files.h"
#include "data/corpus.h"
#include "data/set.h"
#include "data/text_table.h"
#include "data/tokens.h"

#include <string.h>
#include <unistd.h>

/* ---- folders ---- */

/* A file that is one text: its lines become one. */
static esp_status read_one(esp_images *images, esp__lines *lines, int label, esp_error *err) {
  char *text = lines->at, *line;
  for (;;) {
    ESP_TRY(esp__line_next(lines, &line, err));
    if (!line) break;
    if (lines->at < lines->end) lines->at[-1] = '\n';
  }
  if (esp__text_tidy(text) == 0)
    return esp_fail(err, ESP_ERR_INPUT, "%s: has no token in it; expected a text", lines->path);
  return esp__texts_add(images, text, label, lines->path, err);
}

static esp_status read_lines(esp_images *images, esp__lines *lines, int label, esp_error *err) {
  const uint32_t before = images->count;
  char *line;
  for (;;) {
    ESP_TRY(esp__line_next(lines, &line, err));
    if (!line) break;
    if (esp__text_tidy(line) > 0) ESP_TRY(esp__texts_add(images, line, label, lines->path, err));
  }
  if (images->count > before) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT, "%s: has no token in it; expected a text a line",
                  lines->path);
}

static esp_status read_files(esp_dataset *set, esp_images *images, const esp__class_files *files,
                             esp_error *err) {
  for (size_t i = 0; i < files->count; i++) {
    const esp__class_file *f = &files->item[i];
    esp__lines lines;
    ESP_TRY(esp__corpus_read(set, f->path, &lines, err));
    ESP_TRY((f->is_class ? read_lines : read_one)(images, &lines, f->label, err));
  }
  return ESP_OK;
}

static esp_status read_folder(esp_dataset *set, const char *root, bool *split, esp_error *err) {
  esp__class_files train = {0}, test = {0};
  esp_status status = esp__class_files_find(set, root, &esp__text_files, split, &train, &test, err);
  if (status == ESP_OK) status = read_files(set, &set->train, &train, err);
  if (status == ESP_OK) status = read_files(set, &set->test, &test, err);
  esp__class_files_free(&train);
  esp__class_files_free(&test);
  return status;
}

/* ---- */

static bool is_table(const char *path) {
  const char *ending = strrchr(path, '.');
  return ending && strcasecmp(ending, ".tsv") == 0 && access(path, F_OK) == 0 &&
         !esp__is_folder(path);
}

static esp_status read_tables(esp_dataset *set, const char *folder, esp_error *err) {
  char path[ESP_PATH_BYTES];
  ESP_TRY(esp__data_path(path, folder, "train.tsv", err));
  ESP_TRY(esp__text_table_read(set, &set->train, path, err));
  ESP_TRY(esp__data_path(path, folder, "test.tsv", err));
  return esp__text_table_read(set, &set->test, path, err);
}

/* *split: whether the files say what is to test on. */
static esp_status read_all(esp_dataset *set, const esp_data_options *opt, bool *split,
                           esp_error *err) {
  char path[ESP_PATH_BYTES];
  *split = false;
  if (opt->path && is_table(opt->path))
    return esp__text_table_read(set, &set->train, opt->path, err);
  ESP_TRY(esp__data_folder(opt, err));
  ESP_TRY(esp__data_path(path, opt->path, "train.tsv", err));
  *split = access(path, F_OK) == 0;
  return *split ? read_tables(set, opt->path, err) : read_folder(set, opt->path, split, err);
}

static esp_status load(esp_dataset *set, const esp_data_options *opt, esp_shape wanted,
                       esp_key seed, esp_error *err) {
  bool split;
  (void)wanted, (void)seed;
  set->shape = (esp_shape){1, 1, 1, 0};
  ESP_TRY(read_all(set, opt, &split, err));
  return split ? ESP_OK : esp__images_deal(set, "texts", err);
}

const esp_dataset_kind esp__dataset_text = {
    .name = "text",
    .help =
        "texts in train/CLASS/*.txt, a file each, or train/CLASS.txt, a line each, and the same "
        "in test; or train.tsv and test.tsv, lines of label, tab, text; or one of these alone, of "
        "which a fifth is to test on",
    .element = ESP_TEXTS,
    .load = load,
};
