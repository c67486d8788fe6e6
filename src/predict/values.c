/* Where the values of a network are, while it is lowered. */
#include "predict/values.h"

#include "base/integer.h"

int esp__reach_of(const esp_operation *op) {
  return esp__most(op->attr.conv.padding.rows, op->attr.conv.padding.columns);
}

void esp__find_halos(esp__lowering *l, const esp__unit *unit, int units) {
  for (int i = 0; i < l->ops->count; i++) {
    const esp_operation *op = &l->ops->item[i];
    if (op->kind != ESP_OPERATION_CONV || esp__one_pixel(l->ops->item[op->input[0]].shape))
      continue;
    l->halo[op->input[0]] = esp__most(l->halo[op->input[0]], esp__reach_of(op));
  }
  for (bool moved = true; moved;) {
    moved = false;
    for (int u = 0; u < units; u++) {
      if (unit[u].residual < 0) continue;
      int *a = &l->halo[unit[u].residual], *b = &l->halo[unit[u].out];
      moved |= *a != *b;
      *a = *b = esp__most(*a, *b);
    }
  }
}

int esp__halo_of(const esp__operations *ops, esp_shape s) {
  int halo = 0;
  if (esp__one_pixel(s)) return 0;
  for (int i = 0; i < ops->count; i++) {
    const esp_operation *op = &ops->item[i];
    if (op->kind != ESP_OPERATION_CONV) continue;
    const esp_shape in = ops->item[op->input[0]].shape;
    if (in.height == s.height && in.width == s.width) halo = esp__most(halo, esp__reach_of(op));
  }
  return halo;
}

bool esp__only_chosen(const esp__lowering *l, int v) {
  const int *place = l->place[v];
  return place[ESP_CHOSEN] != ESP_NOWHERE && place[ESP_BLOCKED] == ESP_NOWHERE &&
         place[ESP_PLANAR] == ESP_NOWHERE && place[ESP_FIELDS] == ESP_NOWHERE;
}

esp_status esp__make_chosen(esp__lowering *l, int v, int most, int by, int *place, esp_error *err) {
  esp_shape shape = l->ops->item[v].shape;
  shape.channels = most;
  const esp__place p = esp__place_of(shape, ESP_BLOCKED, l->halo[v]);
  ESP_TRY(esp__place_add(l->network, &p, place, err));
  l->place[v][ESP_CHOSEN] = *place;
  l->by[v] = by;
  return ESP_OK;
}

/* In fields where it can be cut into them, if that is asked. */
static esp__place place_for(const esp__lowering *l, esp_shape shape, esp__layout layout, int halo) {
  esp__extent field;
  return layout == ESP_FIELDS && esp__field_of(l->network, shape, &field)
             ? esp__place_in_fields(shape, field, halo)
             : esp__place_of(shape, layout, halo);
}

esp_status esp__make_place(esp__lowering *l, int v, esp__layout layout, int *place,
                           esp_error *err) {
  const esp_shape shape = l->ops->item[v].shape;
  const int halo = layout == ESP_BLOCKED ? l->halo[v] : esp__halo_of(l->ops, shape);
  const esp__place p = place_for(l, shape, layout, halo);
  ESP_TRY(esp__place_add(l->network, &p, place, err));
  l->place[v][p.layout] = *place;
  return ESP_OK;
}

esp_status esp__spread_value(esp__lowering *l, int v, int more, bool relu, int whole,
                             esp_error *err) {
  const esp__spread_plan plan = {l->place[v][ESP_CHOSEN], l->by[v], more, whole, relu};
  return esp__add_spread(l->network, &plan, err);
}

/* A place where all of value v is. */
static int any_place(const esp__lowering *l, int v) {
  int layout = ESP_BLOCKED;
  while (layout < ESP_FIELDS && l->place[v][layout] == ESP_NOWHERE) layout++;
  return l->place[v][layout];
}

/* A value of one pixel is blocked whatever is asked. */
static bool is_as_good(const esp__place *there, esp__layout layout) {
  return layout != ESP_FIELDS && there->layout != ESP_FIELDS &&
         esp__place_of(there->shape, layout, there->halo).layout == there->layout;
}

esp_status esp__find_place(esp__lowering *l, int v, esp__layout layout, int *place,
                           esp_error *err) {
  if (esp__only_chosen(l, v)) {
    ESP_TRY(esp__make_place(l, v, ESP_BLOCKED, place, err));
    ESP_TRY(esp__spread_value(l, v, ESP_NOWHERE, false, *place, err));
  }
  *place = l->place[v][layout];
  if (*place != ESP_NOWHERE) return ESP_OK;
  const int other = any_place(l, v);
  if (is_as_good(&l->network->place[other], layout)) {
    *place = other;
    return ESP_OK;
  }
  ESP_TRY(esp__make_place(l, v, layout, place, err));
  return esp__add_convert(l->network, other, *place, err);
}

esp__layout esp__layout_of(const esp__lowering *l, int v) {
  return l->place[v][ESP_BLOCKED] == ESP_NOWHERE && !esp__only_chosen(l, v) ? ESP_PLANAR
                                                                            : ESP_BLOCKED;
}

/* ---- bytes ---- */

/* In fields (1) or not (0). */
static const int bytes_at[] = {ESP_BYTES, ESP_BYTES_IN_FIELDS};

esp_status esp__make_bytes(esp__lowering *l, int v, esp__layout layout, int *place,
                           esp_error *err) {
  const esp_shape all = l->ops->item[v].shape,
                  words = {(int)esp__whole_blocks(all.channels) / ESP_QUAD, all.height, all.width};
  const esp__place p = place_for(l, words, layout, esp__halo_of(l->ops, words));
  ESP_TRY(esp__place_add(l->network, &p, place, err));
  l->place[v][bytes_at[layout == ESP_FIELDS]] = *place;
  return ESP_OK;
}

esp_status esp__find_bytes(esp__lowering *l, int v, esp__layout layout, int *place,
                           esp_error *err) {
  const bool fields = layout == ESP_FIELDS;
  *place = l->place[v][bytes_at[fields]];
  const int other = l->place[v][bytes_at[!fields]];
  if (*place != ESP_NOWHERE || other == ESP_NOWHERE) return ESP_OK;
  ESP_TRY(esp__make_bytes(l, v, layout, place, err));
  return esp__add_field_convert(l->network, other, *place, err);
}
