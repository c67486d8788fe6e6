/* espalier sweep */
#include "base/shown.h"
#include "base/shipped.h"
#include "cli/cli.h"
#include "cli/control.h"
#include "cli/worker_pool.h"
#include "run/progress.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* The index-th of `count` shares, from 1. */
typedef struct shard {
  int index, count;
} shard;

typedef struct sweep_options {
  const char *dir;
  int jobs;
  shard share;
  bool dry_run;
} sweep_options;

/* Digits alone, in range; *rest becomes what follows them. */
static bool parse_count(const char *text, int *value, const char **rest) {
  char *end;
  if (!isdigit((unsigned char)*text)) return false;
  const long n = strtol(text, &end, 10);
  *value = (int)n;
  *rest = end;
  return n >= 1 && n <= ESP_SWEEP_RUNS_MAX;
}

static bool parse_shard(const char *text, void *member) {
  shard *s = member;
  const char *rest;
  if (!parse_count(text, &s->index, &rest) || *rest != '/') return false;
  return parse_count(rest + 1, &s->count, &rest) && !*rest && s->index <= s->count;
}

static const esp__argument arguments[] = {
    ESP_OUTPUT_DIRECTORY(sweep_options, dir,
                         "The directory of the sweep, instead of run.output/run.name."),
    {.name = "jobs",
     .type = ESP_ARGUMENT_INT,
     .offset = offsetof(sweep_options, jobs),
     .value = "N",
     .fallback = "1",
     .min = 1,
     .max = 256,
     .help = "Runs at a time; they divide the threads."},
    {.name = "shard",
     .type = ESP_ARGUMENT_PARSED,
     .offset = offsetof(sweep_options, share),
     .value = "I/N",
     .expected = "I/N with 1 <= I <= N, such as 2/8",
     .fallback = "1/1",
     .parse = parse_shard,
     .help = "The I-th of N shares, for job arrays; the directory may be shared."},
    {.name = "dry-run",
     .type = ESP_ARGUMENT_FLAG,
     .offset = offsetof(sweep_options, dry_run),
     .help = "The list of runs and how long they may take; makes nothing."},
    {0},
};

/* ---- shares ---- */

/* Position of run i among those asked for when the ones that share a training stand together. */
static int rank(const esp_sweep *s, int i) {
  int before = 0;
  for (int k = s->denses; k < s->runs; k++)
    before += s->run[k].dense < s->run[i].dense || (s->run[k].dense == s->run[i].dense && k < i);
  return before;
}

/* The runs of our share, and the trainings they need. Runs that share one stay together where they
 * can. */
static void choose_mine(const esp_sweep *s, shard share, bool *mine) {
  const int64_t asked = s->runs - s->denses;
  for (int i = s->denses; i < s->runs; i++) {
    mine[i] = (int64_t)rank(s, i) * share.count / asked == share.index - 1;
    if (mine[i] && s->run[i].dense >= 0) mine[s->run[i].dense] = true;
  }
}

/* ---- what would be done ---- */

static const char *state_name(esp_sweep_state state) {
  return state == ESP_SWEEP_FINISHED ? "finished" : state == ESP_SWEEP_BEGUN ? "begun" : "";
}

/* Until the last of ours ends. None ends before the training that it shares. */
static double duration(const esp_sweep *s, const bool *mine, int jobs, const double *seconds) {
  double all = 0.0, longest = 0.0;
  for (int i = 0; i < s->runs; i++) {
    if (!mine[i]) continue;
    const int dense = s->run[i].dense;
    const double alone = seconds[i] + (dense >= 0 ? seconds[dense] : 0.0);
    all += seconds[i];
    if (alone > longest) longest = alone;
  }
  return all / jobs > longest ? all / jobs : longest;
}

