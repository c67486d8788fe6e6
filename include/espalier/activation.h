/* The pointwise non-linearities: those that are built in, and others that a program brings. */
#ifndef ESP_ACTIVATION_H
#define ESP_ACTIVATION_H

#include <espalier/status.h>

#include <stdbool.h>
#include <stddef.h>

#include <espalier/linkage.h>

ESP_BEGIN_DECLS

typedef enum esp_activation {
  ESP_ACT_RELU,
  ESP_ACT_LEAKY_RELU, /* slope 0.01 below zero */
  ESP_ACT_TANH,
  ESP_ACT_SIGMOID,
  ESP_ACT_RELU6, /* what is between 0 and 6 */
  ESP_ACT_GELU,  /* the tanh form of Hendrycks & Gimpel 2016 */
  ESP_ACTIVATIONS
} esp_activation;

/* Whether f(0) = 0. */
static inline bool esp_activation_keeps_zero(esp_activation a) {
  return a != ESP_ACT_SIGMOID;
}

enum { ESP_ACTIVATION_KINDS_MAX = 32, ESP_ACTIVATION_NAME_MAX = 32 };

/* An activation from outside the tree. */
typedef struct esp_activation_kind {
  const char *name; /* its keyword in the layer language: a letter, then letters, digits and '_' */
  const char *help; /* one line, for `espalier list layers` */
  float (*f)(float x);              /* y = f(x), finite where x is */
  float (*slope)(float x, float y); /* f'(x), from x and y = f(x) */
  bool keeps_zero; /* f(0) = 0: a channel of zeros stays one, so that shrinking may leave it out */
} esp_activation_kind;

/* Makes the activation a layer of the layer language. It trains, evaluates and shrinks as the
 * built-in ones do; a graph runs it by plain loops over f and slope, so its bits depend on no
 * instruction set and no number of threads. The kind is borrowed for the rest of the process, and
 * f and slope are called from several threads at once.
 *
 * To be called from one thread before the first network is parsed: the table of registered kinds is
 * a global, and the only one of the layer language. Fails, in one line, on a name that a layer or
 * another activation has or that cannot be a keyword, when f, slope or help is missing, when
 * keeps_zero says otherwise than f(0), and beyond ESP_ACTIVATION_KINDS_MAX. */
esp_status esp_activation_register(const esp_activation_kind *kind, esp_error *err);
/* The registered kinds, in their order; NULL after the last. */
const esp_activation_kind *esp_activation_at(size_t i);

ESP_END_DECLS

#endif
