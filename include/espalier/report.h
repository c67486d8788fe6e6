/* A page about runs: charts, tables, what the masks look like, in one HTML file that needs no
 * network. */
#ifndef ESP_REPORT_H
#define ESP_REPORT_H

#include <espalier/linkage.h>
#include <espalier/status.h>

#include <signal.h>

ESP_BEGIN_DECLS

typedef struct esp_report_request {
  const char *const *dir; /* run directories, or directories of them */
  int dirs;
  /* A CSV file of a paper's figures, or the name of one in configs/papers; NULL = none. */
  const char *paper;
  const char *page; /* the HTML file to write; its directory must exist */
  /* A directory, made if missing, for a CSV file per table and an SVG per chart, which gnuplot
   * draws; NULL = none. */
  const char *figures;
} esp_report_request;

/* Reads the runs, which may be unfinished or going on: what is not there is named on the page.
 * Fails, with nothing written, when a directory is no run and holds none, when a config.ini or the
 * paper does not parse, when the paper says nothing about these runs, and when the program was
 * built without Chart.js. */
esp_status esp_report_make(const esp_report_request *request, esp_error *err);

/* The same page, again and again while runs go on, at least five seconds apart; in a browser it
 * loads itself again as often, and shows how far the runs are. Ends when all runs have ended, when
 * nothing has worked on any of them for half a minute, or soon after *stop (NULL = never) became
 * non-zero; what is left then is the page of esp_report_make, and the figures. */
esp_status esp_report_follow(const esp_report_request *request, const volatile sig_atomic_t *stop,
                             esp_error *err);

ESP_END_DECLS

#endif
