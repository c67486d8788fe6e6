#include "report/drawing.h"

#include "base/text.h"
#include "nn/layers.h"
#include "report/xml.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Sizes in pixels. */
enum {
  ROW = 19,
  INDENT = 12,
  TEXT_CHARS = 40, /* of a row's text, beyond which what follows gets a row of its own */
  BAR_AT = 262,
  BAR = 84,
  COLUMN = 490,
  HEAD = 30,
  COLUMN_ROWS = 36 /* about so many; blocks stay whole */
};

typedef enum row_kind { ROW_LAYER, ROW_OPEN, ROW_PART, ROW_END } row_kind;

/* A row of the drawing. */
typedef struct row {
  row_kind kind;
  bool residual; /* of ROW_OPEN and ROW_END: else a concat */
  char text[160];
  int depth;          /* of boxes around it */
  int opener;         /* of ROW_END: the row of its ROW_OPEN */
  int layer;          /* in the order of the network; -1 = none */
  int channels, kept; /* of a layer; kept: those with a weight */
  double density;
  int column, place; /* where it stands: place 0 is a column's top */
} row;

typedef struct drawing {
  const esp_bundle *bundle;
  const esp_csv *layers;
  row *row;
  int rows, columns, highest; /* highest: rows of the longest column */
  int most;                   /* channels of the widest layer */
  int opened[ESP_DEPTH_MAX];  /* rows of boxes that are open */
  int depth;
  int named; /* layers up to the newest that has a row */
} drawing;

/* ---- rows ---- */

static row *add_row(drawing *d, row_kind kind, const char *text) {
  row *r = &d->row[d->rows++];
  *r = (row){.kind = kind, .depth = d->depth, .layer = -1};
  snprintf(r->text, sizeof r->text, "%s", text);
  return r;
}

static bool bends(const esp__item *item) {
  return item->kind->role == ESP_KIND_RELU || item->kind->role == ESP_KIND_ACTIVATION;
}

/* What has no weights stands behind what it follows, where there is room; within a box, that is
 * behind its end only a non-linearity. */
static void add_plain(drawing *d, const esp__item *item) {
  const char *text = item->text;
  row *last = d->rows > 0 ? &d->row[d->rows - 1] : NULL;
  const bool takes = last && (last->kind == ROW_LAYER || (last->kind == ROW_END && bends(item)));
  const size_t used = last ? strlen(last->text) : 0;
  if (takes && used + strlen(text) < TEXT_CHARS - 2 * (size_t)d->depth)
    snprintf(last->text + used, sizeof last->text - used, " · %s", text);
  else
    add_row(d, ROW_LAYER, text);
}

/* Whether the last part of a layer's name is that of a kind with a number: "layer1.conv2". */
static bool is_of_kind(const char *layer, const char *keyword) {
  const char *dot = strrchr(layer, '.'), *part = dot ? dot + 1 : layer;
  const size_t length = strlen(keyword);
  return strncmp(part, keyword, length) == 0 && part[length] >= '0' && part[length] <= '9';
}

/* Counts the outputs of a layer that have a weight. */
static void count_channels(const drawing *d, row *r) {
  char name[256];
  snprintf(name, sizeof name, "%s.weight", esp_csv_text(d->layers, r->layer, "layer"));
  const esp_blob *blob = esp_bundle_find(d->bundle, name);
  if (!blob || blob->dtype != ESP_F32 || blob->rank < 2 || blob->bytes == 0) return;
  const float *w = blob->data;
  const size_t count = blob->bytes / sizeof(float), outputs = (size_t)blob->shape[0];
  size_t left = 0;
  for (size_t o = 0; o < outputs; o++) {
    size_t here = 0;
    for (size_t i = 0; i < count / outputs; i++) here += *w++ != 0.0f;
    r->kept += here > 0;
    left += here;
  }
  r->channels = (int)outputs;
  r->density = (double)left / (double)count;
}

static void add_layer(drawing *d, const esp__item *item) {
  row *r = add_row(d, ROW_LAYER, item->text);
  for (int i = d->named; i < d->layers->rows && r->layer < 0; i++)
    if (is_of_kind(esp_csv_text(d->layers, i, "layer"), item->kind->keyword)) r->layer = i;
  if (r->layer < 0) return;
  d->named = r->layer + 1; /* gates, which have no row, may lie between */
  count_channels(d, r);
  if (r->channels > d->most) d->most = r->channels;
}

static void open_box(drawing *d, const esp__item *item) {
  row *r = add_row(d, ROW_OPEN, item->text);
  r->residual = item->kind->role == ESP_KIND_RESIDUAL;
  d->opened[d->depth++] = d->rows - 1;
}

static void close_box(drawing *d) {
  const int opener = d->opened[--d->depth];
  const bool residual = d->row[opener].residual;
  row *r = add_row(d, ROW_END, residual ? "add" : "join");
  r->opener = opener;
  r->residual = residual;
}

static void add_item(drawing *d, const esp_program *p, const esp__item *item) {
  switch (item->kind->role) {
    case ESP_KIND_GROUP:
      break; /* only names */
    case ESP_KIND_RESIDUAL:
    case ESP_KIND_CONCAT:
    case ESP_KIND_PRODUCT:
      open_box(d, item);
      break;
    case ESP_KIND_SHORTCUT:
    case ESP_KIND_BRANCH:
      add_row(d, ROW_PART, item->text);
      break;
    case ESP_KIND_END:
      if (p->item[item->opener].kind->role != ESP_KIND_GROUP) close_box(d);
      break;
    default:
      if (item->kind->weights && item->kind->role != ESP_KIND_GATE)
        add_layer(d, item);
      else
        add_plain(d, item);
  }
}

