/* espalier instability: does the noise of training decide where a network ends? */
#include "base/shown.h"
#include "base/shipped.h"
#include "cli/cli.h"
#include "cli/control.h"

#include <espalier/instability.h>

#include <stdlib.h>
#include <string.h>

typedef struct branch_option {
  esp_branch_point point;
  const char *text;
} branch_option;

typedef struct instability_options {
  const char *dir;
  branch_option from;
  int points;
} instability_options;

/* "500" or "3ep". */
static bool parse_branch(const char *text, void *member) {
  char *end;
  const long long n = strtoll(text, &end, 10);
  const bool epochs = strcmp(end, "ep") == 0;
  *(branch_option *)member = (branch_option){{n, epochs}, text};
  return end != text && (!*end || epochs) && n >= 0 && n <= 1000000000;
}

static const esp__argument arguments[] = {
    {.name = "from",
     .type = ESP_ARGUMENT_PARSED,
     .offset = offsetof(instability_options, from),
     .value = "STEP|EPOCHSep",
     .expected = "a step, such as 500, or an epoch, such as 3ep",
     .fallback = "0",
     .parse = parse_branch,
     .help = "Where the copies part: before a step (500) or before an epoch (3ep) of the "
             "training; 0 is the initial network."},
    {.name = "points",
     .type = ESP_ARGUMENT_INT,
     .offset = offsetof(instability_options, points),
     .value = "N",
     .fallback = "31",
     .min = 2,
     .max = ESP_INTERPOLATION_POINTS_MAX,
     .help = "Evenly spaced points on the line between the ends."},
    ESP_OUTPUT_DIRECTORY(
        instability_options, dir,
        "The directory of both copies, instead of run.output/run.name-instability-FROM."),
    {0},
};

/* ---- what is printed ---- */

static const esp_quality *quality_of(const esp_interpolation *line) {
  return esp_metrics_quality_of(&line->point[0].test[0]);
}

static void print_points(const esp_interpolation *line) {
  const esp_quality *q = quality_of(line);
  char rest[32], text[ESP_QUALITY_TEXT];
  snprintf(rest, sizeof rest, *q->unit ? "%s %s" : "%s", q->rest, q->unit);
  printf("\n%8s", "alpha");
  for (int kind = 0; kind < line->kinds; kind++) printf("  %10s %10s", "loss", rest);
  putchar('\n');
  for (int i = 0; i < line->points; i++) {
    printf("%8.4f", line->point[i].alpha);
    for (int kind = 0; kind < line->kinds; kind++) {
      const esp_metrics *m = &line->point[i].test[kind];
      printf("  %10.4f %10s", esp_metrics_loss(m),
             esp_quality_number(q, 1.0 - esp_metrics_quality(m), false, text));
    }
    putchar('\n');
  }
}

/* Frankle et al. 2020 call a barrier of less than two points of error stable. */
static void print_barrier(const esp_interpolation *line, esp_interpolation_statistics kind) {
  const esp_barrier b = esp_interpolation_barrier(line, kind);
  if (line->kinds > 1) printf("statistics of batch norms %s: ", esp_interpolation_name(kind));
  const esp_quality *q = quality_of(line);
  char barrier[ESP_QUALITY_TEXT], one[ESP_QUALITY_TEXT], two[ESP_QUALITY_TEXT],
      worst[ESP_QUALITY_TEXT];
  printf("%s barrier %s (ends %s and %s, worst %s): %s; loss barrier %.4f\n", q->rest,
         esp_quality_text(q, b.error_barrier, barrier),
         esp_quality_number(q, b.error[0], false, one),
         esp_quality_number(q, b.error[1], false, two),
         esp_quality_number(q, b.worst_error, false, worst),
         b.error_barrier < 0.02 ? "stable" : "unstable", b.loss_barrier);
}

static void print(const esp_interpolation *line, const char *dir) {
  if (line->kinds > 1)
    printf("\n%8s  %21s  %21s", "", "statistics weighted", "statistics measured");
  print_points(line);
  putchar('\n');
  for (int kind = 0; kind < line->kinds; kind++)
    print_barrier(line, (esp_interpolation_statistics)kind);
  printf("distance of the ends %.4f\nresults in %s\n", line->distance, ESP_SHOWN(dir));
}

static esp_status run(const esp__arguments *a, esp_error *err) {
  const instability_options *o = a->options;
  char path[ESP_SHIPPED_PATH_MAX];
  esp_config config;
  esp_interpolation line;
  char dir[2048];
  ESP_TRY(esp__shipped_config(a->positional.item[0], path, err));
  ESP_TRY(esp_config_load(&config, path, a->override.count, a->override.item, err));
  if (o->dir)
    snprintf(dir, sizeof dir, "%s", o->dir);
  else
    snprintf(dir, sizeof dir, "%s/%s-instability-%s", config.run.output, config.run.name,
             o->from.text);
  const esp_status status =
      esp_instability(&line, &config, path, dir, o->from.point, o->points, esp__cli_control(), err);
  esp_config_free(&config);
  if (status != ESP_OK) return status;
  print(&line, dir);
  esp_interpolation_free(&line);
  return ESP_OK;
}

const esp__command esp__command_instability = {
    .name = "instability",
    .summary =
        "train two copies of a network from a step on with different orders of the images, "
        "and measure the networks between them (Frankle et al. 2020)",
    .description =
        "DIR/one and DIR/two are run directories; "
        "the same command again goes on with what is there.\n"
        "\n"
        "The line is (1 - alpha) one + alpha two, on the test images. The error barrier is the "
        "highest error on it less the mean of its ends; "
        "below 2 % the network is called stable. "
        "Where there are batch norms all is measured twice: "
        "with running statistics that are weighted like the weights, "
        "and with running statistics measured anew at every point over 100 training batches.\n"
        "\n"
        "For a pruned network: prune.mask_from=RUN, "
        "and prune.rewind_step=STEP (or rewind_epoch) with the same step in --from, "
        "so that the copies part where the masks are put on.\n",
    .positional = {.usage = "CONFIG.ini",
                   .expected = "a configuration",
                   .least = 1,
                   .most = 1,
                   .kind = ESP_WORD_FILE},
    .overrides = true,
    .options = arguments,
    .options_bytes = sizeof(instability_options),
    .run = run,
};
