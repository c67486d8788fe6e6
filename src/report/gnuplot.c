/* Scripts that draw a chart from its CSV files. */
#include "report/gnuplot.h"
#include "report/xml.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

const char *esp__json_text(const cJSON *o, const char *name) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, name);
  return cJSON_IsString(item) ? item->valuestring : "";
}

/* NULL where there is none of that name. */
static const cJSON *sheet_of(const cJSON *report, const char *id) {
  const cJSON *table = cJSON_GetObjectItem(report, "sheets")->child;
  while (table && strcmp(esp__json_text(table, "id"), id) != 0) table = table->next;
  return table;
}

static const cJSON *table_of(const cJSON *report, const cJSON *chart, int i) {
  const cJSON *id = cJSON_GetArrayItem(cJSON_GetObjectItem(chart, "sheets"), i);
  return cJSON_IsString(id) ? sheet_of(report, id->valuestring) : NULL;
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

/* In single quotes nothing has a meaning but the quote. What gnuplot would put into an SVG file
 * though it breaks it becomes something else: what XML cannot hold, and the ']]>' that ends a CDATA
 * section. A line stays a line. */
static void print_quoted(const char *text, FILE *f) {
  fputc('\'', f);
  for (size_t length; *text; text += length > 0 ? length : 1) {
    length = esp__xml_character(text);
    if (length == 0)
      fputs(ESP_XML_REPLACEMENT, f);
    else if (*text == '\n' || *text == '\r')
      fputc(' ', f);
    else
      fwrite(text, 1, length, f);
    if (*text == '\'') fputc('\'', f);
    if (strncmp(text, "]]>", 3) == 0) fputc(' ', f);
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

/* The steps between the networks that no other beats, where the chart has them. */
static void print_front(const cJSON *report, const cJSON *chart, FILE *f) {
  const cJSON *front = table_of(report, chart, 2);
  if (!front) return;
  print_quoted(esp__json_text(front, "id"), f);
  fputs(".'.csv' skip 1 using 1:2 with steps lw 3 lc rgb '#bbbbbb' notitle, \\\n", f);
}

static void print_band(const cJSON *report, const cJSON *chart, FILE *f) {
  block means = {report, table_of(report, chart, 0)}, points = {report, table_of(report, chart, 1)};
  enum { MEAN = 5, VALUE = 6 }; /* columns of the tables, from 1 on */
  const int mean = MEAN, value = VALUE;
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
  print_front(report, chart, f);
  fputs("1/0 notitle\n", f);
}

/* The first of the two with solid lines and filled points, the other dashed and hollow. */
static void print_beside(const cJSON *report, const cJSON *chart, FILE *f) {
  const cJSON *names = cJSON_GetObjectItem(chart, "whose");
  const char *first = cJSON_GetArrayItem(names, 0)->valuestring;
  block b = {report, table_of(report, chart, 0)};
  const int whose = column_of(b.table, "whose"), x = whose + 2;
  fputs("plot \\\n", f);
  while (next_block(&b, whose)) {
    if (!has_numbers(&b, x)) continue;
    const bool ours = strcmp(cJSON_GetArrayItem(b.row, whose)->valuestring, first) == 0;
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
  fputs("1/0 with lines lw 2 dt 2 lc rgb '#000000' title ", f);
  print_quoted(cJSON_GetArrayItem(names, 1)->valuestring, f);
  fputc('\n', f);
}

/* A line over the whole height where a round begins. */
static void print_marks(const cJSON *report, const cJSON *chart, FILE *f) {
  const cJSON *table = sheet_of(report, esp__json_text(chart, "marks")), *row;
  cJSON_ArrayForEach(row, cJSON_GetObjectItem(table, "rows")) {
    const cJSON *epoch = cJSON_GetArrayItem(row, 2), *what = cJSON_GetArrayItem(row, 3);
    if (!cJSON_IsNumber(epoch) || !*what->valuestring) continue;
    fprintf(f, "set arrow from %.10g, graph 0 to %.10g, graph 1 nohead dt 3 lc rgb '#888888'\n",
            epoch->valuedouble, epoch->valuedouble);
  }
}

/* What the dashes mean, where there are several columns. */
static void print_dashes(const cJSON *table, const cJSON *columns, FILE *f) {
  const cJSON *column;
  int dash = 1;
  if (cJSON_GetArraySize(columns) < 2) return;
  cJSON_ArrayForEach(column, columns) {
    const cJSON *names = cJSON_GetObjectItem(table, "columns");
    const cJSON *of = cJSON_GetArrayItem(names, column_of(table, column->valuestring));
    fprintf(f, "1/0 with lines lw 1.5 dt %d lc rgb '#000000' title ", dash++);
    print_quoted(esp__json_text(of, "label"), f);
    fputs(", \\\n", f);
  }
}

static void print_lines(const cJSON *report, const cJSON *chart, FILE *f) {
  const cJSON *table = table_of(report, chart, 0), *column;
  const cJSON *columns = cJSON_GetObjectItem(cJSON_GetObjectItem(chart, "y"), "columns");
  const int x = column_of(table, esp__json_text(cJSON_GetObjectItem(chart, "x"), "column")) + 1;
  const bool stepped = cJSON_IsTrue(cJSON_GetObjectItem(chart, "stepped"));
  int dash = 1;
  print_marks(report, chart, f);
  fputs("plot \\\n", f);
  cJSON_ArrayForEach(column, columns) {
    const int y = column_of(table, column->valuestring) + 1;
    block b = {report, table};
    while (next_block(&b, column_of(table, "run"))) {
      if (!has_numbers(&b, y - 1)) continue;
      print_source(&b, f);
      fprintf(f, "%d:%d with %s lw 1.5 lc rgb '%s' dt %d", x, y, stepped ? "steps" : "lines",
              colour(b.series), dash);
      print_title(&b, b.new_series && dash == 1, f);
    }
    dash++;
  }
  print_dashes(table, columns, f);
  fputs("1/0 notitle\n", f);
}

/* The colours reach as far on both sides of 0. */
static void print_range(const cJSON *report, const cJSON *chart, FILE *f) {
  const cJSON *row, *cell;
  double most = 1e-9;
  cJSON_ArrayForEach(row, cJSON_GetObjectItem(table_of(report, chart, 0), "rows")) {
    cJSON_ArrayForEach(cell, row) {
      if (cJSON_IsNumber(cell)) most = fmax(most, fabs(cell->valuedouble));
    }
  }
  fprintf(f, "set cbrange [%.6g:%.6g]\nset cblabel 'points'\n", -most, most);
}

static void print_heat(const cJSON *report, const cJSON *chart, FILE *f) {
  const bool both_signs = cJSON_IsTrue(cJSON_GetObjectItem(chart, "signed"));
  fputs(both_signs ? "set palette defined (-1 '#b24308', 0 '#ffffff', 1 '#0b5694')\n"
                   : "set palette defined (0 '#ffffff', 50 '#6baed6', 100 '#08306b')\n"
                     "set cbrange [0:100]\nset cblabel '%'\n",
        f);
  if (both_signs) print_range(report, chart, f);
  fputs(
      "set yrange [*:*] reverse\nset xtics rotate by 45 right\nunset grid\n"
      "set offsets 0, 0, 0, 0\nplot ",
      f);
  print_quoted(esp__json_text(table_of(report, chart, 0), "id"), f);
  fputs(
      ".'.csv' matrix rowheaders columnheaders using 1:2:(0.5):(0.5):3 with boxxyerror fs solid "
      "lc palette notitle\n",
      f);
}

/* Beside each other, a group for each row. */
static void print_bars(const cJSON *report, const cJSON *chart, FILE *f) {
  static const char *const colours[] = {"#bbbbbb", "#009E73"};
  const cJSON *table = table_of(report, chart, 0);
  const int columns = cJSON_GetArraySize(cJSON_GetObjectItem(table, "columns"));
  fputs("set style data histograms\nset style fill solid\nset xtics rotate by 45 right\nplot \\\n",
        f);
  for (int c = 1; c < columns; c++) {
    const cJSON *column = cJSON_GetArrayItem(cJSON_GetObjectItem(table, "columns"), c);
    print_quoted(esp__json_text(table, "id"), f);
    fprintf(f, ".'.csv' skip 1 using %d:xtic(1) lc rgb '%s' title ", c + 1, colours[c % 2 == 0]);
    print_quoted(esp__json_text(column, "label"), f);
    fputs(c + 1 < columns ? ", \\\n" : "\n", f);
  }
}

static const struct {
  const char *kind;
  void (*print)(const cJSON *report, const cJSON *chart, FILE *f);
} kinds[] = {{"band", print_band},
             {"beside", print_beside},
             {"lines", print_lines},
             {"heat", print_heat},
             {"bars", print_bars}};

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
  if (strcmp(esp__json_text(y, "scale"), "log") == 0) fputs("set logscale y\n", f);
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (strcmp(kinds[i].kind, esp__json_text(chart, "kind")) == 0) kinds[i].print(report, chart, f);
}
