/* Files that stand in a folder for each class: train/CLASS/FILE and test/CLASS/FILE; or CLASS/FILE
 * alone, then some of them are to test on. */
#ifndef ESP_DATA_CLASS_FILES_H
#define ESP_DATA_CLASS_FILES_H

#include "data/file_names.h"

#include <espalier/data.h>

/* Files of one kind, by their endings. */
typedef struct esp__file_kind {
  const char *noun;       /* "picture" */
  const char *endings[4]; /* ".png", in any case; NULL after the last */
  bool class_is_file;     /* CLASS.txt may take the place of the folder CLASS */
} esp__file_kind;
extern const esp__file_kind esp__picture_files, esp__sound_files, esp__text_files;

/* ".jpg, .jpeg or .png" */
enum { ESP_ENDINGS = 64 };
const char *esp__file_endings(const esp__file_kind *kind, char text[ESP_ENDINGS]);
/* Whether it ends as such files do. */
bool esp__is_of_kind(const char *path, const esp__file_kind *kind);
/* Whether it is such a file: for lists of names (kind: an esp__file_kind). */
bool esp__takes_file(const char *path, const void *kind);

typedef struct esp__class_file {
  char *path;
  int label;
  bool is_class; /* it is all of the class */
} esp__class_file;

/* Files of one split: class after class, each in the order of the names. */
typedef struct esp__class_files {
  esp__class_file *item;
  size_t count, room;
} esp__class_files;

/* Lists the files to train and to test on below `root`, and names the classes of `set` as the
 * folders to train on are called, sorted by name. *split: whether `root` has train or test in it;
 * else all files are listed as to train on. Fails where a class has no file, and where one to test
 * on is none to train on. */
esp_status esp__class_files_find(esp_dataset *set, const char *root, const esp__file_kind *kind,
                                 bool *split, esp__class_files *train, esp__class_files *test,
                                 esp_error *err);
/* The same as files to train on, split[0], and to test on, split[1]: where there is no train or
 * test, a fifth of each class, at least one file, is drawn to test on, the same for every seed of a
 * run. Fails where such a class has one file only. */
esp_status esp__class_files_split(esp_dataset *set, const char *root, const esp__file_kind *kind,
                                  esp__class_files split[2], esp_error *err);
void esp__class_files_free(esp__class_files *files);

/* Of `count` examples of a class, how many are to test on where nothing says which. */
size_t esp__share_to_test(size_t count);
/* The number of the class with that name of so many bytes; -1: there is none. */
int esp__class_find(const esp_dataset *set, const char *name, size_t length);
/* Whether a folder has train or test in it; else its folders are the classes. */
esp_status esp__folder_is_split(const char *root, bool *split, esp_error *err);

#endif
