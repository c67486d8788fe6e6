/* Scripts that draw a chart from its CSV files. */
#include "report/gnuplot.h"

#include <stdbool.h>
#include <string.h>

const char *esp__json_text(const cJSON *o, const char *name) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, name);
  return cJSON_IsString(item) ? item->valuestring : "";
}

static const cJSON *table_of(const cJSON *report, const cJSON *chart, int i) {
  const cJSON *id = cJSON_GetArrayItem(cJSON_GetObjectItem(chart, "sheets"), i), *table;
  cJSON_ArrayForEach(
      table, cJSON_GetObjectItem(report, "sheets")) if (cJSON_IsString(id) &&
                                                        strcmp(esp__json_text(table, "id"),
                                                               id->valuestring) == 0) return table;
  return NULL;
}

static int column_of(const cJSON *table, const char *name) {
  int i = 0;
  const cJSON *column;
  cJSON_ArrayForEach(column, cJSON_GetObjectItem(table, "columns")) {
    if (strcmp(esp__json_text(column, "name"), name) == 0) return i;
    i++;
  }
  return -1;
}

/* In single quotes nothing has a meaning but the quote. */
static void print_quoted(const char *text, FILE *f) {
  fputc('\'', f);
  for (; *text; text++) {
    if (*text == '\'') fputc('\'', f);
    fputc(*text == '\n' ? ' ' : *text, f);
  }
  fputc('\'', f);
}

/* Rows [first, end) of a table have the same series and run. */
typedef struct block {
  const cJSON *report, *table, *row; /* row: the first */
  int first, end, series;            /* series: its number among those of the report */
  bool new_series;
} block;

static bool same_cell(const cJSON *a, const cJSON *b, int column) {
  const cJSON *x = cJSON_GetArrayItem(a, column), *y = cJSON_GetArrayItem(b, column);
  return column < 0 ||
         (cJSON_IsString(x) && cJSON_IsString(y) && strcmp(x->valuestring, y->valuestring) == 0);
}

static int series_of(const cJSON *report, const cJSON *row) {
  int i = 0;
  const cJSON *name;
  cJSON_ArrayForEach(name, cJSON_GetObjectItem(report, "series")) {
    if (strcmp(name->valuestring, cJSON_GetArrayItem(row, 0)->valuestring) == 0) return i;
    i++;
  }
  return 0;
}

/* Goes on to the next block; begins with first = end = 0, row = NULL. False after the last.
 * `split`: the column that sets blocks of one series apart, -1 for none. */
static bool next_block(block *b, int split) {
  const cJSON *before = b->row, *row = b->row;
  for (int i = b->first; row && i < b->end; i++) row = row->next;
  if (!before) row = cJSON_GetObjectItem(b->table, "rows")->child;
  if (!row) return false;
  b->new_series = !before || !same_cell(before, row, 0);
  if (b->new_series) b->series = series_of(b->report, row);
  b->row = row;
  b->first = b->end;
  while (row && same_cell(b->row, row, 0) && same_cell(b->row, row, split)) {
    b->end++;
    row = row->next;
  }
  return true;
}

static bool has_numbers(const block *b, int column) {
  const cJSON *row = b->row;
  for (int i = b->first; i < b->end; i++, row = row->next)
    if (cJSON_IsNumber(cJSON_GetArrayItem(row, column))) return true;
  return false;
}

