/* Low rank: layers in the place of one that together have fewer weights.
 *
 * A weight matrix of r large singular values is nearly a product of two of rank r. So a linear
 * layer becomes two; a convolution becomes one along rows and one along columns (Jaderberg et al.
 * 2014), or one between two of 1x1 (Tucker-2, Kim et al. 2016). A tensor train (Oseledets 2011;
 * Novikov et al. 2015) splits the numbers of inputs and outputs into factors and has a small layer
 * for each pair of them. What was pruned comes back as small values: the factors are dense, and can
 * be pruned again. */
#ifndef ESP_FACTORISE_H
#define ESP_FACTORISE_H

#include <espalier/linkage.h>
#include <espalier/model.h>

ESP_BEGIN_DECLS

/* How far ranks go down: one of the four counts, the others are 0. */
typedef struct esp_factorise_options {
  const char *method; /* a name, or "auto": layer by layer what needs the fewest multiply-adds, or
                         with a rank given, what keeps the most energy */
  double energy;      /* the share of each layer's sum of squares that stays, 0 to 1 */
  double parameters;  /* the share of the network's weights that stays, at most; above 0, below 1 */
  double macs;        /* of its multiply-adds, likewise */
  int rank;           /* of every layer, unless it has no more */
} esp_factorise_options;

/* What became of a layer. Nonzero weights count. */
typedef struct esp_factored_layer {
  char name[ESP_NAME_MAX];
  const char *method; /* NULL: it stays, no factors cost less */
  int layers;         /* that it became: 1 where it stays */
  int rank[2];        /* Tucker-2: in and out; three cores of a train; else one, and 0 */
  double energy;      /* the share of the sum of squares of its weights that the factors have */
  double weights[2], macs[2]; /* before and after; one image's */
} esp_factored_layer;

/* Names and one-line descriptions of the methods, by index; NULL after the last. */
const char *esp_factorise_name(size_t i);
const char *esp_factorise_help(size_t i);

/* What esp_factorise refuses whatever the weights: options that are none, and gates. */
esp_status esp_factorise_check(const esp_model *model, const esp_factorise_options *options,
                               esp_error *err);

/* A new model in *factored whose layers are factors of those of `model`, with the same other
 * parameters. A layer stays where its factors would have as many multiply-adds or weights as it has
 * weights that are not 0, and where it has groups. row[model->layers] says what became of each.
 * Refused: gates, which go by the layer ahead of them; options that leave every layer; a budget
 * that ranks of 1 do not meet. */
esp_status esp_factorise(const esp_model *model, const esp_factorise_options *options,
                         esp_model **factored, esp_factored_layer *row, esp_error *err);

ESP_END_DECLS

#endif
