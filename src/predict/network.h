/* Inside src/predict: from a network in the layer language to steps over planned memory.
 *
 *     operations.c   the layer language builds a list of operations
 *     fuse.c         operations that become one step
 *     places.c       how a value lies in memory, and where
 *     values.c       in which places each value is, while the network is lowered
 *     lower.c        each operation becomes a step: memory in, memory out
 *     dense.c, winograd.c, lists.c, depthwise.c    the convolutions and linear layers
 *     split.c        planes of every stride-th row and column, for lists
 *     fields.c       planes cut into fields, for lists
 *     chosen.c       convolutions between gates, which differ from image to image
 *     tokens.c       how long sequences are, and which of their tokens need not be made
 *     sequences.c, attention.c, recurrent.c        layers of sequences
 *     planes.c       all other operations
 *     fuse_integers.c, integers.c, integer_dense.c, integer_planes.c, bytes.c
 *                    the same of quantised networks
 *     choose.c       which layers run as lists of their nonzero weights, by stopwatch
 *     network.c      a network from a model in memory
 *     read.c         a network from a file
 *     predictor.c    running the steps
 *     sounds.c       from samples to features
 *     team.c         threads that do it together */
#ifndef ESP_PREDICT_NETWORK_H
#define ESP_PREDICT_NETWORK_H

#include "base/integer.h"
#include "predict/kernels/integer_kernels.h"
#include "predict/kernels/predict_kernels.h"

#include <espalier/model.h>
#include <espalier/predict.h>
#include <espalier/sound.h>

/* ---- operations ---- */

/* What a value holds. Sums of products and means of bytes are never stored: what reads them gives
 * them another scale. */
typedef enum esp__nature {
  ESP_FLOATS,
  ESP_SIGNED,   /* bytes from -127 to 127 */
  ESP_UNSIGNED, /* bytes from 0 to 127 */
  ESP_SUMS,
  ESP_POSITIVE_SUMS /* behind a ReLU, or of bytes that are not negative */
} esp__nature;
static inline bool esp__is_sums(esp__nature n) {
  return n == ESP_SUMS || n == ESP_POSITIVE_SUMS;
}

/* The operations of a network, in the order in which they run. Operation i makes value i. */
typedef struct esp__operations {
  esp_operation *item;
  esp__nature *nature; /* of their values */
  int count, capacity;
  int output; /* the value of the logits */
} esp__operations;

/* Makes the parameters and layers of the model that its text describes. */
esp_status esp__operations_describe(esp_model *model, esp_error *err);
/* Those of the model, with integers where it is quantised. To be freed in any case. */
esp_status esp__operations_list(esp__operations *ops, esp_model *model, esp_error *err);
void esp__operations_free(esp__operations *ops);
/* The one operation that reads value v; -1 where there are none or several, or v is the result. */
int esp__only_reader(const esp__operations *ops, int v);

/* A convolution or linear layer, with what is done before its sums are stored; or any other
 * operation. */
typedef struct esp__unit {
  int operation;
  int norm;     /* operation number of a batch norm that it does, or -1 */
  int rescale;  /* of what gives integers their scale, or -1 */
  int sum;      /* of what adds a residual to integers, or -1 */
  int residual; /* value that is added behind the norm or scale, or -1 */
  bool relu;    /* behind that */
  int gate;     /* at the end, or -1 */
  int out;      /* the value that it makes: that of the last operation it does */
} esp__unit;
/* [operations] of them, `count` in all, in order. */
void esp__units_of(const esp__operations *ops, esp__unit *unit, int *count);
/* The unit that makes integers, or the logits of them, by operation i; false where it is a part of
 * another's. */
bool esp__integer_unit_of(const esp__operations *ops, int i, esp__unit *unit);

/* ---- places ---- */

/* Numbers of `count` channels, filled up to whole blocks. */
static inline size_t esp__whole_blocks(int count) {
  return (size_t)esp__ceil_div(count, ESP_BLOCK) * ESP_BLOCK;
}

