/* Planes cut into as many fields as a vector has floats, all alike. A vector holds the pixels at
 * one place of all fields, so what a window sees beside it are whole vectors, and none is loaded
 * across two lines of the cache. Around each field are the pixels of its neighbours: the vectors of
 * the other side, moved on by a field. */
#include "base/integer.h"
#include "predict/kernels/field_stretches.h"
#include "predict/network.h"

enum { SIDES = 9 };

/* Fields beside one another: nearly as many as below one another. */
static int across(int vector) {
  return vector >= 16 ? 4 : vector >= 4 ? 2 : 1;
}

bool esp__field_of(const esp_network *n, esp_shape s, esp__extent *field) {
  const int vector = n->kernels->vector, columns = across(vector), rows = vector / columns;
  if (s.height % rows || s.width % columns || esp__one_pixel(s)) return false;
  *field = (esp__extent){s.height / rows, s.width / columns};
  return true;
}

/* Along one axis: outputs stand for as many pixels as the stride, and a window reaches no further
 * outside than `halo`. */
static bool fits(int in, int out, int kernel, int padding, int stride, int halo) {
  return in == stride * out && padding <= halo && kernel - stride - padding <= halo && halo <= in;
}

bool esp__fits_fields(const esp_network *n, const esp_operation *op, esp_shape in, int halo_in,
                      int halo_out) {
  const esp_pair window = esp__window_of(op->param[0]);
  const esp_conv_attr a = op->attr.conv;
  esp__extent x, y;
  return esp__field_of(n, in, &x) && esp__field_of(n, op->shape, &y) &&
         fits(x.rows, y.rows, window.rows, a.padding.rows, a.stride.rows, halo_in) &&
         fits(x.width, y.width, window.columns, a.padding.columns, a.stride.columns, halo_in) &&
         halo_out <= y.rows && halo_out <= y.width && a.stride.columns <= 2;
}

/* ---- what lies around fields ---- */

/* Which field lies on side s of each. */
static void neighbours(const esp__place *p, int s, int32_t *place, float *there) {
  const int columns = p->shape.width / p->field.width, rows = p->shape.height / p->field.rows;
  for (int l = 0; l < rows * columns; l++) {
    const int r = l / columns + s / 3 - 1, c = l % columns + s % 3 - 1;
    const bool inside = r >= 0 && r < rows && c >= 0 && c < columns;
    place[l] = inside ? r * columns + c : 0;
    there[l] = inside ? 1.0f : 0.0f;
  }
}

/* Before a field of so many rows, or columns (-1), in it (0), or behind it (1). */
static int side_of(int at, int count) {
  return at < 0 ? -1 : at >= count;
}

static int edges_of(const esp__place *p, esp__field_edge *edge) {
  const int rows = p->field.rows, columns = p->field.width, step = esp__place_column(p);
  int edges = 0;
  for (int r = -p->halo; r < rows + p->halo; r++)
    for (int c = -p->halo; c < columns + p->halo; c++) {
      const int down = side_of(r, rows), right = side_of(c, columns);
      if (down || right)
        edge[edges++] =
            (esp__field_edge){.to = r * p->row + c * step,
                              .from = (r - down * rows) * p->row + (c - right * columns) * step,
                              .side = (down + 1) * 3 + right + 1};
    }
  return edges;
}

esp_status esp__fields_of(esp_network *n, const esp__place *p, esp__fields *f, esp_error *err) {
  const int fields = esp__place_column(p);
  int32_t *place;
  float *there;
  esp__field_edge *edge;
  ESP_TRY(esp__store_alloc(&n->store, (size_t)(SIDES * fields) * sizeof *place, &place, err));
  ESP_TRY(esp__store_alloc(&n->store, (size_t)(SIDES * fields) * sizeof *there, &there, err));
  ESP_TRY(esp__store_alloc(&n->store, (size_t)(p->plane / fields) * sizeof *edge, &edge, err));
  for (int s = 0; s < SIDES; s++) neighbours(p, s, place + s * fields, there + s * fields);
  *f = (esp__fields){edge, edges_of(p, edge), place, there};
  return ESP_OK;
}

static void run_fill(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  const esp__place *p = esp__place_at(s, s->y);
  const esp__share share = esp__share_of(s, p->shape.channels);
  for (int c = share.first; c < share.first + share.count; c++)
    k->fill_fields(s->state, esp__at(s, s->y, memory) + esp__place_channel(p, c));
}

esp_status esp__add_field_fill(esp_network *n, int place, esp_error *err) {
  esp__fields *f;
  ESP_TRY(esp__store_alloc(&n->store, sizeof *f, &f, err));
  ESP_TRY(esp__fields_of(n, &n->place[place], f, err));
  return esp__step_add(
      n,
      &(esp__step){.run = run_fill, .x = place, .more = -1, .y = place, .state = f, .shares = true},
      err);
}

/* ---- stretches ---- */

