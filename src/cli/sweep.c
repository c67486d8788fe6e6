/* espalier sweep */
#include "cli/cli.h"
#include "cli/worker_pool.h"
#include "run/progress.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { JOBS_MAX = 256, OVERRIDES_MAX = 256 };

typedef struct arguments {
  const char *path, *dir, *override[OVERRIDES_MAX];
  int overrides;
  int jobs, shard, shards;
  bool dry_run;
} arguments;

static volatile sig_atomic_t stop;

static void on_signal(int number) {
  stop = 1;
  signal(number, SIG_DFL); /* a second one ends the process at once */
}

/* Digits alone, in range; *rest becomes what follows them. */
static bool parse_count(const char *text, int max, int *value, const char **rest) {
  char *end;
  if (!isdigit((unsigned char)*text)) return false;
  const long n = strtol(text, &end, 10);
  *value = (int)n;
  *rest = end;
  return n >= 1 && n <= max;
}

static bool parse_shard(const char *text, arguments *a) {
  const char *rest;
  if (!parse_count(text, ESP_SWEEP_RUNS_MAX, &a->shard, &rest) || *rest != '/') return false;
  return parse_count(rest + 1, ESP_SWEEP_RUNS_MAX, &a->shards, &rest) && !*rest &&
         a->shard <= a->shards;
}

/* An option that takes a value, which is `value`, or NULL if there is none. */
static esp_status parse_option(arguments *a, const char *option, const char *value,
                               esp_error *err) {
  const char *rest = "";
  if (!value) return esp_fail(err, ESP_ERR_INPUT, "%s: expected a value after it", option);
  if (strcmp(option, "-o") == 0) {
    a->dir = value;
  } else if (strcmp(option, "--jobs") == 0) {
    if (!parse_count(value, JOBS_MAX, &a->jobs, &rest) || *rest)
      return esp_fail(err, ESP_ERR_INPUT, "--jobs %s: expected a number from 1 to %d", value,
                      JOBS_MAX);
  } else if (!parse_shard(value, a)) {
    return esp_fail(err, ESP_ERR_INPUT, "--shard %s: expected I/N with 1 <= I <= N, such as 2/8",
                    value);
  }
  return ESP_OK;
}

static bool takes_value(const char *option) {
  return strcmp(option, "-o") == 0 || strcmp(option, "--jobs") == 0 ||
         strcmp(option, "--shard") == 0;
}

static esp_status parse(int argc, char **argv, arguments *a, esp_error *err) {
  for (int i = 0; i < argc; i++) {
    if (takes_value(argv[i])) {
      ESP_TRY(parse_option(a, argv[i], i + 1 < argc ? argv[i + 1] : NULL, err));
      i++;
    } else if (strcmp(argv[i], "--dry-run") == 0) {
      a->dry_run = true;
    } else if (argv[i][0] == '-') {
      return esp_fail(err, ESP_ERR_INPUT,
                      "unknown option '%s'; expected -o, --jobs, --shard or --dry-run; "
                      "see espalier sweep --help",
                      argv[i]);
    } else if (!a->path) {
      a->path = argv[i];
    } else if (a->overrides == OVERRIDES_MAX) {
      return esp_fail(err, ESP_ERR_INPUT, "more than %d arguments of the form section.key=value",
                      OVERRIDES_MAX);
    } else {
      a->override[a->overrides++] = argv[i];
    }
  }
  if (a->path) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "expected a file with a section [sweep]: espalier sweep CONFIG.ini");
}

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
static void choose_mine(const esp_sweep *s, const arguments *a, bool *mine) {
  const int64_t asked = s->runs - s->denses;
  for (int i = s->denses; i < s->runs; i++) {
    mine[i] = (int64_t)rank(s, i) * a->shards / asked == a->shard - 1;
    if (mine[i] && s->run[i].dense >= 0) mine[s->run[i].dense] = true;
  }
}

/* ---- what would be done ---- */

static const char *state_name(esp_sweep_state state) {
  return state == ESP_SWEEP_FINISHED ? "finished" : state == ESP_SWEEP_BEGUN ? "begun" : "";
}