typedef enum esp__layout {
  ESP_BLOCKED, /* [channels / 16][row][column][16] */
  ESP_PLANAR,  /* [channels][row][column] */
  /* [channels][row of a field][column of a field][field]: a plane is cut into as many fields as a
   * vector has floats, so that the neighbours of a vector's pixels are a vector too */
  ESP_FIELDS
} esp__layout;

static inline bool esp__one_pixel(esp_shape s) {
  return s.height == 1 && s.width == 1;
}

/* A value as it lies in the memory of a predictor, in floats. A value of one pixel lies channel by
 * channel in both layouts, and is called blocked.
 *
 * Around each plane are zeros that nothing else is written to. In planes one gap of `halo` zeros
 * lies between rows, so that a stretch of pixels may run over the end of a row. Around fields are
 * the pixels of their neighbours, which whoever writes a plane puts there (fields.c). */
typedef struct esp__place {
  esp_shape shape;
  esp__layout layout;
  esp__extent field; /* of a plane in fields */
  int halo;
  int32_t row, plane;  /* from a row, or plane, to the next */
  size_t before, size; /* floats before the first pixel; in all */
  size_t first;        /* where the first pixel is */
  int born, dies;      /* steps that write it first and read it last */
} esp__place;

/* A place for so many zeros around the plane; its `first` is not known yet. */
esp__place esp__place_of(esp_shape shape, esp__layout layout, int halo);
/* The same for planes in fields. */
esp__place esp__place_in_fields(esp_shape shape, esp__extent field, int halo);
/* Planes, and values a pixel in each. */
static inline int esp__place_lanes(const esp__place *p) {
  return p->layout == ESP_BLOCKED ? ESP_BLOCK : 1;
}
static inline int esp__place_planes(const esp__place *p) {
  const int lanes = esp__place_lanes(p);
  return (p->shape.channels + lanes - 1) / lanes;
}
/* Floats from a pixel to the next of its row; in fields, of its field. */
static inline int esp__place_column(const esp__place *p) {
  if (p->layout != ESP_FIELDS) return esp__place_lanes(p);
  return p->shape.height / p->field.rows * (p->shape.width / p->field.width);
}
/* Floats from channel 0 to channel c. */
static inline int32_t esp__place_channel(const esp__place *p, int c) {
  const int lanes = esp__place_lanes(p);
  return c / lanes * p->plane + c % lanes;
}
/* A pixel of a plane; pixel number i in the order of fields: those of a vector, one of each field,
 * side by side. */
static inline esp_pair esp__field_pixel(const esp__place *p, int i) {
  const int fields = esp__place_column(p), across = p->shape.width / p->field.width,
            own = i % fields, at = i / fields;
  return (esp_pair){own / across * p->field.rows + at / p->field.width,
                    own % across * p->field.width + at % p->field.width};
}
/* Floats from the first pixel to another. */
static inline int32_t esp__place_pixel(const esp__place *p, int row, int column) {
  if (p->layout != ESP_FIELDS) return row * p->row + column * esp__place_lanes(p);
  const int across = p->shape.width / p->field.width;
  return row % p->field.rows * p->row + column % p->field.width * esp__place_column(p) +
         row / p->field.rows * across + column / p->field.width;
}
static inline esp__extents esp__place_extents(const esp__place *p) {
  return (esp__extents){esp__place_planes(p), p->shape.height, p->shape.width, esp__place_lanes(p)};
}

/* ---- steps ---- */

typedef struct esp__step esp__step;
typedef void esp__step_fn(const esp__predict_kernels *k, const esp__step *s, float *memory);

