/* Building, planning and running a graph. */
#include "autograd/node.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { HUGE_PAGE = 2 << 20 };

static esp_status no_memory(esp_error *err, size_t bytes) {
  return esp_fail(err, ESP_ERR_MEMORY,
                  "out of memory: cannot get %zu MiB for the network; try a smaller batch",
                  bytes >> 20);
}

/* Makes room for one more pointer in a list. */
static esp_status grow(void *list, int count, int *capacity, esp_error *err) {
  if (count < *capacity) return ESP_OK;
  void **old, **more;
  memcpy(&old, list, sizeof old);
  int wanted = *capacity ? 2 * *capacity : 32;
  if (!(more = realloc(old, (size_t)wanted * sizeof *more))) return no_memory(err, 0);
  memcpy(list, &more, sizeof more);
  *capacity = wanted;
  return ESP_OK;
}

esp_status esp__graph_alloc(esp_graph *g, size_t bytes, void *to, esp_error *err) {
  ESP_TRY(grow(&g->memory, g->blocks_of_memory, &g->memory_capacity, err));
  ESP_TRY(grow(&g->memory_end, g->blocks_of_memory, &g->end_capacity, err));
  size_t align = bytes >= HUGE_PAGE ? HUGE_PAGE : 64, size = (bytes + align) / align * align;
  void *p = aligned_alloc(align, size);
  if (!p) return no_memory(err, bytes);
#ifdef MADV_HUGEPAGE
  if (align == HUGE_PAGE) madvise(p, size, MADV_HUGEPAGE); /* only advice */
#endif
  memset(p, 0, size);
  g->memory_end[g->blocks_of_memory] = (char *)p + size;
  g->memory[g->blocks_of_memory++] = p;
  g->bytes += size;
  memcpy(to, &p, sizeof p);
  return ESP_OK;
}

esp_status esp_graph_new(esp_graph **graph, int batch, bool gradients, esp_error *err) {
  if (batch < 1 || batch > 65536)
    return esp_fail(err, ESP_ERR_INPUT, "batch = %d: expected 1 to 65536 images", batch);
  esp_graph *g = calloc(1, sizeof *g);
  if (!g) return no_memory(err, sizeof *g);
  g->kernels = esp__kernels_active();
  g->batch = batch;
  g->gradients = gradients;
  g->threads = omp_get_max_threads();
  *graph = g;
  return ESP_OK;
}

void esp_graph_free(esp_graph *g) {
  if (!g) return;
  for (int i = 0; i < g->nodes; i++) free(g->node[i]);
  for (int i = 0; i < g->blocks_of_memory; i++) free(g->memory[i]);
  free(g->node);
  free(g->memory);
  free(g->memory_end);
  free(g);
}

static esp_tensor tensor_of(const esp_graph *g, esp_shape s) {
  return (esp_tensor){.blocks = esp_blocks_for(g->batch),
                      .channels = s.channels,
                      .height = s.height,
                      .width = s.width};
}

esp_status esp__node_add(esp_graph *g, const esp__op *op, esp_value *a, esp_value *b,
                         esp_shape shape, esp__node **node, esp_error *err) {
  if (g->planned) return esp_fail(err, ESP_ERR_INPUT, "%s: the graph is planned already", op->name);
  const double floats = (double)shape.channels * shape.height * shape.width * ESP_LANES;
  if (shape.channels < 1 || shape.height < 1 || shape.width < 1 || floats > 1 << 28)
    return esp_fail(
        err, ESP_ERR_INPUT,
        "%s: its output would be %dx%dx%d; expected at least 1x1x1 and at most 16M values",
        op->name, shape.channels, shape.height, shape.width);
  ESP_TRY(grow(&g->node, g->nodes, &g->capacity, err));
  esp__node *n = calloc(1, sizeof *n);
  if (!n) return no_memory(err, sizeof *n);
  n->op = op;
  n->in[0] = a;
  n->in[1] = b;
  n->inputs = b ? 2 : a ? 1 : 0;
  n->index = g->nodes;
  n->out.data = n->out.grad = tensor_of(g, shape);
  n->out.needs_grad = (a && a->needs_grad) || (b && b->needs_grad);
  g->node[g->nodes++] = n;
  *node = n;
  return ESP_OK;
}

/* ---- planning ---- */

/* Memory of one geometry that several values use one after the other. The halo stays valid because
 * all users have the same. */
typedef struct slot {
  esp_tensor shape;
  bool free;
} slot;

typedef struct slots {
  slot *item;
  int count;
} slots;

static bool same_geometry(const esp_tensor *a, const esp_tensor *b) {
  return a->channels == b->channels && a->height == b->height && a->width == b->width &&
         a->halo == b->halo;
}

