#include "damages.h"

#include "files.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* What can happen to a file; `at` and `bytes` say where and with what. */
typedef enum action { CUT, POKE, APPEND, REPLACE, REMOVE, FOLDER, PIPE } action;

static void make_idx(const char *folder) {
  idx_make(folder, 0);
}
static void make_idx_gz(const char *folder) {
  idx_make(folder, 1);
}

#define BYTES(text) text, sizeof text - 1

static const struct {
  damage what;
  void (*make)(const char *folder);
  action action;
  long at; /* negative: from the end */
  const char *bytes;
  size_t count;
} damages[] = {
    {{"cifar10", "data_batch_1.bin", "at byte 6146: record cut short"},
     cifar10_make,
     CUT,
     2 * 3073 + 100,
     NULL,
     0},
    {{"cifar10", "data_batch_3.bin", "empty"}, cifar10_make, CUT, 0, NULL, 0},
    {{"cifar10", "data_batch_2.bin", "at byte 0: label 200, expected 0 to 9"},
     cifar10_make,
     POKE,
     0,
     BYTES("\310")},
    {{"cifar10", "data_batch_5.bin", "at byte 9219: label 10"},
     cifar10_make,
     POKE,
     3 * 3073,
     BYTES("\n")},
    {{"cifar10", "data_batch_4.bin", "at byte 12292"}, cifar10_make, APPEND, 0, BYTES("x")},
    {{"cifar10", "test_batch.bin", "at byte 0: record cut short"}, cifar10_make, CUT, 1, NULL, 0},
    {{"cifar10", "test_batch.bin", "directory"}, cifar10_make, FOLDER, 0, NULL, 0},
    {{"cifar10", "test_batch.bin", "not a regular file"}, cifar10_make, PIPE, 0, NULL, 0},
    {{"cifar10", "test_batch.bin", "No such file"}, cifar10_make, REMOVE, 0, NULL, 0},
    {{"cifar10", "batches.meta.txt", "2 class names, expected 10"}, cifar10_make, CUT, 12, NULL, 0},
    {{"cifar10", "batches.meta.txt", "0 class names"}, cifar10_make, CUT, 0, NULL, 0},
    {{"cifar10", "batches.meta.txt", "11 class names"}, cifar10_make, APPEND, 0, BYTES("tree\n")},
    {{"cifar10", "batches.meta.txt", "not plain UTF-8"}, cifar10_make, POKE, 1, BYTES("\0")},
    {{"cifar10", "batches.meta.txt", "directory"}, cifar10_make, FOLDER, 0, NULL, 0},
    {{"cifar100", "train.bin", "at byte 3074: label 20, expected 0 to 19"},
     cifar100_make,
     POKE,
     3074,
     BYTES("\24")},
    {{"cifar100", "train.bin", "at byte 1: label 100, expected 0 to 99"},
     cifar100_make,
     POKE,
     1,
     BYTES("d")},
    {{"cifar100", "train.bin", "empty"}, cifar100_make, CUT, 0, NULL, 0},
    {{"cifar100", "test.bin", "records of 3074 bytes"}, cifar100_make, CUT, 3073, NULL, 0},
    {{"cifar100", "fine_label_names.txt", "not plain UTF-8"},
     cifar100_make,
     POKE,
     5,
     BYTES("\377")},
    {{"idx", "train-images-idx3-ubyte", "magic number 00000903, expected 00000803"},
     make_idx,
     POKE,
     2,
     BYTES("\11")},
    {{"idx", "train-images-idx3-ubyte", "magic number"}, make_idx, POKE, 3, BYTES("\4")},
    {{"idx", "train-images-idx3-ubyte", "announces 256 bytes, the file has 100"},
     make_idx,
     CUT,
     100,
     NULL,
     0},
    {{"idx", "train-images-idx3-ubyte", "ends too early"}, make_idx, CUT, 6, NULL, 0},
    {{"idx", "train-images-idx3-ubyte", "at byte 0: file ends too early"},
     make_idx,
     CUT,
     0,
     NULL,
     0},
    {{"idx", "train-images-idx3-ubyte", "the file has 257"}, make_idx, APPEND, 0, BYTES("x")},
    {{"idx", "train-images-idx3-ubyte", "at byte 4: dimension of 0"},
     make_idx,
     POKE,
     4,
     BYTES("\0\0\0\0")},
    {{"idx", "train-images-idx3-ubyte", "announces"}, make_idx, POKE, 4, BYTES("\377\377\377\377")},
    {{"idx", "train-images-idx3-ubyte", "at most 4294967296"},
     make_idx,
     POKE,
     4,
     BYTES("\0\0\2\0\0\0\20\0\0\0\20\0")},
    {{"idx", "train-images-idx3-ubyte", "expected 1 to 4096"},
     make_idx,
     POKE,
     8,
     BYTES("\377\377\377\377\377\377\377\377")},
    {{"idx", "train-images-idx3-ubyte", "at byte 8: dimension of 4097"},
     make_idx,
     POKE,
     8,
     BYTES("\0\0\20\1")},
    {{"idx", "train-images-idx3-ubyte", "not a regular file"}, make_idx, FOLDER, 0, NULL, 0},
    {{"idx", "train-images-idx3-ubyte", "not a regular file"}, make_idx, PIPE, 0, NULL, 0},
    {{"idx", "train-labels-idx1-ubyte", "announces 21 bytes, the file has 20"},
     make_idx,
     POKE,
     7,
     BYTES("\15")},
    {{"idx", "train-labels-idx1-ubyte", "2 labels for 12 images"},
     make_idx,
     REPLACE,
     0,
     BYTES("\0\0\10\1\0\0\0\2\0\1")},
    {{"idx", "train-labels-idx1-ubyte", "the file has 15"}, make_idx, CUT, 15, NULL, 0},
    {{"idx", "train-labels-idx1-ubyte", "not a regular file"}, make_idx, FOLDER, 0, NULL, 0},
    {{"idx", "train-labels-idx1-ubyte", "no such file"}, make_idx, REMOVE, 0, NULL, 0},
    {{"idx", "t10k-labels-idx1-ubyte", "at byte 10: label 9 of image 2"},
     make_idx,
     POKE,
     10,
     BYTES("\11")},
    {{"idx", "t10k-labels-idx1-ubyte", "magic number"}, make_idx, POKE, 3, BYTES("\3")},
    {{"idx", "t10k-images-idx3-ubyte", "images of 4x5, those to train on have 5x4"},
     make_idx,
     POKE,
     11,
     BYTES("\4\0\0\0\5")},
    {{"idx", "t10k-images-idx3-ubyte", "no such file"}, make_idx, REMOVE, 0, NULL, 0},
    {{"idx", "train-images-idx3-ubyte.gz", "ends too early"}, make_idx_gz, CUT, 60, NULL, 0},
    {{"idx", "train-images-idx3-ubyte.gz", "train-images"}, make_idx_gz, CUT, 5, NULL, 0},
    {{"idx", "train-images-idx3-ubyte.gz", "ends too early"}, make_idx_gz, CUT, -4, NULL, 0},
    {{"idx", "train-images-idx3-ubyte.gz", "damaged"},
     make_idx_gz,
     POKE,
     10,
     BYTES("\377\377\377")},
    {{"idx", "train-images-idx3-ubyte.gz", "data is damaged"},
     make_idx_gz,
     POKE,
     -8,
     BYTES("\1\2\3\4")},
    {{"idx", "train-images-idx3-ubyte.gz", "magic number"},
     make_idx_gz,
     REPLACE,
     0,
     BYTES("not compressed at all")},
    {{"folder", "train/ant/a.png", "neither JPEG nor PNG"}, pictures_make, CUT, 0, NULL, 0},
    {{"folder", "train/ant/a.png", "cut short"}, pictures_make, CUT, 30, NULL, 0},
    {{"folder", "train/ant/a.png", "cut short"}, pictures_make, CUT, -12, NULL, 0},
    {{"folder", "train/ant/a.png", "wrong CRC-32"}, pictures_make, POKE, 50, BYTES("!")},
    {{"folder", "train/bee/b.png", "neither JPEG nor PNG"},
     pictures_make,
     REPLACE,
     0,
     BYTES("GIF89a")},
    {{"folder", "train/bee/b.png", "directory"}, pictures_make, FOLDER, 0, NULL, 0},
    {{"folder", "train/bee/b.png", "header is damaged"},
     pictures_make,
     REPLACE,
     0,
     BYTES("\377\330\377\331")},
    {{"folder", "train/bee/b.png", "impossible length"},
     pictures_make,
     REPLACE,
     0,
     BYTES("\377\330\377\300\0\1")},
    {{"folder", "train/bee/b.png", "cut short"},
     pictures_make,
     REPLACE,
     0,
     BYTES("\377\330\377\377\377\300\377\377")},
    {{"folder", "test/bee/a.jpg", "cut short"}, pictures_make, CUT, 100, NULL, 0},
    {{"folder", "test/bee/a.jpg", "cut short"}, pictures_make, CUT, -2, NULL, 0},
    {{"folder", "test/bee/a.jpg", "cut short"}, pictures_make, CUT, 2, NULL, 0},
    {{"folder", "test/bee/a.jpg", "at byte 2: expected a JPEG marker"},
     pictures_make,
     POKE,
     2,
     BYTES("x")},
    {{"folder", "test/bee/a.jpg", "impossible Huffman tables"},
     pictures_make,
     POKE,
     80,
     BYTES("\377")},
    {{"folder", "test/bee/a.jpg", "impossible Huffman tables"},
     pictures_make,
     POKE,
     75,
     BYTES("\044")},
    {{"folder", "test/bee/a.jpg", "impossible quantisation tables"},
     pictures_make,
     POKE,
     6,
     BYTES("\011")},
    {{"folder", "test/bee/a.jpg", "impossible frame"}, pictures_make, POKE, 149, BYTES("\005")},
    {{"folder", "test/bee/a.jpg", "tables that are not there"},
     pictures_make,
     POKE,
     3,
     BYTES("\340")},
    {{"folder", "test/bee/a.jpg", "tables that are not there"},
     pictures_make,
     POKE,
     72,
     BYTES("\344")},
    {{"folder", "test/bee/a.jpg", "tables that are not there"},
     pictures_make,
     POKE,
     168,
     BYTES("\007")},
    {{"folder", "test/bee/a.jpg", "without a scan of every component"},
     pictures_make,
     POKE,
     168,
     BYTES("\001")},
};

