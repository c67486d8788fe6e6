/* Everything a run holds. Internal to src/experiment. */
#ifndef ESP_RUN_RUN_STATE_H
#define ESP_RUN_RUN_STATE_H

#include "base/lock.h"
#include "rundir/kernels_csv.h"
#include "rundir/paths.h"
#include "rundir/position.h"
#include "rundir/tables.h"
#include "run/progress.h"

#include <espalier/run.h>

struct esp_run {
  esp_config config;
  char dir[2048];    /* shorter than a path, so that a name fits behind it */
  char *config_text; /* with the normalisation filled in, for weights files */
  char *classes;     /* names, a line each */
  esp_dataset *set;
  esp_model *model;
  esp_graph *graph;      /* to train with */
  esp_graph *evaluation; /* the same parameters, for inference: the same logits, faster */
  esp_pruner *pruner;    /* NULL: method = none */
  esp_loader *training, *validation, *test; /* validation NULL: none */
  esp__position at;
  esp_run_control control;
  esp__progress progress;
  esp__kernels_csv_said said; /* of the kernels, in the log */
  esp_model *teacher;         /* the dense network, while it teaches; NULL: not */
  esp_graph *teacher_graph;
  esp__lock lock; /* of the directory: nobody else works in it */
  double saved;   /* clock, at the newest checkpoint */
  double beaten;  /* clock, when progress.json was written last; 0 = never */
  int threads;
};

/* Names of what is kept of the training. */
#define ESP_KEPT_EPOCH "epoch-%lld.safetensors"
#define ESP_KEPT_STEP "step-%lld.safetensors"
/* The checkpoint where the order of the images changes. */
#define ESP_BRANCH_FILE "branch.safetensors"

/* run_open.c: data, model, graph, loaders, pruner as the configuration asks; at = the beginning. */
esp_status esp__run_open(esp_run *r, const char *source, esp_error *err);
/* Whether the run can begin: weights to start from and masks of another run, if there are any, can
 * be read, and the synaptic flow has a range. To know before a directory is made. */
esp_status esp__run_try_start(esp_run *r, const char *source, esp_error *err);
void esp__run_close(esp_run *r);
esp_loss_attr esp__run_loss(const esp_train_options *o);
/* "<dir>/<name>" in `path`. */
const char *esp__run_path(const esp_run *r, const char *name, char path[ESP_PATH_MAX]);

/* teacher.c: opens the dense network of this run where it is to teach, unless that is done. */
esp_status esp__run_teacher(esp_run *r, esp_error *err);

/* conditional.c: where the network makes zeros by image, chooses its thresholds, on the first
 * training batch of epoch number `epoch`, and counts what the test images need. */
esp_status esp__run_conditional(esp_run *r, uint64_t epoch, esp_error *err);

/* run_stage.c: one stage, from where the position says. */
esp_status esp__run_stage(esp_run *r, esp_error *err);
esp_status esp__run_save(esp_run *r, esp_error *err); /* a checkpoint */
esp_status esp__run_save_as(esp_run *r, const char *name, esp_error *err);
/* tensorboard.c: events of the epoch just ended, and of a stage's result. */
esp_status esp__run_log_epoch(esp_run *r, const esp__log_row *row, const esp_metrics *train,
                              esp_error *err);
esp_status esp__run_log_result(esp_run *r, const esp__result *result, esp_error *err);
bool esp__run_in_training(
    const esp_run *r); /* the pruner works in stage 0, before or during the training */
int esp__run_stages(const esp_run *r);
bool esp__run_has_dense(const esp_run *r); /* result 0 is that of a dense network */
esp_status esp__run_report(esp_run *r, const char *sha256, esp_error *err);

#endif
