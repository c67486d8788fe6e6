#include "autograd/sparse.h"

#include "base/integer.h"

/* Entries of a row of a block, below which spilling its sums costs more than it saves. */
enum { WORTH_SPILLING = 4 };
/* Tiles do what a dense kernel does with fewer places, so there must be fewer; and they must hold
 * mostly weights, since rows of single outputs waste nothing. */
static const double fewer_places = 0.95, mostly_weights = 0.6;

static size_t weight_at(const esp__sparse_view *v, int o, int c, int t) {
  return (size_t)o * v->output_stride + (size_t)c * v->channel_stride +
         (size_t)v->place[v->tap[t].weight];
}

/* The outputs of a row. */
static int output_of(const esp__sparse *s, int row, int i) {
  return s->tile_rows == 1 ? row : s->perm[row * s->tile_rows + i];
}
static int outputs_of(const esp__sparse *s, const esp__sparse_view *v, int row) {
  return esp__least(s->tile_rows, v->outputs - row * s->tile_rows);
}

/* ---- tiles or not ---- */

static bool is_live(const esp__sparse_view *v, const uint8_t *keep, int o) {
  for (int c = 0; c < v->channels; c++)
    for (int t = 0; t < v->taps; t++)
      if (keep[weight_at(v, o, c, t)]) return true;
  return false;
}

/* Outputs with weights in front, in their order; the others behind. */
static void sort_outputs(esp__sparse *s, const esp__sparse_view *v, const uint8_t *keep) {
  int live = 0, dead = v->outputs;
  for (int o = 0; o < v->outputs; o++) s->perm[is_live(v, keep, o) ? live++ : --dead] = o;
}

static bool is_entry(const esp__sparse *s, const esp__sparse_view *v, const uint8_t *keep, int row,
                     int c, int t) {
  for (int i = 0; i < outputs_of(s, v, row); i++)
    if (keep[weight_at(v, output_of(s, row, i), c, t)]) return true;
  return false;
}

/* One row in one block: the channels from `first` to `end`. */
typedef struct cell {
  int row, first, end;
} cell;

static uint32_t count_cell(const esp__sparse *s, const esp__sparse_view *v, const uint8_t *keep,
                           cell i) {
  uint32_t count = 0;
  for (int c = i.first; c < i.end; c++)
    for (int t = 0; t < v->taps; t++) count += is_entry(s, v, keep, i.row, c, t);
  return count;
}

/* Whether tiles hold mostly weights, and leave places out. */
static bool worth_tiles(esp_graph *g, esp__sparse *s, const esp__sparse_view *v,
                        const esp_mask *m) {
  size_t nnz = 0, kept = 0;
  s->tile_rows = ESP_TILE;
  sort_outputs(s, v, m->keep);
  const int rows = esp__ceil_div(v->outputs, ESP_TILE);
#pragma omp parallel for schedule(static) num_threads(g->threads) reduction(+ : nnz, kept)
  for (int row = 0; row < rows; row++) {
    nnz += count_cell(s, v, m->keep, (cell){row, 0, v->channels});
    for (int i = 0; i < outputs_of(s, v, row); i++)
      for (int c = 0; c < v->channels; c++)
        for (int t = 0; t < v->taps; t++) kept += m->keep[weight_at(v, output_of(s, row, i), c, t)];
  }
  const double places = (double)(nnz * ESP_TILE);
  return (double)kept >= mostly_weights * places && places <= fewer_places * (double)m->count;
}

int esp__sparse_tile_rows(esp_graph *g, esp__sparse *s, const esp__sparse_view *v,
                          const esp_param *p) {
  if (!p->mask || g->sparse == ESP_SPARSE_OFF) return 1;
  if (s->perm_generation == p->mask->generation && s->perm) return s->tile_rows;
  s->built = false;
  s->perm_generation = p->mask->generation;
  if (!s->perm &&
      esp__graph_alloc(g, (size_t)v->outputs * sizeof *s->perm, &s->perm, NULL) != ESP_OK)
    return s->tile_rows = 1;
  if (!worth_tiles(g, s, v, p->mask)) s->tile_rows = 1;
  return s->tile_rows;
}

/* ---- the rows ---- */

/* Room for the entries that the mask leaves. Masks mostly shrink, so it seldom has to be made
 * again. */
static bool reserve_entries(esp_graph *g, esp__sparse *s, size_t nnz) {
  const size_t values = nnz * (size_t)s->tile_rows;
  if (s->nnz_capacity < nnz || !s->col) {
    if (esp__graph_alloc(g, nnz * sizeof *s->col, &s->col, NULL) != ESP_OK) return false;
    s->nnz_capacity = nnz;
  }
  if (s->val_capacity >= values && s->index) return true;
  if (esp__graph_alloc(g, values * sizeof *s->index, &s->index, NULL) != ESP_OK ||
      esp__graph_alloc(g, values * sizeof *s->val, &s->val, NULL) != ESP_OK)
    return false;
  s->val_capacity = values;
  return true;
}

