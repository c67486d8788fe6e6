/* espalier report: a page about runs */
#include "cli/cli.h"

#include <espalier/report.h>

#include <stdio.h>
#include <string.h>

enum { DIRS_MAX = 4096 };
#define USAGE "DIR... [--paper PAPER] [-o PAGE.html] [--figures DIR]"

/* The file or directory behind an option. */
static esp_status operand(int argc, char **argv, int *i, const char **to, esp_error *err) {
  if (*i + 1 == argc) return esp_fail(err, ESP_ERR_INPUT, "%s: expected a name after it", argv[*i]);
  *to = argv[++*i];
  return ESP_OK;
}

static esp_status run(int argc, char **argv, esp_error *err) {
  const char *dir[DIRS_MAX];
  esp_report_request request = {.dir = dir, .page = "report.html"};
  for (int i = 0; i < argc; i++) {
    if (strcmp(argv[i], "-o") == 0)
      ESP_TRY(operand(argc, argv, &i, &request.page, err));
    else if (strcmp(argv[i], "--paper") == 0)
      ESP_TRY(operand(argc, argv, &i, &request.paper, err));
    else if (strcmp(argv[i], "--figures") == 0)
      ESP_TRY(operand(argc, argv, &i, &request.figures, err));
    else if (argv[i][0] == '-')
      return esp_fail(err, ESP_ERR_INPUT, "unknown option '%s'; expected: espalier report " USAGE,
                      argv[i]);
    else if (request.dirs == DIRS_MAX)
      return esp_fail(err, ESP_ERR_INPUT, "more than %d directories", DIRS_MAX);
    else
      dir[request.dirs++] = argv[i];
  }
  if (request.dirs == 0)
    return esp_fail(err, ESP_ERR_INPUT, "expected run directories: espalier report " USAGE);
  ESP_TRY(esp_report_make(&request, err));
  printf("%s\n", request.page);
  return ESP_OK;
}

const esp__command esp__command_report = {
    .name = "report",
    .usage = USAGE,
    .help = "a page with charts and tables about runs, or about the runs in a directory",
    .details =
        "--paper PAPER    the figures of a paper beside ours: a CSV file, "
        "or the name of one in configs/papers,\n"
        "                 such as renda2020; see espalier compare --help\n"
        "-o PAGE.html     instead of report.html\n"
        "--figures DIR    CSV and SVG files as well\n",
    .run = run,
};
