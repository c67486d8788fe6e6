/* espalier instability: does the noise of training decide where a network ends? */
#include "cli/cli.h"
#include <espalier/instability.h>

#include <stdlib.h>
#include <string.h>

enum { POINTS = 31, OVERRIDES = 256 };
#define USAGE "CONFIG.ini [--from STEP|EPOCHSep] [--points N] [-o DIR] [section.key=value ...]"

static volatile sig_atomic_t stop;

static void on_signal(int number) {
  stop = 1;
  signal(number, SIG_DFL);
}

typedef struct arguments {
  const char *config, *dir, *override[OVERRIDES], *from;
  int overrides, points;
  esp_branch_point parting;
} arguments;

/* "500" or "3ep". */
static esp_status read_parting(const char *word, arguments *a, esp_error *err) {
  char *end;
  const long long n = strtoll(word, &end, 10);
  a->from = word;
  a->parting = (esp_branch_point){n, strcmp(end, "ep") == 0};
  if (end != word && (!*end || a->parting.epochs) && n >= 0 && n <= 1000000000) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "--from '%.40s': expected a step, such as 500, or an epoch, such as 3ep", word);
}

static esp_status read_points(const char *word, arguments *a, esp_error *err) {
  char *end;
  const long n = strtol(word, &end, 10);
  if (*end || end == word || n < 2 || n > ESP_INTERPOLATION_POINTS_MAX)
    return esp_fail(err, ESP_ERR_INPUT, "--points '%.40s': expected a whole number from 2 to %d",
                    word, ESP_INTERPOLATION_POINTS_MAX);
  a->points = (int)n;
  return ESP_OK;
}

static esp_status read_option(const char *name, const char *value, arguments *a, esp_error *err) {
  const bool from = strcmp(name, "--from") == 0, points = strcmp(name, "--points") == 0;
  if (!from && !points && strcmp(name, "-o") != 0)
    return esp_fail(err, ESP_ERR_INPUT,
                    "unknown option '%s'; expected: espalier instability " USAGE, name);
  if (!value) return esp_fail(err, ESP_ERR_INPUT, "%s: expected a value after it", name);
  if (from) return read_parting(value, a, err);
  if (points) return read_points(value, a, err);
  a->dir = value;
  return ESP_OK;
}

static esp_status parse(int argc, char **argv, arguments *a, esp_error *err) {
  *a = (arguments){.points = POINTS, .from = "0"};
  for (int i = 0; i < argc; i++) {
    if (argv[i][0] == '-') {
      ESP_TRY(read_option(argv[i], i + 1 < argc ? argv[i + 1] : NULL, a, err));
      i++;
    } else if (!a->config) {
      a->config = argv[i];
    } else if (a->overrides == OVERRIDES) {
      return esp_fail(err, ESP_ERR_INPUT, "more than %d arguments of the form section.key=value",
                      OVERRIDES);
    } else {
      a->override[a->overrides++] = argv[i];
    }
  }
  return a->config ? ESP_OK
                   : esp_fail(err, ESP_ERR_INPUT,
                              "expected a configuration: espalier instability " USAGE);
}

/* ---- what is printed ---- */

static void print_points(const esp_interpolation *line) {
  printf("\n%8s", "alpha");
  for (int kind = 0; kind < line->kinds; kind++) printf("  %10s %10s", "loss", "error %");
  putchar('\n');
  for (int i = 0; i < line->points; i++) {
    printf("%8.4f", line->point[i].alpha);
    for (int kind = 0; kind < line->kinds; kind++) {
      const esp_metrics *m = &line->point[i].test[kind];
      printf("  %10.4f %10.2f", esp_metrics_loss(m), 100.0 * (1.0 - esp_metrics_top1(m)));
    }
    putchar('\n');
  }
}

/* Frankle et al. 2020 call a barrier of less than two points of error stable. */
static void print_barrier(const esp_interpolation *line, esp_interpolation_statistics kind) {
  const esp_barrier b = esp_interpolation_barrier(line, kind);
  if (line->kinds > 1) printf("statistics of batch norms %s: ", esp_interpolation_name(kind));
  printf("error barrier %.2f %% (ends %.2f and %.2f, worst %.2f): %s; loss barrier %.4f\n",
         100.0 * b.error_barrier, 100.0 * b.error[0], 100.0 * b.error[1], 100.0 * b.worst_error,
         b.error_barrier < 0.02 ? "stable" : "unstable", b.loss_barrier);
}

static void print(const esp_interpolation *line, const char *dir) {
  if (line->kinds > 1)
    printf("\n%8s  %21s  %21s", "", "statistics weighted", "statistics measured");
  print_points(line);
  putchar('\n');
  for (int kind = 0; kind < line->kinds; kind++)
    print_barrier(line, (esp_interpolation_statistics)kind);
  printf("distance of the ends %.4f\nresults in %s\n", line->distance, dir);
}

static esp_status run(int argc, char **argv, esp_error *err) {
  arguments a;
  esp_config config;
  esp_interpolation line;
  char dir[2048];
  ESP_TRY(parse(argc, argv, &a, err));
  ESP_TRY(esp_config_load(&config, a.config, a.overrides, a.override, err));
  if (a.dir)
    snprintf(dir, sizeof dir, "%s", a.dir);
  else
    snprintf(dir, sizeof dir, "%s/%s-instability-%s", config.run.output, config.run.name, a.from);
  signal(SIGINT, on_signal);
  signal(SIGTERM, on_signal);
  const esp_run_control control = {stdout, &stop};
  const esp_status status =
      esp_instability(&line, &config, a.config, dir, a.parting, a.points, control, err);
  esp_config_free(&config);
  if (status != ESP_OK) return status;
  print(&line, dir);
  esp_interpolation_free(&line);
  return ESP_OK;
}

const esp__command esp__command_instability = {
    .name = "instability",
    .usage = USAGE,
    .help =
        "train two copies of a network from a step on with different orders of the images, "
        "and measure the networks between them (Frankle et al. 2020)",
    .details =
        "--from says where the copies part: before a step (500) or before an epoch (3ep) of the "
        "training; 0, the\n"
        "default, is the initial network. DIR/one and DIR/two are run directories; "
        "the same command again goes on\n"
        "with what is there.\n"
        "\n"
        "The line is (1 - alpha) one + alpha two, at --points evenly spaced points (31), "
        "on the test images. The\n"
        "error barrier is the highest error on it less the mean of its ends; "
        "below 2 % the network is called stable.\n"
        "Where there are batch norms all is measured twice: "
        "with running statistics that are weighted like the\n"
        "weights, and with running statistics measured anew at every point over 100 training "
        "batches.\n"
        "\n"
        "For a pruned network: prune.mask_from=RUN, "
        "and prune.rewind_step=STEP (or rewind_epoch) with the same step\n"
        "in --from, so that the copies part where the masks are put on.\n",
    .run = run,
};
