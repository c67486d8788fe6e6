/* A parameter: a weight tensor the optimiser moves, or a running statistic it does not.
 *
 * Weights are stored in the field's order: convolution (out, in / groups, kh, kw), linear (out,
 * in). */
#ifndef ESP_PARAM_H
#define ESP_PARAM_H

#include <espalier/linkage.h>
#include <espalier/mask.h>
#include <espalier/status.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

ESP_BEGIN_DECLS

typedef enum esp_role {
  ESP_ROLE_CONV_WEIGHT,   /* prunable, decays */
  ESP_ROLE_LINEAR_WEIGHT, /* prunable, decays */
  ESP_ROLE_EMBEDDING,     /* prunable, decays: (tokens, channels) */
  ESP_ROLE_BIAS,
  ESP_ROLE_BN_SCALE, /* gamma */
  ESP_ROLE_BN_SHIFT, /* beta */
  ESP_ROLE_RUNNING   /* running mean or variance: no gradient */
} esp_role;

enum { ESP_NAME_MAX = 96, ESP_RANK_MAX = 4 };

typedef struct esp_param esp_param;
struct esp_param {
  char name[ESP_NAME_MAX]; /* "layer1.0.conv1.weight", unique in the model */
  esp_role role;
  int rank;
  int shape[ESP_RANK_MAX];
  size_t count;    /* product of shape */
  int positions;   /* output pixels one image uses each weight at; MACs = count * positions */
  float *value;    /* [count] */
  float *grad;     /* [count], NULL for ESP_ROLE_RUNNING, unless it is a scale that is learned */
  float *momentum; /* [count], like grad: the mean of the gradients, as the optimiser makes it */
  float *second_moment; /* [count] mean of their squares, or NULL: the optimiser keeps none */
  float *shadow;        /* [count] dense weights behind the mask, or NULL (see prune.h) */
  bool reparametrised;  /* the pruner makes the value from the shadow, and its decay */
  float *movement; /* [count] sum of -weight * gradient over all steps, or NULL (see prune.h) */
  float *average;  /* [count] moving average of the values, or NULL */
  uint8_t *shared; /* [count] which of its few values each weight has: weights of one number
                          keep one value (see compress.h); or NULL: every weight has its own */
  /* Of a layer whose weights are integers times a step. */
  const esp_param *step; /* [shape[0]] one for each output; NULL: they are no integers */
  int levels;            /* the largest integer */
  float *fine;           /* [count] what the optimiser moves, and rounds; or NULL */
  const esp_mask *mask;  /* borrowed from the pruner, NULL = dense */
};

static inline bool esp_param_trains(const esp_param *p) {
  return p->role != ESP_ROLE_RUNNING;
}
static inline bool esp_param_prunable(const esp_param *p) {
  return p->role == ESP_ROLE_CONV_WEIGHT || p->role == ESP_ROLE_LINEAR_WEIGHT ||
         p->role == ESP_ROLE_EMBEDDING;
}
/* Whether the optimiser moves it: it trains, or is a scale that is learned. */
static inline bool esp_param_moves(const esp_param *p) {
  return p->grad != NULL;
}
/* What the optimiser keeps of weight i becomes 0. */
static inline void esp_param_forget(esp_param *p, size_t i) {
  p->momentum[i] = 0.0f;
  if (p->second_moment) p->second_moment[i] = 0.0f;
}
/* The same of all weights; nothing where the optimiser moves none. */
void esp_param_forget_all(esp_param *p);
/* Whether the optimiser keeps nothing of weight i. */
static inline bool esp_param_forgotten(const esp_param *p, size_t i) {
  return p->momentum[i] == 0.0f && (!p->second_moment || p->second_moment[i] == 0.0f);
}
/* Lets the optimiser move a parameter that does not train, with a momentum of 0. */
esp_status esp_param_learn(esp_param *p, esp_error *err);
/* Weights that are not zeroed by a mask. */
static inline size_t esp_param_kept(const esp_param *p) {
  return p->mask ? p->mask->kept : p->count;
}

/* Values that are not 0, of the moving average where there is one: what a file of them has, masked
 * or not. */
size_t esp_param_nonzero(const esp_param *p);

/* The parameters of a model in the order of its file. Owns them. */
typedef struct esp_params {
  esp_param **item; /* each at an address that stays */
  int count, capacity;
  int64_t updates; /* steps of the optimiser since momentum was 0 everywhere */
} esp_params;

/* Appends a parameter with zeroed value (and gradient and momentum, unless RUNNING), all 64-byte
 * aligned. `shape` has `rank` numbers >= 1. Fails on a name that exists. */
esp_status esp_params_add(esp_params *ps, const char *name, esp_role role, int rank,
                          const int *shape, esp_param **param, esp_error *err);
/* The parameter of that name, or NULL. */
esp_param *esp_params_find(const esp_params *ps, const char *name);
/* Gives every training parameter a moving average, a copy of its value. */
esp_status esp_params_average(esp_params *ps, esp_error *err);
/* Gives every parameter that the optimiser moves a second moment, of 0 where it is new. */
esp_status esp_params_second_moments(esp_params *ps, esp_error *err);
/* Exchanges values and moving averages, where there are any (evaluate with the average, then swap
 * back). */
void esp_params_swap_average(esp_params *ps);
/* All moments become 0, and the count of updates with them. */
void esp_params_clear_momentum(esp_params *ps);
/* The first parameter with a value that is not a finite number; NULL when there is none. */
const esp_param *esp_params_infinite(const esp_params *ps);
/* SHA-256 over all values in file order, as little-endian fp32; 64 hex digits and a NUL. */
void esp_params_sha256(const esp_params *ps, char hex[65]);
void esp_params_free(esp_params *ps);

ESP_END_DECLS

#endif