static bool reserve_rows(esp_graph *g, esp__sparse *s, size_t rows) {
  if (s->row_capacity >= rows && s->row_ptr) return true;
  if (esp__graph_alloc(g, (rows + 1) * sizeof *s->row_ptr, &s->row_ptr, NULL) != ESP_OK)
    return false;
  s->row_capacity = rows;
  return true;
}

/* Cell i, where a block has `each` channels. */
static cell cell_at(const esp__sparse *s, const esp__sparse_view *v, int each, int i) {
  const int b = i / s->rows;
  return (cell){i % s->rows, b * each, esp__least(v->channels, (b + 1) * each)};
}

/* Writes entry e: place (c, t) of a row. */
static void fill_entry(esp__sparse *s, const esp__sparse_view *v, const uint8_t *keep, int row,
                       int c, int t, uint32_t e) {
  s->col[e] = (int32_t)((size_t)c * v->x_channel) + v->tap[t].x;
  uint32_t *index = s->index + (size_t)e * (size_t)s->tile_rows;
  for (int i = 0; i < s->tile_rows; i++) {
    index[i] = (uint32_t)ESP_NO_WEIGHT;
    if (i >= outputs_of(s, v, row)) continue;
    const size_t w = weight_at(v, output_of(s, row, i), c, t);
    if (keep[w]) index[i] = (uint32_t)w;
  }
}

static void fill_cell(esp__sparse *s, const esp__sparse_view *v, const uint8_t *keep, cell i,
                      uint32_t e) {
  for (int c = i.first; c < i.end; c++)
    for (int t = 0; t < v->taps; t++)
      if (is_entry(s, v, keep, i.row, c, t)) fill_entry(s, v, keep, i.row, c, t, e++);
}

/* Channels in a block: more than asked where hardly anything is left; all with tiles, whose kernel
 * has no blocks. */
static int channels_of_block(const esp__sparse *s, const esp__sparse_view *v, const esp_mask *m) {
  const double per_channel = (double)m->kept / (double)m->count * v->taps;
  const double wanted = WORTH_SPILLING / (per_channel > 1e-6 ? per_channel : 1e-6);
  if (s->tile_rows > 1 || wanted >= v->channels || v->block_channels >= v->channels)
    return v->channels;
  return wanted > v->block_channels ? (int)wanted : v->block_channels;
}

/* The weights of the fullest row. */
static uint32_t max_row_nnz_of(const esp__sparse *s) {
  uint32_t max = 0;
  for (int r = 0; r < s->rows; r++) {
    uint32_t sum = 0;
    for (int b = 0; b < s->blocks; b++)
      sum += s->row_ptr[b * s->rows + r + 1] - s->row_ptr[b * s->rows + r];
    if (sum > max) max = sum;
  }
  return max * (uint32_t)s->tile_rows;
}

bool esp__sparse_update(esp_graph *g, esp__sparse *s, const esp__sparse_view *v,
                        const esp_param *p) {
  esp__sparse_tile_rows(g, s, v, p);
  if (s->built && s->generation == p->mask->generation) return true;
  const uint8_t *keep = p->mask->keep;
  const int each = channels_of_block(s, v, p->mask);
  s->rows = esp__ceil_div(v->outputs, s->tile_rows);
  s->blocks = esp__ceil_div(v->channels, each);
  const int cells = s->blocks * s->rows;
  s->built = false;
  if (!reserve_rows(g, s, (size_t)cells)) return false;
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int i = 0; i < cells; i++)
    s->row_ptr[i + 1] = count_cell(s, v, keep, cell_at(s, v, each, i));
  for (int i = 0; i < cells; i++) s->row_ptr[i + 1] += s->row_ptr[i];
  if (!reserve_entries(g, s, esp__sparse_nnz(s))) return false;
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int i = 0; i < cells; i++) fill_cell(s, v, keep, cell_at(s, v, each, i), s->row_ptr[i]);
  s->max_row_nnz = max_row_nnz_of(s);
  s->generation = p->mask->generation;
  s->built = true;
  return true;
}

void esp__sparse_gather(esp__sparse *s, const esp_param *p) {
  const uint32_t values = esp__sparse_nnz(s) * (uint32_t)s->tile_rows;
#pragma omp for schedule(static) nowait
  for (uint32_t e = 0; e < values; e++)
    s->val[e] = s->index[e] == (uint32_t)ESP_NO_WEIGHT ? 0.0f : p->value[s->index[e]];
}