esp_status esp__field_cut_of(esp_network *n, const esp_operation *op, const esp__place *x,
                             const esp__place *y, esp__field_cut *cut, esp_error *err) {
  const esp_pair stride = op->attr.conv.stride;
  const esp__extent field = y->field;
  const esp__field_stretch size =
      esp__field_stretches[esp__field_stretch_of(field.rows, field.width)];
  esp__stretch *stretch;
  ESP_TRY(esp__store_alloc(&n->store, (size_t)(field.rows * field.width) * sizeof *stretch,
                           &stretch, err));
  *cut = (esp__field_cut){.shape = {.rows = size.rows,
                                    .columns = size.columns,
                                    .step = stride.columns,
                                    .x_row = (size_t)(stride.rows * x->row),
                                    .y_row = (size_t)y->row},
                          .stretch = stretch};
  for (int r = 0; r < field.rows; r += size.rows)
    for (int c = 0; c < field.width; c += size.columns)
      stretch[cut->stretches++] =
          (esp__stretch){.x = r * stride.rows * x->row + c * stride.columns * esp__place_column(x),
                         .y = r * y->row + c * esp__place_column(y)};
  return ESP_OK;
}

/* ---- pooling ---- */

typedef struct pooling {
  esp__maxpool_fields_fn *run;
  esp__fields fields; /* of y */
} pooling;

static void run_maxpool(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  const pooling *own = s->state;
  const esp__place *p = esp__place_at(s, s->y);
  const esp__planes y = esp__planes_at(s, s->y, memory);
  const esp__extents e = {p->shape.channels, p->field.rows, p->field.width, 1};
  own->run(e, esp__planes_at(s, s->x, memory), y);
  for (size_t c = 0; c < (size_t)e.planes; c++) k->fill_fields(&own->fields, y.at + c * y.plane);
}

esp_status esp__add_field_maxpool(esp_network *n, bool bytes, int x, int y, esp_error *err) {
  pooling *own;
  ESP_TRY(esp__store_alloc(&n->store, sizeof *own, &own, err));
  own->run = bytes ? esp__integer_kernels_choose()->maxpool_fields : n->kernels->maxpool_fields;
  ESP_TRY(esp__fields_of(n, &n->place[y], &own->fields, err));
  return esp__step_add(
      n, &(esp__step){.run = run_maxpool, .x = x, .more = -1, .y = y, .state = own}, err);
}

/* ---- conversion ---- */

typedef struct conversion {
  const int32_t *corner; /* [fields] where the first pixel of each is, in the other layout */
  esp__fields fields;    /* of y; no edges where x is in fields */
} conversion;

/* A channel between vectors of pixels, one of each field, and pixels elsewhere. */
static void move_channel(const esp__place *in_fields, const esp__place *other,
                         const int32_t *corner, float *vectors, float *pixels, bool out) {
  const int fields = esp__place_column(in_fields), step = esp__place_column(other);
  for (int i = 0; i < in_fields->field.rows; i++)
    for (int j = 0; j < in_fields->field.width; j++) {
      float *vector = vectors + i * in_fields->row + j * fields,
            *pixel = pixels + i * other->row + j * step;
      for (int l = 0; l < fields; l++)
        if (out)
          pixel[corner[l]] = vector[l];
        else
          vector[l] = pixel[corner[l]];
    }
}

static void run_convert(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  const conversion *own = s->state;
  const bool out = esp__place_at(s, s->x)->layout == ESP_FIELDS;
  const int in_fields = out ? s->x : s->y, other = out ? s->y : s->x;
  const esp__place *p = esp__place_at(s, in_fields), *q = esp__place_at(s, other);
  for (int c = 0; c < p->shape.channels; c++) {
    float *vectors = esp__at(s, in_fields, memory) + esp__place_channel(p, c),
          *pixels = esp__at(s, other, memory) + esp__place_channel(q, c);
    move_channel(p, q, own->corner, vectors, pixels, out);
    if (!out) k->fill_fields(&own->fields, vectors);
  }
}

static int32_t corner_of(const esp__place *in_fields, const esp__place *other, int l) {
  const int across = in_fields->shape.width / in_fields->field.width;
  return l / across * in_fields->field.rows * other->row +
         l % across * in_fields->field.width * esp__place_column(other);
}

esp_status esp__add_field_convert(esp_network *n, int x, int y, esp_error *err) {
  const bool from = n->place[x].layout == ESP_FIELDS;
  const int in_fields = from ? x : y, fields = esp__place_column(&n->place[in_fields]);
  conversion *own;
  int32_t *corner;
  ESP_TRY(esp__store_alloc(&n->store, sizeof *own, &own, err));
  ESP_TRY(esp__store_alloc(&n->store, (size_t)fields * sizeof *corner, &corner, err));
  for (int l = 0; l < fields; l++)
    corner[l] = corner_of(&n->place[in_fields], &n->place[from ? y : x], l);
  own->corner = corner;
  if (!from) ESP_TRY(esp__fields_of(n, &n->place[y], &own->fields, err));
  return esp__step_add(
      n, &(esp__step){.run = run_convert, .x = x, .more = -1, .y = y, .state = own}, err);
}