static esp_status take(esp_graph *g, slots *s, esp_tensor *t, esp_error *err) {
  for (int i = 0; i < s->count; i++)
    if (s->item[i].free && same_geometry(&s->item[i].shape, t)) {
      s->item[i].free = false;
      t->data = s->item[i].shape.data;
      return ESP_OK;
    }
  ESP_TRY(esp__graph_alloc(g, esp_tensor_floats(t) * sizeof(float), &t->data, err));
  s->item[s->count++] = (slot){*t, false};
  return ESP_OK;
}

static void give(slots *s, const esp_tensor *t) {
  for (int i = 0; i < s->count; i++)
    if (s->item[i].shape.data == t->data) s->item[i].free = true;
}

/* Index of the last node that reads the value; the output of the graph is read at the very end. */
static int last_reader(const esp_graph *g, const esp_value *v) {
  int last = v == g->logits ? g->nodes : 0;
  for (int i = 0; i < g->nodes; i++)
    for (int k = 0; k < g->node[i]->inputs; k++)
      if (g->node[i]->in[k] == v && i > last) last = i;
  return last;
}

/* Training keeps every activation for the backward pass; inference lets go of one after its last
 * reader. */
static esp_status plan_data(esp_graph *g, slots *s, esp_error *err) {
  for (int i = 0; i < g->nodes; i++) {
    esp__node *n = g->node[i];
    esp_tensor *y = &esp__output_of(n)->data;
    if (!y->data) ESP_TRY(take(g, s, y, err));
    if (g->gradients) continue;
    for (int k = 0; k < n->inputs; k++)
      if (last_reader(g, n->in[k]) == i) give(s, &n->in[k]->data);
  }
  return ESP_OK;
}

/* Where an operation works in place both gradients must have one geometry. */
static void align_in_place(esp_graph *g) {
  for (int i = g->nodes - 1; i >= 0; i--) {
    esp__node *n = g->node[i];
    if (!n->op->in_place) continue;
    esp__halo_at_least(&n->out.grad, n->in[0]->grad.halo);
    esp__halo_at_least(&n->in[0]->grad, n->out.grad.halo);
  }
}

/* Memory for the gradient of in[k]: that of the output's gradient, if it can be. */
static esp_status take_gradient(esp_graph *g, slots *s, esp__node *n, int k, esp_error *err) {
  esp_tensor *to = &n->in[k]->grad, *from = &n->out.grad;
  if (k > 0 || !n->op->in_place || !same_geometry(to, from)) return take(g, s, to, err);
  to->data = from->data;
  return ESP_OK;
}

/* Walks the backward pass: a gradient begins at its first writer and ends when its own node has
 * run. */
static esp_status plan_gradients(esp_graph *g, slots *s, esp_error *err) {
  if (g->logits && g->logits->needs_grad) ESP_TRY(take(g, s, &g->logits->grad, err));
  for (int i = g->nodes - 1; i >= 0; i--) {
    esp__node *n = g->node[i];
    if (!n->out.grad.data) continue;
    for (int k = 0; k < n->inputs; k++) {
      n->add[k] = n->in[k]->grad.data != NULL;
      if (n->in[k]->needs_grad && !n->add[k]) ESP_TRY(take_gradient(g, s, n, k, err));
    }
    if (!n->in[0] || n->in[0]->grad.data != n->out.grad.data) give(s, &n->out.grad);
  }
  return ESP_OK;
}

void esp__graph_reserve_scratch(esp_graph *g, size_t scratch_bytes, size_t workspace_bytes) {
  if (scratch_bytes > g->scratch_bytes) g->scratch_bytes = (scratch_bytes + 63) / 64 * 64;
  if (workspace_bytes > g->workspace_bytes) g->workspace_bytes = workspace_bytes;
}

void *esp__graph_scratch(const esp_graph *g) {
  return g->scratch + (size_t)omp_get_thread_num() * g->scratch_bytes;
}

static esp_status plan_nodes(esp_graph *g, esp_error *err) {
  for (int i = 0; i < g->nodes; i++)
    if (g->node[i]->op->plan) ESP_TRY(g->node[i]->op->plan(g, g->node[i], err));
  ESP_TRY(esp__graph_alloc(g, (size_t)g->threads * g->scratch_bytes, &g->scratch, err));
  return esp__graph_alloc(g, g->workspace_bytes, &g->workspace, err);
}

esp_status esp_graph_plan(esp_graph *g, esp_error *err) {
  slots data = {calloc((size_t)g->nodes + 1, sizeof(slot)), 0},
        gradients = {calloc((size_t)g->nodes + 1, sizeof(slot)), 0};
  esp_status status = data.item && gradients.item ? ESP_OK : no_memory(err, 0);
  if (!g->gradients) esp__batchnorm_fuse(g);
  if (status == ESP_OK) status = plan_data(g, &data, err);
  if (g->gradients) align_in_place(g);
  if (status == ESP_OK && g->gradients) status = plan_gradients(g, &gradients, err);
  free(data.item);
  free(gradients.item);
  g->tensors = g->blocks_of_memory;
  if (status == ESP_OK) status = plan_nodes(g, err);
  g->planned = status == ESP_OK;
  return status;
}

