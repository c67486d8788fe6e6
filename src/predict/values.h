/* The values of a network while it is lowered: in which places they are. */
#ifndef ESP_PREDICT_VALUES_H
#define ESP_PREDICT_VALUES_H

#include "predict/network.h"

enum { ESP_BYTES = ESP_FIELDS + 1, ESP_BYTES_IN_FIELDS, ESP_CHOSEN, ESP_LAYOUTS, ESP_NOWHERE = -1 };
typedef struct esp__lowering {
  esp_network *network;
  const esp__operations *ops;
  /* Of each value, by layout, or of its bytes in planes or fields, or of its chosen channels;
   * ESP_NOWHERE: none. */
  int (*place)[ESP_LAYOUTS];
  int *halo;   /* of each value, blocked */
  int *by;     /* of each value with chosen channels: place of what chose them */
  bool *whole; /* of each value: tokens behind the end of a sequence are read too */
} esp__lowering;

/* Finds `whole`. */
void esp__find_whole(esp__lowering *l);
/* What the steps of a unit know of tokens. */
esp_status esp__begin_unit(esp__lowering *l, const esp__unit *u, esp_error *err);

/* How far a window reaches outside. */
int esp__reach_of(const esp_operation *op);
/* Finds `halo`: the zeros that blocked values have around them, as many as a window wants that
 * reads them, or what they are added to has. */
void esp__find_halos(esp__lowering *l, const esp__unit *unit, int units);

/* The zeros around planes of that shape: as many as any window wants that reads such planes, since
 * lists go over rows without a break where they lie alike before and after. Planes of one pixel
 * have none. */
int esp__halo_of(const esp__operations *ops, esp_shape s);

/* A new place for value v. */
esp_status esp__make_place(esp__lowering *l, int v, esp__layout layout, int *place, esp_error *err);
/* A new place for the bytes of value v, planar or in fields, in words of four channels; whole
 * blocks are written. */
esp_status esp__make_bytes(esp__lowering *l, int v, esp__layout layout, int *place, esp_error *err);
/* The place of the bytes of value v in that layout, converted if they are only in the other. */
esp_status esp__find_bytes(esp__lowering *l, int v, esp__layout layout, int *place, esp_error *err);
/* A new place for those channels of value v that a gate at place `by` lets through, `most` of
 * them. */
esp_status esp__make_chosen(esp__lowering *l, int v, int most, int by, int *place, esp_error *err);

/* Whether only chosen channels of value v are there. */
bool esp__only_chosen(const esp__lowering *l, int v);
/* The layout that value v is in for what any operation reads: blocked if it is in both, and planar
 * if it is in fields, from which it can be converted. */
esp__layout esp__layout_of(const esp__lowering *l, int v);
/* The place of all of value v in that layout, converted if it is only in another. */
esp_status esp__find_place(esp__lowering *l, int v, esp__layout layout, int *place, esp_error *err);
/* Adds the step that makes all of value v, whose chosen channels are there, at place `whole`, with
 * what is added to it at place `more`, and ReLU. */
esp_status esp__spread_value(esp__lowering *l, int v, int more, bool relu, int whole,
                             esp_error *err);

#endif
