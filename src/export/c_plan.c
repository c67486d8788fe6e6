#include "export/c_plan.h"

#include <stdint.h>
#include <stdlib.h>

/* A run of memory: values that write over each other, one after another. */
typedef struct region {
  size_t size, at; /* size: of the largest */
  bool placed;
} region;

/* A value, or scratch, at the beginning of its region, and the steps between which it is in use,
 * both included. */
typedef struct tenant {
  int region;
  size_t size;
  int first, last;
} tenant;

typedef struct planner {
  esp__c_plan *plan;
  int *region_of; /* [ops] number of its region; of an operation whose value is nowhere, -1 */
  int *last_read; /* [ops] the last step that reads the value, or one that is the same */
  int *same_as;   /* [ops] the operation whose value this is; mostly itself */
  region *region; /* [2 * ops] */
  tenant *tenant; /* [2 * ops] */
  int regions, tenants;
} planner;

static bool has_weights(esp_operation_kind kind) {
  return kind == ESP_OPERATION_CONV || kind == ESP_OPERATION_LINEAR;
}

size_t esp__c_number_bytes(const esp__network *n) {
  return n->quantised ? 1 : sizeof(float);
}

size_t esp__c_sum_numbers(const esp__network *n) {
  return n->quantised ? sizeof(int32_t) : 1;
}

/* ---- steps ---- */

/* Whether its value is its input's. The pixels of a quantised network are integers from the
 * start. */
static bool is_alias(const esp_operation *o) {
  return o->kind == ESP_OPERATION_FLATTEN || o->kind == ESP_OPERATION_DROPOUT ||
         o->kind == ESP_OPERATION_TO_INTEGERS ||
         (o->kind == ESP_OPERATION_RESHAPE && o->attr.reshape.transpose == 1);
}

/* The layer that operation `i` runs. */
static int layer_of(const esp__network *n, int i) {
  const esp_operation *o = &n->op[i];
  if (o->kind == ESP_OPERATION_REQUANTISE || o->kind == ESP_OPERATION_FROM_INTEGERS)
    return esp__network_sums(n, o->input[0]);
  if (esp__network_is_folded(n, i)) return o->input[0];
  return has_weights(o->kind) ? i : -1;
}

static esp__c_step step_of(const esp__network *n, int i) {
  const esp_operation *o = &n->op[i];
  esp__c_step s = {.op = i,
                   .layer = layer_of(n, i),
                   .input = {o->input[0], o->input[1]},
                   .moves = !is_alias(o),
                   .room = SIZE_MAX};
  if (s.layer >= 0) s.input[0] = n->op[s.layer].input[0];
  return s;
}

/* Whether another operation does it on the way: sums get the next scale at once. */
static bool is_part(const esp__network *n, int i) {
  if (n->quantised) return esp__network_sums(n, i) >= 0;
  return has_weights(n->op[i].kind) && esp__network_batchnorm_behind(n, i) >= 0;
}

static void list_steps(esp__c_plan *p) {
  for (int i = 0; i < p->net->ops; i++)
    if (!is_part(p->net, i)) p->step[p->steps++] = step_of(p->net, i);
}

/* ---- integers ---- */

static esp_status refuse_integers(const esp__network *n, int i, const char *expected,
                                  esp_error *err) {
  char name[ESP_EXPORT_NAME_MAX];
  esp__network_name(n, i, name);
  return esp_fail(err, ESP_ERR_INPUT,
                  "%s: a quantised network that a program in C is not written for; expected %s",
                  name, expected);
}

/* Integers begin at the pixels, all with one scale, and end as the sums of a layer. */
static esp_status check_integers(const esp__network *n, esp_error *err) {
  const int last = n->op[n->ops - 1].input[0];
  int begun = 0;
  for (int i = 1; i < n->ops; i++) {
    begun += n->op[i].kind == ESP_OPERATION_TO_INTEGERS;
    if (begun > 1 || (begun == 0 && !is_alias(&n->op[i])))
      return refuse_integers(n, i, "one line 'quantise' before all others", err);
  }
  return has_weights(n->op[last].kind)
             ? ESP_OK
             : refuse_integers(n, last, "a convolution or linear layer at the end", err);
}