/* Whole pages of private memory come back as zeros, which is what they held when they were made.
 * Large blocks begin and end with a huge page, so that all of them goes; small ones do not
 * matter. */
void esp_graph_release_activations(esp_graph *g) {
#ifdef __linux__
  for (int i = 0; i < g->tensors; i++) {
    const size_t size = (size_t)((char *)g->memory_end[i] - (char *)g->memory[i]);
    if (size >= HUGE_PAGE) madvise(g->memory[i], size, MADV_DONTNEED);
  }
#else
  (void)g; /* elsewhere the same call keeps what is in them */
#endif
}

/* ---- running ---- */

esp_outcome esp_graph_forward(esp_graph *g, const esp_batch *batch, esp_pass pass) {
  g->current = batch;
  g->pass = pass;
  g->outcome = (esp_outcome){0, batch->count};
  esp__profile_start(g);
  esp__macs_count_start(g);
  for (int i = 0; i < g->nodes; i++) {
    g->node[i]->op->forward(g, g->node[i]);
    esp__macs_count_layer(g, g->node[i]);
    esp__profile_lap(g, i, ESP_FORWARD);
  }
  if (g->logits && (batch->labels || (g->imitates && pass.training))) esp__loss_run(g);
  esp__profile_lap(g, g->nodes, ESP_FORWARD);
  return g->outcome;
}

void esp_graph_backward(esp_graph *g) {
  esp__profile_start(g);
  for (int i = g->nodes - 1; i >= 0; i--) {
    if (g->node[i]->out.grad.data && g->node[i]->op->backward)
      g->node[i]->op->backward(g, g->node[i]);
    esp__profile_lap(g, i, ESP_BACKWARD_DATA);
  }
}

void esp_graph_backward_sum(esp_graph *g, float factor) {
  const esp_tensor *dx = &g->logits->grad;
  for (int block = 0; block < esp__graph_blocks(g); block++)
    for (int i = 0; i < dx->channels * ESP_LANES; i++)
      esp_plane(dx, block, 0)[i] =
          i % ESP_LANES < esp_lanes_valid(esp__graph_images(g), block) ? factor : 0.0f;
  esp_graph_backward(g);
}

void esp_graph_sparse(esp_graph *g, esp_sparse_mode mode) {
  g->sparse = mode;
}

void esp_graph_disable_winograd(esp_graph *g, bool on) {
  g->direct = on;
}

/* ---- looking ---- */

esp_shape esp_value_shape(const esp_value *v) {
  return esp__shape_of(&v->data);
}

esp_value *esp_graph_output(const esp_graph *g) {
  if (g->logits) return g->logits;
  return g->nodes ? &g->node[g->nodes - 1]->out : NULL;
}

float esp_value_at(const esp_value *v, int image, int c, int row, int column) {
  const float *plane = esp_plane(&v->data, image / ESP_LANES, c);
  return plane[(size_t)row * esp_row_stride(&v->data) + (size_t)column * ESP_LANES +
               (size_t)(image % ESP_LANES)];
}

int esp_graph_operations(const esp_graph *g) {
  return g->nodes;
}

static int number_of(const esp_value *v) {
  return v ? ((const esp__node *)((const char *)v - offsetof(esp__node, out)))->index : -1;
}

esp_operation esp_graph_operation(const esp_graph *g, int i) {
  const esp__node *n = g->node[i];
  esp_operation o = {
      .flow = n->op->flow,
      .input = {number_of(n->in[0]), number_of(n->in[1])},
      .shape = esp__shape_of(&n->out.data),
      .groups = 1,
      .ranks = n->op->ranks,
      .keeps_zero = !n->param[0] && !(n->op->activates && n->attr.activation == ESP_ACT_SIGMOID)};
  for (int k = 0; k < ESP_NODE_PARAMS; k++) o.param[k] = n->param[k];
  if (o.flow == ESP_FLOW_MIX) o.groups = n->attr.conv.groups;
  return o;
}

double esp_graph_macs(const esp_graph *g, bool effective) {
  double macs = 0;
  for (int i = 0; i < g->nodes; i++) {
    const esp_param *w = g->node[i]->param[0];
    if (!w || !esp_param_prunable(w)) continue;
    const esp_tensor *y = &g->node[i]->out.data;
    macs += (double)(effective ? esp_param_kept(w) : w->count) * y->height * y->width;
  }
  return macs;
}

size_t esp_graph_bytes(const esp_graph *g) {
  return g->bytes;
}