static esp_status dry_run(const esp_sweep *s, const bool *mine, esp_error *err) {
  char how[256], text[32];
  double total = 0.0, *seconds = calloc((size_t)s->runs, sizeof *seconds);
  if (!seconds) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the sweep");
  const esp_status status = esp_sweep_estimate(s, seconds, how, err);
  int width = 3, runs = 0, trainings = 0;
  for (int i = 0; i < s->runs; i++)
    if ((int)strlen(s->run[i].name) > width) width = (int)strlen(s->run[i].name);
  if (status == ESP_OK) printf("%-*s  %8s  %12s\n", width, "run", "epochs", "time");
  for (int i = 0; i < s->runs && status == ESP_OK; i++) {
    if (!mine[i]) continue;
    esp__format_time(text, seconds[i]);
    printf("%-*s  %8lld  %12s  %s\n", width, s->run[i].name, (long long)esp_sweep_epochs(s, i),
           text, state_name(s->run[i].state));
    total += seconds[i];
    runs += i >= s->denses;
    trainings += i < s->denses;
  }
  esp__format_time(text, total);
  if (status == ESP_OK)
    printf(
        "\n%d runs, %d trainings shared among them, in %s; nothing was made\n"
        "about %s on this machine, %s;\n"
        "pruned rounds are taken to be as slow as dense ones, so it will rather be less\n",
        runs, trainings, s->dir, text, how);
  free(seconds);
  return status;
}

/* ---- */

static esp_status go(esp_sweep *s, const arguments *a, const bool *mine, esp_error *err) {
  ESP_TRY(esp_sweep_survey(s, err));
  if (a->dry_run) return dry_run(s, mine, err);
  ESP_TRY(esp_sweep_check(s, err));
  ESP_TRY(esp_sweep_make(s, err));
  signal(SIGINT, on_signal);
  signal(SIGTERM, on_signal);
  const esp_status status =
      esp__worker_pool_work(s, (esp__worker_pool_options){a->jobs, mine, &stop}, err);
  if (status != ESP_OK && status != ESP_ERR_FAILED) return status;
  ESP_TRY(esp_sweep_table(s, stdout, err));
  printf("results in %s/sweep.csv, means in summary.csv\n", s->dir);
  return status;
}

static esp_status run(int argc, char **argv, esp_error *err) {
  arguments a = {.jobs = 1, .shard = 1, .shards = 1};
  esp_sweep s;
  ESP_TRY(parse(argc, argv, &a, err));
  ESP_TRY(esp_sweep_load(&s, a.path, a.dir, a.overrides, a.override, err));
  bool *mine = calloc((size_t)s.runs, sizeof *mine);
  if (mine) choose_mine(&s, &a, mine);
  const esp_status status =
      mine ? go(&s, &a, mine, err) : esp_fail(err, ESP_ERR_MEMORY, "out of memory");
  free(mine);
  esp_sweep_free(&s);
  return status;
}

const esp__command esp__command_sweep = {
    .name = "sweep",
    .usage = "CONFIG.ini|DIR [-o DIR] [--jobs N] [--shard I/N] [--dry-run] [section.key=value ...]",
    .help = "many runs from one file with a section [sweep]; the training they share is done once",
    .details =
        "A key of [sweep] is a key of the configuration with its section, "
        "and has a list of values:\n"
        "    [sweep]\n"
        "    prune.sparsity = 0.5 0.8 0.9 0.95\n"
        "    data.augment = \"crop flip\" \"\"\n"
        "    run.seed = 1 2 3\n"
        "A value with spaces in it, or an empty one, stands in double quotes; "
        "a quote within is written twice.\n"
        "    mode = grid      every combination (the default)\n"
        "    mode = zip       the first values of all lists, then the second ones, ...\n"
        "    mode = random    count = N different combinations of the grid, drawn with seed = S\n"
        "\n"
        "  DIR                goes on with the sweep in that directory\n"
        "  --jobs N           runs at a time; they divide the threads\n"
        "  --shard I/N        the I-th of N shares, for job arrays; the directory may be shared\n"
        "  --dry-run          the list of runs and how long they may take; makes nothing\n"
        "  section.key=value  changes the configuration; of a swept key, its list\n"
        "\n"
        "The same command again goes on with what was stopped, and tries again what failed. "
        "A run that fails\n"
        "does not stop the others; the exit status is then 1. docs/sweeps.md tells more.\n",
    .run = run,
};
