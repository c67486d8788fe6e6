#include "cli/starter.h"

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
    {"cifar10", "data_batch_1.bin"},    {"cifar100", "train.bin"},
    {"idx", "train-images-idx3-ubyte"}, {"idx", "train-images-idx3-ubyte.gz"},
    {"idx", "train-images.idx3-ubyte"}, {"idx", "train-images.idx3-ubyte.gz"},
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
static esp_status look_at_set(esp__found_data *d, esp_error *err) {
  char dataset[16], none[] = "";
  snprintf(dataset, sizeof dataset, "%s", d->dataset);
  const esp_data_options o = {
      .dataset = dataset, .path = d->path, .augment = none, .tasks = none, .crop_padding = 4};
  esp_dataset *set = NULL;
  ESP_TRY(esp_dataset_load(&set, &o, (esp_shape){0}, 1, err));
  d->images = set->train.count;
  d->classes = set->classes;
  d->shape = set->shape;
  esp_dataset_free(set);
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

esp_status esp__starter_look(esp__found_data *d, const char *folder, esp_error *err) {
  struct stat info;
  *d = (esp__found_data){0};
  char path[PATH_MAX];
  const bool there = realpath(folder, path) != NULL;
  if (!there || stat(path, &info) != 0 || !S_ISDIR(info.st_mode))
    return esp_fail(err, ESP_ERR_INPUT,
                    "%s: %s; expected one with class folders of pictures, IDX files or CIFAR's "
                    "binary files",
                    folder, there ? "is not a folder" : "no such folder");
  snprintf(d->path, sizeof d->path, "%s", path);
  d->dataset = marked(d->path);
  return d->dataset ? look_at_set(d, err) : look_at_pictures(d, err);
}
