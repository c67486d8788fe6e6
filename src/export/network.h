/* The network as the exporters see it: its operations, who reads them, and what they are called. */
#ifndef ESP_EXPORT_NETWORK_H
#define ESP_EXPORT_NETWORK_H

#include <espalier/export.h>

enum { ESP_EXPORT_NAME_MAX = ESP_NAME_MAX + 16 };

typedef struct esp__network {
  const esp_export_source *source;
  esp_graph *graph;  /* for one image */
  esp_operation *op; /* in the order in which they run; the last makes the logits */
  int *readers;      /* [ops] operations that read it, and the end of the network */
  int ops;
  bool by_winograd; /* espalier eval runs a layer of it by Winograd, so its last bits differ */
  bool quantised;   /* it was trained, or is computed, with integers */
} esp__network;

/* How a network that is quantised is read: as the integers that `espalier eval` computes with, or
 * as floats that are rounded. Of others both are the network as it is. */
typedef enum esp__network_form { ESP_NETWORK_INTEGERS, ESP_NETWORK_ROUNDED } esp__network_form;

/* Reads the network of `s`. Errors: a value of a parameter or of the normalisation that is no
 * finite number, an activation from outside the tree; `format` says what cannot express that. On
 * failure *n needs no freeing. */
esp_status esp__network_read(esp__network *n, const esp_export_source *s, esp__network_form form,
                             const char *format, esp_error *err);
void esp__network_free(esp__network *n);

/* The name of operation `i`: that of its layer, or kind and number. */
void esp__network_name(const esp__network *n, int i, char name[ESP_EXPORT_NAME_MAX]);

/* The batch norm that alone reads convolution or linear layer `i`; -1 if there is none. */
int esp__network_batchnorm_behind(const esp__network *n, int i);
/* Whether batch norm `i` is done by the layer it reads. */
bool esp__network_is_folded(const esp__network *n, int i);
/* What batch norm `o` does to channel c: x * line[0] + line[1]. */
void esp__network_line(const esp_operation *o, int c, double line[2]);

/* In a network of integers: the convolution, linear layer or mean whose sums operation `i` makes, a
 * ReLU behind it included; -1: it makes something else. */
int esp__network_sums(const esp__network *n, int i);

static inline size_t esp__network_values(esp_shape s) {
  return (size_t)s.channels * (size_t)s.height * (size_t)s.width;
}

#endif