/* Reads places, writes a place. The scratch memory of all steps is one, of each part its own. */
struct esp__step {
  esp__step_fn *run;
  int x, more, y; /* places; -1 = none */
  const struct esp_network *network;
  const void *state; /* what the kind of step needs */
  int unit;          /* that it is part of */
  /* How many tokens the sequence at x has, NULL: it fills its plane; and whether only so many need
   * be made of y. */
  const struct esp__length *length;
  bool partly;
  bool shares;     /* runs in parts at the same time, each on a thread of its own */
  int part, parts; /* of a step that shares, while it runs; else 0 and 1 */
};

/* What a part does of `count` things: those from `first` on. */
typedef struct esp__share {
  int first, count;
} esp__share;
static inline esp__share esp__share_of(const esp__step *s, int count) {
  const int first = count * s->part / s->parts;
  return (esp__share){first, count * (s->part + 1) / s->parts - first};
}

/* Memory that lives as long as the network, in one list. What is large shares blocks. */
typedef struct esp__store {
  void **block;
  int count, capacity;
  size_t bytes;
  char *next; /* in the last block that is shared; `left` bytes are free there */
  size_t left;
} esp__store;
/* Zeroed, 64-byte aligned. */
esp_status esp__store_alloc(esp__store *s, size_t bytes, void *to, esp_error *err);
void esp__store_free(esp__store *s);

struct esp_network {
  const esp__predict_kernels *kernels;
  esp_shape input;
  int outputs, classes;
  float *mean, *deviation;  /* [input channels] */
  esp_target_scale targets; /* count 0: classes; without variances */
  char **class_name;
  esp_spectrum *spectrum; /* of sounds; else NULL */
  bool direct;            /* no Winograd */
  esp__store store;
  esp__step *step;
  int steps, steps_capacity;
  esp__place *place;
  int places, places_capacity;
  int in, out;                    /* places of image and logits */
  size_t scratch, scratch_floats; /* where it begins */
  size_t packed, packed_floats;   /* of weights that are packed for an image */
  int unit;                       /* that is being lowered, and what its steps have of these: */
  const struct esp__length *length;
  bool partly;
  size_t floats; /* of a predictor's memory */
};

static inline float *esp__at(const esp__step *s, int place, float *memory) {
  return memory + s->network->place[place].first;
}
static inline const esp__place *esp__place_at(const esp__step *s, int place) {
  return &s->network->place[place];
}
static inline float *esp__scratch(const esp__step *s, float *memory) {
  return memory + s->network->scratch + (size_t)s->part * s->network->floats;
}
/* Its planes, of whatever layout. */
static inline esp__planes esp__planes_at(const esp__step *s, int place, float *memory) {
  const esp__place *p = esp__place_at(s, place);
  return (esp__planes){esp__at(s, place, memory), (size_t)p->row, (size_t)p->plane};
}
void esp__scratch_at_least(esp_network *n, size_t floats);
/* Memory between one step and the next, of all parts. */
static inline float *esp__packed_memory(const esp__step *s, float *memory) {
  return memory + s->network->packed;
}

/* Appends a step, or a place. */
esp_status esp__step_add(esp_network *n, const esp__step *step, esp_error *err);
esp_status esp__place_add(esp_network *n, const esp__place *place, int *number, esp_error *err);
/* The step that is added next reads that place too. */
void esp__place_read(esp_network *n, int place);

/* ---- lowering ---- */

/* The groups of spots that a part does. */
static inline esp__spots esp__spots_shared(const esp__step *s, esp__spots all) {
  const esp__share own = esp__share_of(s, all.groups);
  all.group += own.first;
  all.groups = own.count;
  return all;
}

/* How a convolution or linear layer is computed. */
typedef enum esp__way {
  ESP_WAY_DENSE,
  ESP_WAY_WINOGRAD,
  ESP_WAY_DEPTHWISE,
  ESP_WAY_LISTS
} esp__way;

/* What a layer needs, ready to be laid out. */
typedef struct esp__layer_plan {
  const esp_operation *op;
  esp__finish finish;
  int x, y; /* places; the residual's is in the step */
  int more;
  int by, from; /* places of what chooses outputs, and chose the channels of x; -1: all there are */
} esp__layer_plan;
static inline bool esp__has_choice(const esp__layer_plan *l) {
  return l->by >= 0 || l->from >= 0;
}

