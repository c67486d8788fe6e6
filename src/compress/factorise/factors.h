/* Inside src/compress/factorise: a layer, and the ways to put factors in its place.
 *
 *     analysis.c   directions and energies, whatever the way
 *     matrix.c     weights as a matrix, and two factors of one
 *     svd.c        two factors: of linear layers and 1x1 convolutions; of rows and columns
 *     tucker.c     three factors of a convolution
 *     train.c      two or three factors of a linear layer: a tensor train
 *     ranks.c      which way, and which ranks, for each layer
 *     rebuild.c    the network with the factors in it */
#ifndef ESP_COMPRESS_FACTORISE_FACTORS_H
#define ESP_COMPRESS_FACTORISE_FACTORS_H

#include <espalier/factorise.h>

#include <stdio.h>

enum { ESP_SIDES = 2 };

/* A layer and where it stands. A linear layer is a 1x1 convolution of one pixel. */
typedef struct esp__factor_layer {
  const esp_layer *layer;
  esp_conv_attr attr;
  esp_shape in, out;
  int rows, columns; /* of the kernel */
  bool linear;
} esp__factor_layer;

/* What a way knows of a layer: for each side that it cuts (one or two), how much of the sum of
 * squares each direction has, the most first, and the directions themselves. */
typedef struct esp__factor_analysis {
  int count[ESP_SIDES];         /* directions; 0: there is no such side */
  double *energy[ESP_SIDES];    /* [count] */
  double *direction[ESP_SIDES]; /* [count][count], one a row, of length 1 */
} esp__factor_analysis;

typedef struct esp__factor_cost {
  double weights, macs; /* one image's */
} esp__factor_cost;

typedef struct esp__factor_method {
  const char *name, *help;
  bool (*fits)(const esp__factor_layer *l);
  /* Fills the analysis, whose arrays are new. */
  esp_status (*analyse)(const esp__factor_layer *l, esp__factor_analysis *a, esp_error *err);
  /* Of the factors with those ranks, without bias. */
  esp__factor_cost (*cost)(const esp__factor_layer *l, const int *rank);
  int (*layers)(const esp__factor_layer *l); /* that it makes */
  /* Their lines. The last layer has the bias that the text `bias` asks for, the others none. */
  void (*write)(const esp__factor_layer *l, const int *rank, const char *bias, FILE *out);
  /* The weights of the layers made[layers]. */
  esp_status (*fill)(const esp__factor_layer *l, const esp__factor_analysis *a, const int *rank,
                     const esp_layer *made, esp_error *err);
} esp__factor_method;

extern const esp__factor_method esp__factor_svd, esp__factor_spatial, esp__factor_tucker,
    esp__factor_train;
/* All of them; NULL after the last. */
extern const esp__factor_method *const esp__factor_methods[];

/* A layer's way: the method (NULL: it stays), with its ranks and what it goes by. */
typedef struct esp__factor_choice {
  const esp__factor_method *method;
  int rank[ESP_SIDES];
  esp__factor_analysis analysis;
} esp__factor_choice;

/* The weights of a layer that are not 0, and the multiply-adds with them. */
esp__factor_cost esp__factor_layer_cost(const esp__factor_layer *l);
/* ---- analysis.c ---- */

/* The sum of squares along the directions of a side, from `first` on. */
double esp__factor_energy(const esp__factor_analysis *a, int side, int first);
/* The share of the sum of squares that directions up to those ranks hold, at least. */
double esp__factor_kept(const esp__factor_analysis *a, const int *rank);
void esp__factor_analysis_free(esp__factor_analysis *a);
/* The directions of one side: gram[n][n], the sums of products of the unfolded weights, becomes
 * them. Owns gram, on failure too. */
esp_status esp__factor_side(esp__factor_analysis *a, int side, double *gram, int n, esp_error *err);

/* choice[n] for layers[n], by the options. */
esp_status esp__factor_choose(const esp__factor_layer *layers, int n,
                              const esp_factorise_options *o, esp__factor_choice *choice,
                              esp_error *err);
/* The network with the chosen factors. layers[n] are those of the model, in its order. */
esp_status esp__factor_rebuild(const esp_model *model, const esp__factor_layer *layers,
                               const esp__factor_choice *choice, esp_model **factored,
                               esp_error *err);

#endif
