#include "cli/starter.h"

#include "data/class_survey.h"
#include "data/columns.h"
#include "data/folder.h"

#include <espalier/data.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Pictures are made at most so large, that a processor can train on them. */
enum { SIDE_MIN = 16, SIDE_MAX = 64, SIDE_STEP = 8 };

/* A file that a data set cannot be without. */
static const struct {
  const char *dataset, *file;
} marks[] = {
    {"cifar10", "data_batch_1.bin"},
    {"cifar100", "train.bin"},
    {"idx", "train-images-idx3-ubyte"},
    {"idx", "train-images-idx3-ubyte.gz"},
    {"idx", "train-images.idx3-ubyte"},
    {"idx", "train-images.idx3-ubyte.gz"},
    {"text", "train.tsv"},
    {"csv", "train.csv"},
};

static const char *marked(const char *folder) {
  char path[4096 + 32];
  for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
    snprintf(path, sizeof path, "%s/%s", folder, marks[i].file);
    if (access(path, F_OK) == 0) return marks[i].dataset;
  }
  return NULL;
}

/* Reads the set: the files are few, and their sizes stand in them. */
static esp_status read_set(esp__found_data *d, const char *tokens, esp_error *err) {
  char dataset[16], reads[16], none[] = "";
  snprintf(dataset, sizeof dataset, "%s", d->dataset);
  snprintf(reads, sizeof reads, "%s", tokens);
  const esp_data_options o = {.dataset = dataset,
                              .path = d->path,
                              .text.tokens = reads,
                              .augment = none,
                              .tasks = none,
                              .crop_padding = 4};
  esp_dataset *set = NULL;
  ESP_TRY(esp_dataset_load(&set, &o, (esp_shape){0}, 1, err));
  d->images = set->train.count;
  d->classes = set->classes;
  d->shape = set->shape;
  esp_dataset_free(set);
  return ESP_OK;
}

/* Characters are enough of what is as long as a name or a title; longer texts are read as words,
 * where they have some. */
enum { CHARACTERS_MAX = 128, WORDS_MIN = 8 };

static esp_status look_at_texts(esp__found_data *d, esp_error *err) {
  d->noun = "texts";
  ESP_TRY(read_set(d, "characters", err));
  if (d->shape.width <= CHARACTERS_MAX) return ESP_OK;
  ESP_TRY(read_set(d, "words", err));
  d->words = d->shape.width >= WORDS_MIN;
  return d->words ? ESP_OK : read_set(d, "characters", err);
}

static esp_status look_at_sounds(esp__found_data *d, esp_error *err) {
  esp__sound_survey s;
  ESP_TRY(esp__sounds_look(&s, d->path, err));
  d->noun = "sounds";
  d->dataset = "audio";
  d->images = s.sounds;
  d->classes = s.classes;
  d->dealt = !s.split;
  d->seconds = s.seconds;
  return ESP_OK;
}

static int side_for(const esp__folder_survey *s) {
  if (s->same_sides && s->side >= SIDE_MIN && s->side <= SIDE_MAX) return s->side;
  const int side = s->side / SIDE_STEP * SIDE_STEP;
  return side < SIDE_MIN ? SIDE_MIN : side > SIDE_MAX ? SIDE_MAX : side;
}

static esp_status look_at_pictures(esp__found_data *d, esp_error *err) {
  esp__folder_survey s;
  ESP_TRY(esp__folder_look(&s, d->path, err));
  const int side = side_for(&s);
  d->dataset = "folder";
  d->images = s.split ? s.pictures : s.pictures - s.pictures / 5;
  d->classes = s.classes;
  d->shape = (esp_shape){3, side, side};
  d->resized = !s.same_sides || s.side != side;
  d->dealt = !s.split;
  return ESP_OK;
}

/* Where names are many or long, the person knows better. */
static esp_status name_roles(esp__found_data *d, const esp_csv *t, const char *path,
                             esp_error *err) {
  size_t used = 0;
  int target = -1;
  for (int c = 0; c < t->columns; c++) {
    if (esp__column_is_numbers(t, c)) {
      target = c;
      continue;
    }
    const size_t more = strlen(t->name[c]) + 2;
    if (used + more >= sizeof d->ignored)
      return esp_fail(err, ESP_ERR_INPUT,
                      "%s: too many columns that are no numbers in every row; expected numbers",
                      path);
    used += (size_t)sprintf(d->ignored + used, "%s%s", used ? ", " : "", t->name[c]);
  }
  if (target < 0 || strlen(t->name[target]) >= sizeof d->target)
    return esp_fail(err, ESP_ERR_INPUT, "%s: expected a column that is a number in every row",
                    path);
  strcpy(d->target, t->name[target]);
  d->shape = (esp_shape){t->columns, 1, 1, 0};
  return ESP_OK;
}

static esp_status look_at_rows(esp__found_data *d, bool folder, esp_error *err) {
  char path[4096 + 16];
  esp_csv t;
  snprintf(path, sizeof path, folder ? "%s/test.csv" : "%s", d->path);
  d->dealt = !folder || access(path, F_OK) != 0;
  snprintf(path, sizeof path, folder ? "%s/train.csv" : "%s", d->path);
  ESP_TRY(esp__columns_open(&t, path, err));
  const esp_status status = name_roles(d, &t, path, err);
  d->noun = "rows";
  d->images = d->dealt ? t.rows - t.rows / 5 : t.rows;
  d->classes = 1;
  esp_csv_free(&t);
  return status;
}

static bool ends_with(const char *path, const char *wanted) {
  const char *ending = strrchr(path, '.');
  return ending && strcasecmp(ending, wanted) == 0;
}

static bool is_table(const char *path) {
  return ends_with(path, ".tsv") || ends_with(path, ".csv");
}

/* A table of texts, and what there is of a folder by the files that its classes have. */
static esp_status look_at(esp__found_data *d, bool folder, esp_error *err) {
  const esp__file_kind *kind = folder ? esp__folder_kind(d->path) : &esp__text_files;
  d->dataset = folder ? marked(d->path) : ends_with(d->path, ".csv") ? "csv" : "text";
  if (d->dataset && strcmp(d->dataset, "csv") == 0) return look_at_rows(d, folder, err);
  d->noun = "images";
  if (d->dataset && strcmp(d->dataset, "text") != 0) return read_set(d, "characters", err);
  if (!d->dataset && kind == &esp__sound_files) return look_at_sounds(d, err);
  if (!d->dataset && kind != &esp__text_files) return look_at_pictures(d, err);
  if (folder && !d->dataset) ESP_TRY(esp__folder_is_split(d->path, &d->dealt, err));
  d->dealt = !folder || (!d->dataset && !d->dealt);
  d->dataset = "text";
  return look_at_texts(d, err);
}

esp_status esp__starter_look(esp__found_data *d, const char *given, esp_error *err) {
  struct stat info;
  *d = (esp__found_data){0};
  char path[PATH_MAX];
  const bool there = realpath(given, path) != NULL && stat(path, &info) == 0,
             folder = there && S_ISDIR(info.st_mode);
  if (!there || (!folder && !is_table(path)))
    return esp_fail(
        err, ESP_ERR_INPUT,
        "%s: %s; expected one with class folders of pictures, sounds or texts, IDX "
        "files, CIFAR's binary files or tables of numbers; or a table, a .tsv file of texts or "
        "a .csv file of numbers",
        given, there ? "is not a folder" : "no such folder");
  snprintf(d->path, sizeof d->path, "%s", path);
  return look_at(d, folder, err);
}
