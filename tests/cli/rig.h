/* A folder to work in, the command to call there, and readers for what it leaves behind. The
 * readers share no code with Espalier. Failures are failures of the running test. */
#ifndef ESP_TESTS_CLI_RIG_H
#define ESP_TESTS_CLI_RIG_H

#include "process.h"

#include <check.h>
#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Before the tests: finds the command, and makes a temporary folder, in memory where the system has
 * such a place. Runs the tests and removes the folder; returns the program's exit status. */
void rig_begin(void);
int rig_end(Suite *suite);
/* For the fixture of a test: a folder of its own within, to be in. */
void rig_open(void);

void text_write(const char *path, const char *text);
void bytes_write(const char *path, const void *data, size_t bytes);
/* The whole file with a NUL behind it; to be freed. `bytes` may be NULL. */
char *bytes_read(const char *path, size_t *bytes);
bool exists(const char *path);
bool same_bytes(const char *path, const char *other);
void remove_tree(const char *path);
/* Takes the lock of a run, as the process that works on it does, until the file is closed. */
int lock_hold(const char *dir);
/* Files in a folder whose name ends with `ending`. */
int count_files(const char *folder, const char *ending);

/* espalier ARGUMENT...; the last argument is NULL. The environment variable ESPALIER says where it
 * is. */
process espalier(const process_options *options, const char *const *argument);
/* It succeeds, and prints nothing on stderr. */
void espalier_succeeds(const char *const *argument);
#define ESPALIER(...) espalier_succeeds((const char *const[]){__VA_ARGS__, NULL})

/* It ends with that status. What it prints on stdout and stderr contains the texts; NULL stands for
 * anything. On stderr that is one line, or nothing where it succeeds. */
void espalier_ends(int status, const char *out, const char *err, const char *const *argument);
#define ENDS(status, out, err, ...) \
  espalier_ends(status, out, err, (const char *const[]){__VA_ARGS__, NULL})

/* ---- a run directory ---- */

cJSON *json_read(const char *path);
/* result.json in `dir`. Fails unless the run is finished. */
cJSON *result_read(const char *dir);
double number_of(const cJSON *object, const char *name);
/* weights_sha256 of a finished run, in memory that the eighth next call uses again. */
const char *hash_of_run(const char *dir);

/* A CSV file: row 0 is the header. */
typedef struct table {
  int rows, columns;
  char **cell, *text;
} table;
table table_read(const char *path);
void table_free(table *t);
const char *cell_of(const table *t, int row, const char *column);
/* Whether the CSV files of two runs say the same, times apart. */
bool same_reports(const char *dir, const char *other);
/* The same, one column apart. */
bool same_reports_apart(const char *dir, const char *other, const char *apart);

/* A safetensors file. */
typedef struct tensor {
  const char *name;
  bool bytes; /* U8, else F32 */
  size_t count;
  const void *data;
} tensor;
typedef struct tensors {
  tensor item[512];
  int count;
  cJSON *header;
  char *file;
} tensors;
tensors tensors_read(const char *path);
void tensors_free(tensors *t);
/* By prefix and name; NULL when there is none. */
const tensor *tensor_of(const tensors *t, const char *prefix, const char *name);
/* The metadata's text. */
const char *tensors_text(const tensors *t, const char *key);
/* What a checkpoint says of where the run was, JSON; to be freed. */
char *tensors_position(const tensors *t);
float value_at(const tensor *t, size_t i);
bool kept_at(const tensor *mask, size_t i);
/* Fails unless weights, momentum and averages are 0 outside the masks. Returns the parameters that
 * are not 0, of the averages where there are any. */
size_t masked_tensors_check(const tensors *t);

#endif