/* The way that the arithmetic of eval prescribes: Winograd; or else any, of which this is the one
 * for all weights. */
esp__way esp__way_of(const esp_network *n, const esp_operation *op, esp_shape in);
/* Nonzero weights among all. */
double esp__density(const esp_param *weight);

/* Whether a layer runs as lists of its nonzero weights, and over which layout. With all its weights
 * a layer of integers can be in fields too, so that what lies beside it is not converted. */
typedef enum esp__listing {
  ESP_UNLISTED,
  ESP_LISTED,
  ESP_LISTED_IN_FIELDS,
  ESP_UNLISTED_IN_FIELDS
} esp__listing;
static inline bool esp__is_listed(esp__listing l) {
  return l == ESP_LISTED || l == ESP_LISTED_IN_FIELDS;
}
static inline bool esp__is_in_fields(esp__listing l) {
  return l == ESP_LISTED_IN_FIELDS || l == ESP_UNLISTED_IN_FIELDS;
}
/* Whether a unit may run so, and is worth a try. */
bool esp__may_list(const esp_network *n, const esp__operations *ops, const esp__unit *unit,
                   esp__listing how);
/* Makes the steps and places of all units, listing[u] of unit u. */
esp_status esp__lower(esp_network *n, const esp__operations *ops, const esp__unit *unit, int units,
                      const esp__listing *listing, esp_error *err);

/* The kernel of a layer from place x to place y, but for where they are and what follows the
 * sums. */
esp_status esp__dense_kernel_of(esp_network *n, const esp_operation *op, const esp__place *x,
                                const esp__place *y, esp__dense *kernel, esp_error *err);
esp_status esp__add_dense(esp_network *n, const esp__layer_plan *l, esp_error *err);
esp_status esp__add_winograd(esp_network *n, const esp__layer_plan *l, esp_error *err);
esp_status esp__add_depthwise(esp_network *n, const esp__layer_plan *l, esp_error *err);
/* x and y: both planar, or both in fields; of strided layers planes are split first. */
esp_status esp__add_lists(esp_network *n, const esp__layer_plan *l, esp_error *err);

/* ---- sequences (tokens.c, sequences.c, attention.c, recurrent.c) ---- */

/* A number that the network reads as a token: 0 is padding, 1 what the vocabulary does not have. */
int esp__token_of(float value, int vocabulary);
/* How long the sequences of a value are; NULL: they fill its plane. */
typedef struct esp__length esp__length;
esp_status esp__length_of(esp_network *n, const esp__operations *ops, int v,
                          const esp__length **length, esp_error *err);
/* While the network runs: the tokens of the sequence at x; those that a step makes of y. */
int esp__tokens_read(const esp__step *s, float *memory);
int esp__tokens_made(const esp__step *s, float *memory);
/* The planes of x, so far as a step that treats each pixel by itself goes over them. */
esp__extents esp__extents_made(const esp__step *s, float *memory);

/* Layers of sequences, and products. */
bool esp__is_of_sequences(const esp_operation *op);
esp_status esp__add_of_sequences(esp_network *n, const esp_operation *op, int x, int more, int y,
                                 esp_error *err);
/* These fill a step whose places are known. */
esp_status esp__plan_attention(esp_network *n, const esp_operation *op, esp__step *step,
                               esp_error *err);
esp_status esp__plan_recurrent(esp_network *n, const esp_operation *op, esp__step *step,
                               esp_error *err);

/* ---- fields (fields.c) ---- */

/* The fields of a plane; false where they would not all be alike. */
bool esp__field_of(const esp_network *n, esp_shape shape, esp__extent *field);
/* Whether a convolution finds all that its windows see in the fields of x, with so many zeros
 * around x and its output. */
