/* Small data sets on disk, made for the tests of src/data. A failure ends the program. */
#ifndef ESP_TESTS_DATA_FILES_H
#define ESP_TESTS_DATA_FILES_H

#include "folder.h"

#include <espalier/data.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Path of `name` in `folder`, in memory that the next call but three reuses. */
const char *path_of(const char *folder, const char *name);
/* Writes a file, making the sub-folders in `name`. */
void file_write(const char *folder, const char *name, const void *data, size_t bytes);
void file_write_gz(const char *folder, const char *name, const void *data, size_t bytes);
/* Ends the program unless the condition holds. */
void need(bool condition, const char *what);
void put_big_endian(uint8_t *to, uint32_t value);

/* A PNG of `channels` (1 or 3) interleaved bytes a pixel. */
void png_write(const char *folder, const char *name, int width, int height, int channels,
               const uint8_t *pixels);
/* The same, all pixels alike. */
void png_write_plain(const char *folder, const char *name, int width, int height, uint8_t r,
                     uint8_t g, uint8_t b);
/* A PNG that is a header only, announcing width x height. */
void png_write_header(const char *folder, const char *name, uint32_t width, uint32_t height);
/* A JPEG of squares of 8x8 pixels, each of one colour: columns x rows of them. */
void jpeg_write(const char *folder, const char *name, int columns, int rows,
                const uint8_t (*rgb)[3]);

/* What record `i` of CIFAR file `file` holds (file 5, or 1 of CIFAR-100, is the test file). */
int cifar_label(int file, int i);
uint8_t cifar_pixel(int file, int i, int p);
enum { CIFAR_RECORDS = 4, CIFAR100_RECORDS = 30 }; /* a file */
void cifar10_make(const char *folder);             /* with class names */
void cifar100_make(const char *folder);            /* with class names */

enum { IDX_TRAIN = 12, IDX_TEST = 6, IDX_HEIGHT = 5, IDX_WIDTH = 4, IDX_CLASSES = 3 };
/* form 0 plain, 1 .gz, 2 dots in the names */
void idx_make(const char *folder, int form);
uint8_t idx_pixel(int test, int i, int p);
int idx_label(int test, int i);

/* train/{ant,bee}/{a,b}.png and test/{ant,bee}/a.jpg, 8x8. */
void pictures_make(const char *folder);

/* [data] with the defaults, apart from the arguments. */
esp_data_options options_for(const char *dataset, const char *path);
/* Loads what they say, in the place of what *set is. */
void data_load(esp_dataset **set, const esp_data_options *opt, esp_key seed);
/* They must be refused, in one line that has `what` in it. */
void data_refused(const esp_data_options *opt, const char *what);
/* FNV-1a. */
uint64_t hash_of(const void *data, size_t bytes, uint64_t before);
enum { HASH_START = 0 };

#endif