static void overwrite(const char *path, long at, const char *bytes, size_t count) {
  FILE *file = fopen(path, "r+b");
  need(file && fseek(file, at, at < 0 ? SEEK_END : SEEK_SET) == 0 &&
           fwrite(bytes, 1, count, file) == count && fclose(file) == 0,
       path);
}

const damage *damage_at(size_t i) {
  return i < sizeof damages / sizeof *damages ? &damages[i].what : NULL;
}

void damage_make(size_t i, const char *folder) {
  damages[i].make(folder);
  const char *path = path_of(folder, damages[i].what.file), *bytes = damages[i].bytes;
  const action what = damages[i].action;
  const long at = damages[i].at;
  struct stat info;
  need(stat(path, &info) == 0, path);
  if (what == CUT) need(truncate(path, at < 0 ? info.st_size + at : at) == 0, path);
  if (what == POKE) overwrite(path, at, bytes, damages[i].count);
  if (what == APPEND) overwrite(path, info.st_size, bytes, damages[i].count);
  if (what == REPLACE || what == REMOVE || what == FOLDER || what == PIPE)
    need(remove(path) == 0, path);
  if (what == REPLACE) file_write(folder, damages[i].what.file, bytes, damages[i].count);
  if (what == FOLDER) need(mkdir(path, 0777) == 0, path);
  if (what == PIPE) need(mkfifo(path, 0666) == 0, path);
}
