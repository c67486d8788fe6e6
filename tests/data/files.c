#include "files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <ftw.h>
#include <unistd.h>
#include <zlib.h>

void need(bool condition, const char *what) {
  if (condition) return;
  perror(what);
  exit(1);
}

const char *path_of(const char *folder, const char *name) {
  static char path[4][512];
  static int turn;
  turn = (turn + 1) % 4;
  snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
  return path[turn];
}

static const char *path_with_folders(const char *folder, const char *name) {
  const char *path = path_of(folder, name);
  char part[512];
  for (const char *slash = strchr(path + strlen(folder) + 1, '/'); slash;
       slash = strchr(slash + 1, '/')) {
    snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
    mkdir(part, 0777);
  }
  return path;
}

void file_write(const char *folder, const char *name, const void *data, size_t bytes) {
  const char *path = path_with_folders(folder, name);
  FILE *file = fopen(path, "wb");
  need(file && fwrite(data, 1, bytes, file) == bytes && fclose(file) == 0, path);
}

void file_write_gz(const char *folder, const char *name, const void *data, size_t bytes) {
  const char *path = path_with_folders(folder, name);
  gzFile file = gzopen(path, "wb9");
  need(file && gzwrite(file, data, (unsigned)bytes) == (int)bytes && gzclose(file) == Z_OK, path);
}

int cifar_label(int file, int i) {
  return file * CIFAR_RECORDS + i;
}
uint8_t cifar_pixel(int file, int i, int p) {
  return (uint8_t)(31 * file + 7 * i + p / 5);
}

static void cifar_write(const char *folder, const char *name, int file, int records,
                        int label_bytes) {
  size_t record = (size_t)label_bytes + 3072;
  uint8_t *data = malloc((size_t)records * record);
  need(data != NULL, "malloc");
  for (int i = 0; i < records; i++) {
    uint8_t *at = data + (size_t)i * record;
    int label = cifar_label(file, i) % (label_bytes == 1 ? 10 : 100);
    at[0] = (uint8_t)(label_bytes == 1 ? label : label % 20);
    at[label_bytes - 1] = (uint8_t)label;
    for (int p = 0; p < 3072; p++) at[label_bytes + p] = cifar_pixel(file, i, p);
  }
  file_write(folder, name, data, (size_t)records * record);
  free(data);
}

void cifar10_make(const char *folder) {
  for (int file = 0; file < 5; file++) {
    char name[32];
    snprintf(name, sizeof name, "data_batch_%d.bin", file + 1);
    cifar_write(folder, name, file, CIFAR_RECORDS, 1);
  }
  cifar_write(folder, "test_batch.bin", 5, CIFAR_RECORDS, 1);
  static const char names[] =
      "plane\r\ncar\r\n\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\nlorry\n\n";
  file_write(folder, "batches.meta.txt", names, sizeof names - 1);
}

void cifar100_make(const char *folder) {
  cifar_write(folder, "train.bin", 0, CIFAR100_RECORDS, 2);
  cifar_write(folder, "test.bin", 1, CIFAR100_RECORDS, 2);
  char names[1024];
  size_t length = 0;
  for (int i = 0; i < 100; i++) length += (size_t)sprintf(names + length, "name%d\n", i);
  file_write(folder, "fine_label_names.txt", names, length);
}

uint8_t idx_pixel(int test, int i, int p) {
  return (uint8_t)(100 * test + 11 * i + p);
}
int idx_label(int test, int i) {
  return (i + test) % IDX_CLASSES;
}

static void idx_write_part(const char *folder, const char *split, const char *what, int dimensions,
                           int form, const uint8_t *data, size_t bytes) {
  char name[64];
  snprintf(name, sizeof name, "%s-%s%cidx%d-ubyte%s", split, what, form == 2 ? '.' : '-',
           dimensions, form == 1 ? ".gz" : "");
  (form == 1 ? file_write_gz : file_write)(folder, name, data, bytes);
}

static void idx_write(const char *folder, const char *split, int test, int count, int form) {
  enum { PLANE = IDX_HEIGHT * IDX_WIDTH };
  uint8_t images[16 + IDX_TRAIN * PLANE] = {0, 0, 8, 3}, labels[8 + IDX_TRAIN] = {0, 0, 8, 1};
  put_big_endian(images + 4, (uint32_t)count);
  put_big_endian(images + 8, IDX_HEIGHT);
  put_big_endian(images + 12, IDX_WIDTH);
  put_big_endian(labels + 4, (uint32_t)count);
  for (int i = 0; i < count; i++) {
    for (int p = 0; p < PLANE; p++) images[16 + i * PLANE + p] = idx_pixel(test, i, p);
    labels[8 + i] = (uint8_t)idx_label(test, i);
  }
  idx_write_part(folder, split, "images", 3, form, images, 16 + (size_t)count * PLANE);
  idx_write_part(folder, split, "labels", 1, form, labels, 8 + (size_t)count);
}

void idx_make(const char *folder, int form) {
  idx_write(folder, "train", 0, IDX_TRAIN, form);
  idx_write(folder, "t10k", 1, IDX_TEST, form);
}

void pictures_make(const char *folder) {
  png_write_plain(folder, "train/bee/b.png", 8, 8, 250, 240, 30);
  png_write_plain(folder, "train/bee/a.png", 8, 8, 240, 230, 20);
  png_write_plain(folder, "train/ant/b.png", 8, 8, 60, 20, 10);
  png_write_plain(folder, "train/ant/a.png", 8, 8, 50, 10, 0);
  jpeg_write(folder, "test/ant/a.jpg", 1, 1, (const uint8_t[][3]){{55, 15, 5}});
  jpeg_write(folder, "test/bee/a.jpg", 1, 1, (const uint8_t[][3]){{245, 235, 25}});
}

esp_data_options options_for(const char *dataset, const char *path) {
  static char text[3][512]; /* the options' texts are char *, owned by a config */
  snprintf(text[0], sizeof text[0], "%s", dataset);
  snprintf(text[1], sizeof text[1], "%s", path);
  text[2][0] = '\0';
  static char characters[] = "characters";
  return (esp_data_options){.dataset = text[0],
                            .path = text[1],
                            .text = {.tokens = characters},
                            .augment = text[2],
                            .crop_padding = 4,
                            .cutout_size = 8};
}

void data_load(esp_dataset **set, const esp_data_options *opt, esp_key seed) {
  esp_error err = {0};
  esp_dataset_free(*set);
  const esp_status status = esp_dataset_load(set, opt, (esp_shape){0}, seed, &err);
  need(status == ESP_OK, err.text);
}

void data_refused(const esp_data_options *opt, const char *what) {
  esp_error err = {0};
  esp_dataset *none = NULL;
  const esp_status status = esp_dataset_load(&none, opt, (esp_shape){0}, 1, &err);
  need(status == ESP_ERR_INPUT && !none, what);
  need(strstr(err.text, what) && !strchr(err.text, '\n'), err.text);
}

uint64_t hash_of(const void *data, size_t bytes, uint64_t before) {
  uint64_t hash = before ^ 0xcbf29ce484222325u;
  for (size_t i = 0; i < bytes; i++) hash = (hash ^ ((const uint8_t *)data)[i]) * 0x100000001b3u;
  return hash;
}
