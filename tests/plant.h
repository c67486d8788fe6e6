/* A model and its pruner, grown from the text of a configuration: what the suites prune and train
 * work on. */
#ifndef PLANT_H
#define PLANT_H

#include <espalier/config.h>

typedef struct plant {
  esp_config config;
  esp_model *model;
  esp_pruner *pruner; /* NULL with method = none */
} plant;

/* `ini` holds keys as a configuration file does; the seed is that of [run]. Aborts the test on
 * failure. */
void plant_open(plant *p, esp_shape input, int classes, const char *ini);
void plant_close(plant *p);

/* Options without a configuration: gives the keys of methods their defaults, and then sets `count`
 * of them, {name, value} each. To be closed with esp_prune_keys_close. */
void plant_keys(esp_prune_options *opt, const char *const (*key)[2], size_t count);

/* The parameter of that name; aborts the test when there is none. */
esp_param *plant_param(const plant *p, const char *name);
/* Gives a parameter its values, `count` of them. */
void plant_set(const plant *p, const char *name, size_t count, const float *value);
#define PLANT_SET(p, name, ...) \
  plant_set(p, name, sizeof((float[]){__VA_ARGS__}) / sizeof(float), (float[]){__VA_ARGS__})

/* Aborts the test unless the mask reads like this, a digit a weight: "0110". */
void plant_mask_is(const plant *p, const char *name, const char *digits);
/* Random gradients of every size from 1e-6 to 1e12 in every parameter. */
void plant_wild_gradients(const plant *p, esp_key key);
/* Checks, without the pruner's help, that what is pruned is exactly 0 in value, momentum and moving
 * average, or that value = shadow * mask, and that the masks' counts are right. Aborts the test if
 * not. */
void plant_check(const plant *p, const char *when);

#endif
