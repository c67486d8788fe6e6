/* The names of what a run directory holds, and of what sweeps and analyses put beside runs: every
 * one of them once. Its lock is that of base/lock.h. */
#ifndef ESP_RUNDIR_PATHS_H
#define ESP_RUNDIR_PATHS_H

#include "base/path.h"

#define ESP_FILE_CONFIG "config.ini" /* as run, every default written out */
#define ESP_FILE_RESULT "result.json"
#define ESP_FILE_PROGRESS "progress.json" /* while the run goes on (progress_json.h) */
#define ESP_FILE_EVENTS "events.out.tfevents.espalier"

/* Tables (tables.h, kernels_csv.h). */
#define ESP_FILE_LOG "log.csv"
#define ESP_FILE_ROUNDS "rounds.csv"
#define ESP_FILE_LAYERS "layers.csv"
#define ESP_FILE_KERNELS "kernels.csv"
#define ESP_FILE_CONFUSION "confusion.csv"
#define ESP_FILE_COSTS "costs.csv"
#define ESP_FILE_SPARSITY "sparsity.csv"
#define ESP_FILE_TRIALS "trials.csv"

/* Test images that the dense and the last network answer differently, and pictures of some. */
#define ESP_FILE_TURNED "turned.csv"
#define ESP_FILE_TURNED_PICTURES "turned.safetensors"

/* What a distribution that searches has found, as a configuration. */
#define ESP_FILE_FOUND "found.ini"

/* Checkpoints: the newest, the last good one of a schedule that reacts, and the one where the order
 * of the images changes. */
#define ESP_FILE_CHECKPOINT "checkpoint.safetensors"
#define ESP_FILE_GOOD "good.safetensors"
#define ESP_FILE_BRANCH "branch.safetensors"

/* Weights: of the dense network, after a round (int), to rewind to, and those kept of an epoch or a
 * step of the training (long long). */
#define ESP_FILE_DENSE "dense.safetensors"
#define ESP_FILE_ROUND "round-%02d.safetensors"
#define ESP_FILE_REWIND "rewind.safetensors"
#define ESP_FILE_EPOCH "epoch-%lld.safetensors"
#define ESP_FILE_STEP "step-%lld.safetensors"

/* Of a sweep; and what the processes that work on its runs said, in the directory of each. */
#define ESP_FILE_SWEEP "sweep.ini"
#define ESP_FILE_SWEEP_RUNS "sweep.csv"
#define ESP_FILE_SWEEP_SUMMARY "summary.csv"
#define ESP_FILE_WORKER_OUTPUT "output.txt"
#define ESP_FILE_WORKER_ERRORS "errors.txt"

/* Of a sparsity search, and of the other analyses. */
#define ESP_FILE_SEARCH "search.ini"
#define ESP_FILE_SEARCH_TRIALS "search.csv"
#define ESP_FILE_SENSITIVITY "sensitivity.csv"
#define ESP_FILE_INTERPOLATION "line.csv"
#define ESP_FILE_INSTABILITY "instability.csv"

#endif
