/* result.json, and the table that a person sees at the end. */
#ifndef ESP_RUNDIR_RESULT_WRITE_H
#define ESP_RUNDIR_RESULT_WRITE_H

#include "rundir/parts.h"
#include "rundir/position.h"

#include <espalier/config.h>

#include <stdio.h>

/* What the report files are a function of. */
typedef struct esp__report {
  const esp_config *config;
  const esp__position *position;
  const char *dir, *isa;
  int threads;
  bool has_dense;      /* result 0 is that of a dense network */
  const char *classes; /* names, a line each */
  const char *sha256;  /* of the weights; NULL while the run goes on */
  esp__parts parts;
} esp__report;

/* What the round of a result did to the weights: prune, or a step of [compress]; "train": none. */
const char *esp__result_step(const esp__report *report, const esp__result *r);

/* Writes result.json, to `path`. */
esp_status esp__result_write(const esp__report *r, const char *path, esp_error *err);

/* The table that a run ends with. */
void esp__result_print(const esp__report *r, FILE *out);

#endif
