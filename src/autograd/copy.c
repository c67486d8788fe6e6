/* Channels of one tensor go to those of another. */
#include "autograd/node.h"

void esp__copy_channels(const esp_graph *g, esp__channels from, esp__channels to, int channels,
                        bool add) {
  const int planes = esp__graph_blocks(g) * channels;
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int i = 0; i < planes; i++) {
    const int block = i / channels, c = i % channels;
    g->kernels->copy(esp__extent_of(to.of), esp__rows_of(from.of, block, from.first + c),
                     esp__rows_of(to.of, block, to.first + c), add);
  }
}