static esp_status dry_run(const esp_sweep *s, const bool *mine, int jobs, esp_error *err) {
  char how[256], text[32];
  double *seconds = calloc((size_t)s->runs, sizeof *seconds);
  if (!seconds) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the sweep");
  const esp_status status = esp_sweep_estimate(s, jobs, seconds, how, err);
  int width = 3, runs = 0, trainings = 0;
  for (int i = 0; i < s->runs; i++)
    if ((int)strlen(s->run[i].name) > width) width = (int)strlen(s->run[i].name);
  if (status == ESP_OK) printf("%-*s  %8s  %12s\n", width, "run", "epochs", "time");
  for (int i = 0; i < s->runs && status == ESP_OK; i++) {
    if (!mine[i]) continue;
    esp__format_time(text, seconds[i]);
    printf("%-*s  %8lld  %12s  %s\n", width, ESP_SHOWN(s->run[i].name),
           (long long)esp_sweep_epochs(s, i), text, state_name(s->run[i].state));
    runs += i >= s->denses;
    trainings += i < s->denses;
  }
  esp__format_time(text, duration(s, mine, jobs, seconds));
  if (status == ESP_OK)
    printf(
        "\n%d runs, %d trainings shared among them, in %s; nothing was made\n"
        "about %s on this machine, %d at a time, %s;\n"
        "pruned rounds are taken to be as slow as dense ones, so it will rather be less\n",
        runs, trainings, s->dir, text, jobs, how);
  free(seconds);
  return status;
}

/* ---- */

static esp_status go(esp_sweep *s, const sweep_options *o, const bool *mine, esp_error *err) {
  ESP_TRY(esp_sweep_survey(s, err));
  if (o->dry_run) return dry_run(s, mine, o->jobs, err);
  ESP_TRY(esp_sweep_check(s, err));
  ESP_TRY(esp_sweep_make(s, err));
  const esp_status status = esp__worker_pool_work(
      s, (esp__worker_pool_options){o->jobs, mine, esp__cli_control().stop}, err);
  if (status != ESP_OK && status != ESP_ERR_FAILED) return status;
  ESP_TRY(esp_sweep_table(s, stdout, err));
  printf("results in %s/sweep.csv, means in summary.csv\n", ESP_SHOWN(s->dir));
  return status;
}

static esp_status run(const esp__arguments *a, esp_error *err) {
  const sweep_options *o = a->options;
  char path[ESP_SHIPPED_PATH_MAX];
  esp_sweep s;
  ESP_TRY(esp__shipped_config_or_folder(a->positional.item[0], path, err));
  ESP_TRY(esp_sweep_load(&s, path, o->dir, a->override.count, a->override.item, err));
  bool *mine = calloc((size_t)s.runs, sizeof *mine);
  if (mine) choose_mine(&s, o->share, mine);
  const esp_status status =
      mine ? go(&s, o, mine, err) : esp_fail(err, ESP_ERR_MEMORY, "out of memory");
  free(mine);
  esp_sweep_free(&s);
  return status;
}

const esp__command esp__command_sweep = {
    .name = "sweep",
    .summary =
        "many runs from one file with a section [sweep]; the training they share is done once",
    .description =
        "A key of [sweep] is a key of the configuration with its section, "
        "and has a list of values:\n"
        "\n"
        "    [sweep]\n"
        "    prune.sparsity = 0.5 0.8 0.9 0.95\n"
        "    data.augment = \"crop flip\" \"\"\n"
        "    run.seed = 1 2 3\n"
        "\n"
        "A value with spaces in it, or an empty one, stands in double quotes; "
        "a quote within is written twice. Which combinations are run:\n"
        "- mode = grid: every combination (the default)\n"
        "- mode = zip: the first values of all lists, then the second ones, ..., "
        "each with every value of the lists named by cross = KEYS\n"
        "- mode = random: count = N different combinations of the grid, drawn with seed = S\n"
        "\n"
        "Of a swept key, section.key=value changes the list. DIR goes on with the sweep in that "
        "directory. The same command again goes on with what was stopped, "
        "and tries again what failed. "
        "A run that fails does not stop the others; the exit status is then 1. "
        "docs/sweeps.md tells more.\n",
    .positional = {.usage = "CONFIG.ini|DIR",
                   .expected = "a file with a section [sweep]",
                   .least = 1,
                   .most = 1,
                   .kind = ESP_WORD_FILE},
    .overrides = true,
    .options = arguments,
    .options_bytes = sizeof(sweep_options),
    .run = run,
};