/* Told apart by colour (Okabe and Ito 2008), and in grey by points and dashes. */
static const char *colour(int series) {
  static const char *const colours[] = {"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                        "#E69F00", "#56B4E9", "#000000", "#999999"};
  return colours[series % 8];
}

static void print_source(const block *b, FILE *f) {
  print_quoted(esp__json_text(b->table, "id"), f);
  fprintf(f, ".'.csv' skip 1 every ::%d::%d using ", b->first, b->end - 1);
}

static void print_title(const block *b, bool shown, FILE *f) {
  if (!shown) {
    fputs(" notitle, \\\n", f);
    return;
  }
  fputs(" title ", f);
  print_quoted(cJSON_GetArrayItem(b->row, 0)->valuestring, f);
  fputs(", \\\n", f);
}

/* The means of a series with their spread. */
static void print_means(const block *b, int x, bool joined, FILE *f) {
  const int mean = x + 1, sd = x + 2;
  if (joined && has_numbers(b, sd - 1)) {
    print_source(b, f);
    fprintf(f, "%d:($%d-$%d):($%d+$%d) with filledcurves fc rgb '%s' fs transparent solid 0.15", x,
            mean, sd, mean, sd, colour(b->series));
    print_title(b, false, f);
  }
  if (has_numbers(b, sd - 1)) {
    print_source(b, f);
    fprintf(f, "%d:%d:%d with yerrorbars pt 0 lc rgb '%s'", x, mean, sd, colour(b->series));
    print_title(b, false, f);
  }
  print_source(b, f);
  fprintf(f, "%d:%d with %s lw 2 lc rgb '%s' pt %d dt %d", x, mean,
          joined ? "linespoints" : "points", colour(b->series), b->series % 8 + 4,
          b->series % 5 + 1);
  print_title(b, true, f);
}

static void print_band(const cJSON *report, const cJSON *chart, FILE *f) {
  block means = {report, table_of(report, chart, 0)}, points = {report, table_of(report, chart, 1)};
  const int mean = column_of(means.table, "accuracy_mean_percent") + 1;
  const int value = column_of(points.table, "accuracy_percent") + 1;
  fputs("plot \\\n", f);
  while (next_block(&means, -1))
    if (has_numbers(&means, mean - 2))
      print_means(&means, mean - 1, cJSON_IsTrue(cJSON_GetObjectItem(chart, "joined")), f);
  while (next_block(&points, -1)) {
    if (!has_numbers(&points, value - 2)) continue;
    print_source(&points, f);
    fprintf(f, "%d:%d with points pt 6 ps 0.4 lc rgb '%s'", value - 1, value,
            colour(points.series));
    print_title(&points, false, f);
  }
  fputs("1/0 notitle\n", f);
}

/* Ours with solid lines and filled points, those of the paper dashed and hollow. */
static void print_beside(const cJSON *report, const cJSON *chart, FILE *f) {
  block b = {report, table_of(report, chart, 0)};
  const int whose = column_of(b.table, "whose"), x = whose + 2;
  fputs("plot \\\n", f);
  while (next_block(&b, whose)) {
    if (!has_numbers(&b, x)) continue;
    const bool ours = strcmp(cJSON_GetArrayItem(b.row, whose)->valuestring, "ours") == 0;
    if (has_numbers(&b, x + 1)) {
      print_source(&b, f);
      fprintf(f, "%d:%d:%d with yerrorbars pt 0 lc rgb '%s'", x, x + 1, x + 2, colour(b.series));
      print_title(&b, false, f);
    }
    print_source(&b, f);
    fprintf(f, "%d:%d with linespoints lw 2 lc rgb '%s' pt %d dt %d", x, x + 1, colour(b.series),
            b.series % 6 * 2 + (ours ? 5 : 4), ours ? 1 : 2);
    print_title(&b, ours, f);
  }
  fputs("1/0 with lines lw 2 dt 2 lc rgb '#000000' title 'paper'\n", f);
}

static void print_lines(const cJSON *report, const cJSON *chart, FILE *f) {
  const cJSON *table = table_of(report, chart, 0), *column;
  const int x = column_of(table, esp__json_text(cJSON_GetObjectItem(chart, "x"), "column")) + 1;
  int dash = 1;
  fputs("plot \\\n", f);
  cJSON_ArrayForEach(column, cJSON_GetObjectItem(cJSON_GetObjectItem(chart, "y"), "columns")) {
    const int y = column_of(table, column->valuestring) + 1;
    block b = {report, table};
    while (next_block(&b, column_of(table, "run"))) {
      if (!has_numbers(&b, y - 1)) continue;
      print_source(&b, f);
      fprintf(f, "%d:%d with lines lw 1.5 lc rgb '%s' dt %d", x, y, colour(b.series), dash);
      print_title(&b, b.new_series && dash == 1, f);
    }
    dash++;
  }
  fputs("1/0 notitle\n", f);
}

static void print_heat(const cJSON *report, const cJSON *chart, FILE *f) {
  fputs(
      "set yrange [*:*] reverse\nset xtics rotate by 45 right\nset cbrange [0:100]\n"
      "set cblabel '%'\nunset grid\n"
      "set palette defined (0 '#ffffff', 50 '#6baed6', 100 '#08306b')\nset offsets 0, 0, 0, 0\n"
      "plot ",
      f);
  print_quoted(esp__json_text(table_of(report, chart, 0), "id"), f);
  fputs(
      ".'.csv' matrix rowheaders columnheaders using 1:2:(0.5):(0.5):3 with boxxyerror fs solid "
      "lc palette notitle\n",
      f);
}

static const struct {
  const char *kind;
  void (*print)(const cJSON *report, const cJSON *chart, FILE *f);
} kinds[] = {
    {"band", print_band}, {"beside", print_beside}, {"lines", print_lines}, {"heat", print_heat}};

void esp__gnuplot_script(const cJSON *report, const cJSON *chart, FILE *f) {
  const cJSON *x = cJSON_GetObjectItem(chart, "x"), *y = cJSON_GetObjectItem(chart, "y");
  fputs(
      "set terminal svg size 720,460 dynamic font 'sans,13' background 'white' noenhanced\n"
      "set output ",
      f);
  print_quoted(esp__json_text(chart, "id"), f);
  fputs(".'.svg'\nset datafile separator ','\nset grid\nset key below\nset xlabel ", f);
  print_quoted(esp__json_text(x, "label"), f);
  fputs("\nset ylabel ", f);
  print_quoted(esp__json_text(y, "label"), f);
  fputs("\nset title ", f);
  print_quoted(esp__json_text(chart, "title"), f);
  fputs(strcmp(esp__json_text(x, "scale"), "log") == 0 ? "\nset logscale x\n" : "\n", f);
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (strcmp(kinds[i].kind, esp__json_text(chart, "kind")) == 0) kinds[i].print(report, chart, f);
}