bool esp__fits_fields(const esp_network *n, const esp_operation *op, esp_shape in, int halo_in,
                      int halo_out);
/* What brings the pixels of neighbours around the fields of a place. */
esp_status esp__fields_of(esp_network *n, const esp__place *p, esp__fields *f, esp_error *err);
/* The stretches that the fields of y are cut into. */
typedef struct esp__field_cut {
  esp__field_shape shape;
  const esp__stretch *stretch;
  int stretches;
} esp__field_cut;
esp_status esp__field_cut_of(esp_network *n, const esp_operation *op, const esp__place *x,
                             const esp__place *y, esp__field_cut *cut, esp_error *err);
/* The step by itself that does so for all planes. */
esp_status esp__add_field_fill(esp_network *n, int place, esp_error *err);
/* Windows of 2x2 side by side, from fields to fields, of floats or of words of bytes. */
esp_status esp__add_field_maxpool(esp_network *n, bool bytes, int x, int y, esp_error *err);
/* Between fields and another layout. */
esp_status esp__add_field_convert(esp_network *n, int x, int y, esp_error *err);

/* ---- chosen channels (chosen.c) ---- */

/* How the weights of a layer are packed for each image: those of the chosen outputs and channels,
 * with what follows the sums. Adds the step that does it. */
typedef struct esp__packing esp__packing;
esp_status esp__add_packing(esp_network *n, const esp__layer_plan *l, const esp__packing **packing,
                            esp_error *err);
/* What the step before made. */
typedef struct esp__packed {
  int channels, outputs;
  const float *weight; /* [channels][taps][row] */
  size_t row;
  esp__finish finish;
} esp__packed;
esp__packed esp__packed_of(const esp__packing *p, const esp__step *s, float *memory);
/* The chosen channels at place `from` become all at place `to`, the others 0; `more` is a place
 * with what is added to them, or -1. */
typedef struct esp__spread_plan {
  int from, by, more, to;
  bool relu;
} esp__spread_plan;
esp_status esp__add_spread(esp_network *n, const esp__spread_plan *plan, esp_error *err);

/* ---- integers (integer_dense.c, integer_planes.c, bytes.c) ---- */

/* A value of bytes lies in a planar place (blocked if it is one pixel) whose channels are words of
 * four, filled up to whole blocks of 16. */
static inline size_t esp__place_word(const esp__place *p) {
  return p->layout == ESP_BLOCKED ? 1 : (size_t)p->plane;
}

/* The factors of a sum of two bytes in halves of 16 bits, the lower ones from -2^15 on, and the
 * shift less 16: (a * own + b * other + 2^(t - 1)) >> t is
 *
 *     (a * own_upper + b * other_upper + ((a * own_lower + b * other_lower) >> 16) +
 *      2^(shift - 1)) >> shift
 *
 * Where they do not `fit`, the sum is made by itself. */
typedef struct esp__sum_halves {
  bool fit;
  int own_upper, own_lower, other_upper, other_lower, shift;
} esp__sum_halves;
esp__sum_halves esp__sum_halves_of(const esp_requantise_attr *attr);

/* A layer of integers, with the operation that gives its sums a scale, or makes logits of them. */
typedef struct esp__integer_plan {
  const esp_operation *op, *rescale, *sum; /* sum: NULL where nothing is added */
  bool positive;                           /* a ReLU comes before the new scale */
  bool relu;                               /* and one behind the sum */
  bool negative;                           /* x may be below 0 */
  int channels;                            /* of x */
  int x, more, y;                          /* places */
} esp__integer_plan;
esp_status esp__add_integer_dense(esp_network *n, const esp__integer_plan *l, esp_error *err);
/* x and y of these: more than one pixel, both in fields or neither. */
esp_status esp__add_integer_depthwise(esp_network *n, const esp__integer_plan *l, esp_error *err);
esp_status esp__add_integer_lists(esp_network *n, const esp__integer_plan *l, esp_error *err);