/* ---- lives ---- */

static void find_lives(const planner *a) {
  const esp__c_plan *p = a->plan;
  for (int i = 0; i < p->net->ops; i++) a->same_as[i] = i;
  for (int k = 0; k < p->steps; k++) {
    const esp__c_step *s = &p->step[k];
    if (!s->moves) a->same_as[s->op] = a->same_as[s->input[0]];
    for (int j = 0; j < 2; j++)
      if (s->input[j] >= 0) a->last_read[a->same_as[s->input[j]]] = k;
  }
  a->last_read[a->same_as[p->net->ops - 1]] = p->steps;
}

/* ---- what may be written over ---- */

/* Whether no output of a window comes to stand where a later one reads. */
static bool pools_in_place(const esp_operation *o) {
  if (o->kind == ESP_OPERATION_SUBSAMPLE) return true;
  const esp_pool_attr a = o->attr.pool;
  return a.padding == 0 && a.size <= a.stride;
}

/* Whether the step can write over input j, value by value. A layer reads all of its input for each
 * of its outputs, so that must not be what is added to them. */
static bool may_replace(const planner *a, const esp__c_step *s, int j) {
  const esp__network *n = a->plan->net;
  const esp_operation *o = &n->op[s->layer >= 0 ? s->layer : s->op];
  if (s->layer >= 0 && has_weights(o->kind))
    return j == 1 && a->same_as[s->input[0]] != a->same_as[s->input[1]];
  switch (o->kind) {
    case ESP_OPERATION_ACTIVATION:
    case ESP_OPERATION_FATRELU:
    case ESP_OPERATION_BATCHNORM:
    case ESP_OPERATION_ADD:
    case ESP_OPERATION_REQUANTISE:
    case ESP_OPERATION_ADD_INTEGERS:
      return true;
    case ESP_OPERATION_GATE:
      return j == 0;
    case ESP_OPERATION_MAXPOOL:
    case ESP_OPERATION_AVGPOOL:
    case ESP_OPERATION_SUBSAMPLE:
      return pools_in_place(o);
    default:
      return false;
  }
}

/* ---- regions ---- */

/* Adds a tenant to a region, or to a new one if that is -1; returns its number. Its size becomes
 * one of whole sums, so that every region can hold them. */
static int settle(planner *a, int number, tenant t) {
  const size_t sum = esp__c_sum_numbers(a->plan->net);
  t.size = (t.size + sum - 1) / sum * sum;
  t.region = number < 0 ? a->regions++ : number;
  region *r = &a->region[t.region];
  if (r->size < t.size) r->size = t.size;
  a->tenant[a->tenants++] = t;
  return t.region;
}

/* The region of the value that step k makes: one that it may write over, or a new one. */
static int choose_region(planner *a, int k) {
  esp__c_step *s = &a->plan->step[k];
  const tenant t = {.size = esp__network_values(a->plan->net->op[s->op].shape),
                    .first = k,
                    .last = a->last_read[a->same_as[s->op]]};
  for (int j = 0; j < 2; j++) {
    const int input = s->input[j] < 0 ? -1 : a->same_as[s->input[j]];
    if (input < 0 || a->last_read[input] != k || !may_replace(a, s, j)) continue;
    s->over[j] = true;
    return settle(a, a->region_of[input], t);
  }
  return settle(a, -1, t);
}

/* A convolution that writes over what is added to it needs a plane for its sums; so does one whose
 * sums are larger than its numbers. */
static bool needs_room(const esp__network *n, const esp__c_step *s) {
  if (s->layer < 0 || n->op[s->layer].kind != ESP_OPERATION_CONV) return false;
  return n->quantised ? n->op[s->op].kind == ESP_OPERATION_REQUANTISE : s->over[1];
}

/* Logits of integers are floats, and go where the caller says. */
static bool has_value(const esp__network *n, int i) {
  return n->op[i].kind != ESP_OPERATION_FROM_INTEGERS;
}

