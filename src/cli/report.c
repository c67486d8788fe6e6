/* espalier report: a page about runs */
#include "base/shown.h"
#include "cli/cli.h"
#include "cli/control.h"

#include <espalier/report.h>

#include <stdio.h>

typedef struct report_options {
  const char *page, *paper, *figures;
  bool follow;
} report_options;

static const esp__argument arguments[] = {
    {.name = "output",
     .letter = 'o',
     .type = ESP_ARGUMENT_TEXT,
     .offset = offsetof(report_options, page),
     .value = "PAGE.html",
     .expected = "a file name",
     .fallback = "report.html",
     .kind = ESP_WORD_FILE,
     .help = "The page to write. Only a page of this command is replaced."},
    {.name = "paper",
     .type = ESP_ARGUMENT_TEXT,
     .offset = offsetof(report_options, paper),
     .value = "PAPER",
     .expected = "a paper",
     .kind = ESP_WORD_FILE,
     .help = "The figures of a paper beside ours: a CSV file, or the name of one in "
             "configs/papers, such as renda2020; see 'espalier help compare'."},
    {.name = "figures",
     .type = ESP_ARGUMENT_TEXT,
     .offset = offsetof(report_options, figures),
     .value = "DIR",
     .expected = "a directory",
     .kind = ESP_WORD_DIRECTORY,
     .help = "CSV and SVG files as well, into a directory that is new, empty or has such files."},
    {.name = "follow",
     .type = ESP_ARGUMENT_FLAG,
     .offset = offsetof(report_options, follow),
     .help = "Writes the page again every few seconds while runs go on; an open one loads itself "
             "again. Ends when they end, or by Ctrl-C."},
    {0},
};

static esp_status run(const esp__arguments *a, esp_error *err) {
  const report_options *o = a->options;
  const esp_report_request request = {.dir = a->positional.item,
                                      .dirs = a->positional.count,
                                      .page = o->page,
                                      .paper = o->paper,
                                      .figures = o->figures};
  ESP_TRY(o->follow ? esp_report_follow(&request, esp__cli_control().stop, err)
                    : esp_report_make(&request, err));
  printf("%s\n", ESP_SHOWN(request.page));
  return ESP_OK;
}

const esp__command esp__command_report = {
    .name = "report",
    .summary = "a page with charts and tables about runs, or about the runs in a directory",
    .description =
        "The page is one HTML file that needs nothing else: no network, no other "
        "file.\n",
    .positional = {.usage = "DIR...",
                   .expected = "run directories",
                   .least = 1,
                   .most = ESP_ARGUMENTS_ANY,
                   .kind = ESP_WORD_DIRECTORY},
    .options = arguments,
    .options_bytes = sizeof(report_options),
    .run = run,
};
