/* A graph: its memory, and how nodes come into it. */
#include "autograd/node.h"
#include "base/memory.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

esp_status esp__graph_no_memory(esp_error *err, size_t bytes) {
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
  if (!(more = realloc(old, (size_t)wanted * sizeof *more))) return esp__graph_no_memory(err, 0);
  memcpy(list, &more, sizeof more);
  *capacity = wanted;
  return ESP_OK;
}

esp_status esp__graph_alloc(esp_graph *g, size_t bytes, void *to, esp_error *err) {
  ESP_TRY(grow(&g->memory, g->blocks_of_memory, &g->memory_capacity, err));
  ESP_TRY(grow(&g->memory_end, g->blocks_of_memory, &g->end_capacity, err));
  const size_t size = esp__memory_rounded(bytes + 1),
               left = g->bytes < g->available ? g->available - g->bytes : 0;
  void *p = size <= left ? esp__memory_zeroed(size) : NULL;
  if (!p) return esp__graph_no_memory(err, bytes);
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
  if (!g) return esp__graph_no_memory(err, sizeof *g);
  g->kernels = esp__kernels_active();
  g->batch = batch;
  g->shares.split = esp__split_of(NULL, batch, 1);
  g->gradients = gradients;
  g->available = esp__memory_available();
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
  if (a && a->vocabulary && op->kind != ESP_OPERATION_EMBEDDING)
    return esp_fail(err, ESP_ERR_INPUT,
                    "%s: what it reads are tokens, not numbers; expected 'embedding' as the first "
                    "layer of a text",
                    op->name);
  const double floats = (double)shape.channels * shape.height * shape.width * ESP_LANES;
  if (shape.channels < 1 || shape.height < 1 || shape.width < 1 || floats > 1 << 28)
    return esp_fail(
        err, ESP_ERR_INPUT,
        "%s: its output would be %dx%dx%d; expected at least 1x1x1 and at most 16M values",
        op->name, shape.channels, shape.height, shape.width);
  ESP_TRY(grow(&g->node, g->nodes, &g->capacity, err));
  esp__node *n = calloc(1, sizeof *n);
  if (!n) return esp__graph_no_memory(err, sizeof *n);
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

esp__readers esp__readers_of(const esp_graph *g, const esp_value *v) {
  esp__readers r = {.count = v == g->logits};
  for (int i = 0; i < g->nodes; i++)
    for (int k = 0; k < g->node[i]->inputs; k++)
      if (g->node[i]->in[k] == v) {
        r.last = g->node[i];
        r.count++;
      }
  return r;
}

/* ---- memory that nodes share while they run ---- */

void esp__graph_reserve_scratch(esp_graph *g, size_t scratch_bytes, size_t workspace_bytes) {
  if (scratch_bytes > g->scratch_bytes) g->scratch_bytes = (scratch_bytes + 63) / 64 * 64;
  if (workspace_bytes > g->workspace_bytes) g->workspace_bytes = workspace_bytes;
}

void *esp__graph_scratch(const esp_graph *g) {
  return g->scratch + (size_t)omp_get_thread_num() * g->scratch_bytes;
}

/* ---- what is asked of it ---- */

void esp_graph_sparse(esp_graph *g, esp_sparse_mode mode) {
  g->sparse = mode;
}

void esp_graph_before(esp_graph *g, void (*fill)(void *with), void *with) {
  g->before = fill;
  g->before_with = with;
}

void esp_graph_disable_winograd(esp_graph *g, bool on) {
  g->direct = on;
}

/* Whole pages of private memory come back as zeros, which is what they held when they were made.
 * Large blocks begin and end with a huge page, so that all of them goes; small ones do not
 * matter. */
void esp_graph_release_activations(esp_graph *g) {
#ifdef __linux__
  for (int i = 0; i < g->tensors; i++) {
    const size_t size = (size_t)((char *)g->memory_end[i] - (char *)g->memory[i]);
    if (size >= ESP_HUGE_PAGE) madvise(g->memory[i], size, MADV_DONTNEED);
  }
#else
  (void)g; /* elsewhere the same call keeps what is in them */
#endif
}

size_t esp_graph_bytes(const esp_graph *g) {
  return g->bytes;
}