static void list_regions(planner *a) {
  const esp__c_plan *p = a->plan;
  for (int k = 0; k < p->steps; k++) {
    esp__c_step *s = &p->step[k];
    const esp_shape shape = p->net->op[s->op].shape;
    if (!s->moves)
      a->region_of[s->op] = a->region_of[s->input[0]];
    else if (has_value(p->net, s->op))
      a->region_of[s->op] = choose_region(a, k);
    const size_t pixels = (size_t)(shape.height * shape.width);
    const tenant plane = {.size = pixels * esp__c_sum_numbers(p->net), .first = k, .last = k};
    if (needs_room(p->net, s)) s->room = (size_t)settle(a, -1, plane);
  }
}

/* ---- places ---- */

/* Whether two tenants, the first in a region at `at`, are in each other's way. */
static bool collide(const planner *p, const tenant *t, size_t at, const tenant *u) {
  const region *other = &p->region[u->region];
  return other->placed && t->first <= u->last && u->first <= t->last && at < other->at + u->size &&
         other->at < at + t->size;
}

/* The end of what is in the way of region a; 0 if nothing is. */
static size_t obstacle(const planner *p, int a) {
  for (int i = 0; i < p->tenants; i++) {
    const tenant *t = &p->tenant[i];
    for (int k = 0; t->region == a && k < p->tenants; k++) {
      const tenant *u = &p->tenant[k];
      if (collide(p, t, p->region[a].at, u)) return p->region[u->region].at + u->size;
    }
  }
  return 0;
}

/* The lowest place at which it meets none of those placed before. */
static void place(planner *p, int a) {
  region *r = &p->region[a];
  for (size_t end; (end = obstacle(p, a)) > 0;) r->at = end;
  r->placed = true;
  if (p->plan->numbers < r->at + r->size) p->plan->numbers = r->at + r->size;
}

/* The largest first. */
static void place_all(planner *a) {
  for (int left = a->regions; left > 0; left--) {
    int largest = -1;
    for (int i = 0; i < a->regions; i++)
      if (!a->region[i].placed && (largest < 0 || a->region[i].size > a->region[largest].size))
        largest = i;
    place(a, largest);
  }
  for (int i = 0; i < a->plan->net->ops; i++)
    if (a->region_of[i] >= 0) a->plan->place[i] = a->region[a->region_of[i]].at;
  for (int k = 0; k < a->plan->steps; k++)
    if (a->plan->step[k].room != SIZE_MAX)
      a->plan->step[k].room = a->region[a->plan->step[k].room].at;
}

/* ---- all of it ---- */

static void fill(planner *a) {
  list_steps(a->plan);
  for (int i = 0; i < a->plan->net->ops; i++) a->region_of[i] = -1;
  find_lives(a);
  list_regions(a);
  place_all(a);
}

esp_status esp__c_plan_make(esp__c_plan *p, const esp__network *n, esp_error *err) {
  const size_t ops = (size_t)n->ops;
  if (n->quantised) ESP_TRY(check_integers(n, err));
  *p = (esp__c_plan){
      .net = n, .step = calloc(ops, sizeof *p->step), .place = calloc(ops, sizeof *p->place)};
  planner a = {.plan = p,
               .region_of = calloc(ops, sizeof *a.region_of),
               .last_read = calloc(ops, sizeof *a.last_read),
               .same_as = calloc(ops, sizeof *a.same_as),
               .region = calloc(2 * ops, sizeof *a.region),
               .tenant = calloc(2 * ops, sizeof *a.tenant)};
  const bool there =
      p->step && p->place && a.region_of && a.last_read && a.same_as && a.region && a.tenant;
  if (there) fill(&a);
  free(a.region_of);
  free(a.last_read);
  free(a.same_as);
  free(a.region);
  free(a.tenant);
  if (there) return ESP_OK;
  esp__c_plan_free(p);
  return esp_fail(err, ESP_ERR_MEMORY, "out of memory for a plan");
}

void esp__c_plan_free(esp__c_plan *p) {
  free(p->step);
  free(p->place);
  *p = (esp__c_plan){0};
}