/* Any other operation that reads or makes bytes. */
typedef struct esp__bytes_plan {
  const esp_operation *op, *rescale; /* rescale: of means; or NULL */
  bool positive, relu;               /* as above */
  esp_shape in;                      /* of x */
  int x, more, y;
} esp__bytes_plan;
esp_status esp__add_bytes(esp_network *n, const esp__bytes_plan *b, esp_error *err);

/* Every operation that is no convolution or linear layer; `relu` behind a sum. */
esp_status esp__add_other(esp_network *n, const esp_operation *op, bool relu, int x, int more,
                          int y, esp_error *err);
/* The planes of place x split into those of every stride-th row and column. */
esp_status esp__add_split(esp_network *n, const esp_operation *op, int x, int *phases,
                          esp_error *err);
/* Where the first `channels` channels lie among them, and the taps of the window. */
esp_status esp__phase_window(esp_network *n, const esp_operation *op, const esp__place *x,
                             int channels, int32_t **channel, int32_t **tap, esp_error *err);
/* Cuts the pixels of planes into stretches, with the mask for what lies between. */
esp_status esp__stretches_of(esp_network *n, esp__lists *k, const esp__place *x,
                             const esp__place *y, esp_error *err);
/* The value in another layout. */
esp_status esp__add_convert(esp_network *n, int from, int to, esp_error *err);

/* Puts the places into memory: those that no step needs at the same time may share it. */
void esp__places_settle(esp_network *n);

/* Which pixels a layer computes together, in blocked places. */
esp_status esp__spots_of(esp_network *n, const esp__place *x, const esp__place *y, esp_pair stride,
                         esp__spots *spots, esp_error *err);
/* The same in groups of up to `most`, a power of two. */
esp_status esp__spots_up_to(esp_network *n, const esp__place *x, const esp__place *y,
                            esp_pair stride, int most, esp__spots *spots, esp_error *err);
/* The first `count` spots of planes of one row, in groups that go into `group`. */
esp__spots esp__spots_first(const esp__spots *all, int count, int most, esp__spot_group *group);
/* The blocks of outputs that are packed together: a power of two, no more than there are. */
int esp__dense_together_of(const esp_network *n, const esp__spots *spots, int blocks);
/* The blocks of the next pack where so many are left. */
int esp__dense_pack_blocks(int left, int together);
/* Where `count` channels lie, of every `apart`-th. */
esp_status esp__channels_of(esp_network *n, const esp__place *x, int count, int apart,
                            int32_t **channel, esp_error *err);
/* The rows and columns of a layer's window. */
static inline esp_pair esp__window_of(const esp_param *weight) {
  if (weight->rank < 4) return (esp_pair){1, 1};
  return (esp_pair){weight->shape[2], weight->shape[3]};
}
/* Where the taps of a window lie, [kernel rows * columns]. */
esp_status esp__taps_of(esp_network *n, const esp__place *x, const esp_operation *op, int32_t **tap,
                        esp_error *err);

/* Scale and shift of a batch norm with running statistics, filled up to whole blocks. */
esp_status esp__line_of(esp_network *n, const esp_operation *norm, const float **scale,
                        const float **shift, esp_error *err);
/* Makes the steps with the layers as lists for which that is measured to be faster. */
esp_status esp__lower_fastest(esp_network *n, const esp__operations *ops, esp_error *err);

/* ---- whole networks ---- */

/* How pixels are normalised, by channel. */
typedef struct esp__pixel_line {
  const float *mean, *deviation;
} esp__pixel_line;
/* A network of the model's operations; weights are copied. */
esp_status esp__network_of(esp_network **network, const esp_model *model,
                           const esp__operations *ops, const esp__pixel_line *line, esp_error *err);
/* The memory of a predictor, for each thread its own, all zero; to be freed. */
esp_status esp__memory_new(const esp_network *n, int threads, float **memory, esp_error *err);

#endif