/* Columns of about the same height; they break between boxes. */
static void place_rows(drawing *d) {
  const int columns = d->rows / COLUMN_ROWS + 1, wanted = (d->rows + columns - 1) / columns;
  int column = 0, place = 0;
  for (int i = 0; i < d->rows; i++) {
    const bool outside = d->row[i].depth == 0 && d->row[i].kind != ROW_END;
    if (place >= wanted && outside) {
      column++;
      place = 0;
    }
    d->row[i].column = column;
    d->row[i].place = place++;
    if (place > d->highest) d->highest = place;
  }
  d->columns = column + 1;
}

/* ---- SVG ---- */

#define INK "var(--ink,#1d2329)"
#define QUIET "var(--quiet,#5b6670)"
#define LINE "var(--line,#c9cfd4)"
#define ACCENT "var(--accent,#0b6e4f)"

static int x_of(const row *r) {
  return r->column * COLUMN + 8 + r->depth * INDENT;
}

static int y_of(const row *r) {
  return HEAD + r->place * ROW;
}

static void draw_text(FILE *f, int x, int y, const char *colour, const char *text) {
  fprintf(f, "<text x=\"%d\" y=\"%d\" style=\"fill:%s\">", x, y, colour);
  esp__xml_print(f, text);
  fputs("</text>\n", f);
}

/* A bar's length goes with the root of the channels, so that narrow layers are seen too. */
static double bar_length(const drawing *d, int channels) {
  return BAR * sqrt((double)channels / d->most);
}

static void draw_bar(FILE *f, const drawing *d, const row *r) {
  const int x = r->column * COLUMN + BAR_AT, y = y_of(r) + 5;
  char text[64];
  fprintf(f,
          "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"9\" style=\"fill:" LINE
          "\"/>\n"
          "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"9\" style=\"fill:" ACCENT "\"/>\n",
          x, y, bar_length(d, r->channels), x, y, bar_length(d, r->kept));
  if (r->density < 1.0)
    snprintf(text, sizeof text, "%d of %d, %.3g %%", r->kept, r->channels, 100.0 * r->density);
  else
    snprintf(text, sizeof text, "%d", r->channels);
  draw_text(f, x + BAR + 8, y_of(r) + 13, INK, text);
}

/* Around a block, from its opening to its end; a residual has a line that goes past it. */
static void draw_box(FILE *f, const drawing *d, const row *end) {
  const row *open = &d->row[end->opener];
  const int x = x_of(open), top = y_of(open) + 2, bottom = y_of(end) + ROW - 2;
  fprintf(f,
          "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"4\" "
          "style=\"fill:none;stroke:" LINE "\"/>\n",
          x - 5, top, COLUMN - 30 - 2 * open->depth * INDENT, bottom - top);
  if (!end->residual) return;
  fprintf(f,
          "<path d=\"M%d %dv%dm-3 -5l3 5l3 -5\" style=\"fill:none;stroke:" ACCENT
          ";stroke-width:1.5\"/>\n",
          x + 4, y_of(open) + 17, y_of(end) + 2 - y_of(open) - 17);
}

static void draw_row(FILE *f, const drawing *d, const row *r) {
  const bool quiet = r->kind == ROW_OPEN || r->kind == ROW_PART;
  draw_text(f, x_of(r), y_of(r) + 13, quiet ? QUIET : INK, r->text);
  if (r->kind == ROW_END) draw_box(f, d, r);
  if (r->channels > 0) draw_bar(f, d, r);
}

static void draw(FILE *f, const drawing *d, const char *title) {
  const int width = d->columns * COLUMN, height = HEAD + d->highest * ROW + 8;
  fprintf(
      f,
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
      "viewBox=\"0 0 %d %d\" role=\"img\" font-family=\"sans-serif\" font-size=\"11\">\n<title>",
      width, height, width, height);
  esp__xml_print(f, title);
  fputs("</title>\n", f);
  for (int c = 0; c < d->columns; c++) {
    draw_text(f, c * COLUMN + 8, 16, QUIET, "layer");
    draw_text(f, c * COLUMN + BAR_AT, 16, QUIET, "channels, share of weights left");
  }
  for (int i = 0; i < d->rows; i++) draw_row(f, d, &d->row[i]);
  fputs("</svg>\n", f);
}

/* ---- all of it ---- */

static int count_lines(const char *text) {
  int lines = 0;
  for (; text && *text; text++) lines += *text == '\n';
  return lines;
}

static esp_status draw_program(drawing *d, const esp_program *p, const char *title, char **svg,
                               esp_error *err) {
  esp__text t;
  d->row = calloc((size_t)p->count + 1, sizeof *d->row);
  if (!d->row) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for a drawing");
  for (int i = 0; i < p->count; i++) add_item(d, p, &p->item[i]);
  place_rows(d);
  ESP_TRY(esp__text_begin(&t, "a drawing", err));
  draw(t.out, d, title);
  ESP_TRY(esp__text_end(&t, err));
  *svg = t.data;
  return ESP_OK;
}

esp_status esp__drawing_make(const esp_bundle *b, const esp_csv *layers, const char *title,
                             char **svg, esp_error *err) {
  const char *text = esp_bundle_text(b, "espalier.layers");
  drawing d = {.bundle = b, .layers = layers, .most = 1};
  esp_program *program;
  if (!text) return esp_fail(err, ESP_ERR_INPUT, "the weights file has no network in it");
  ESP_TRY(esp__program_parse(&program, "layers", text,
                             count_lines(esp_bundle_text(b, "espalier.classes")), err));
  const esp_status status = draw_program(&d, program, title, svg, err);
  free(d.row);
  esp__program_free(program);
  return status;
}
