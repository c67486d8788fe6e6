/* What an exported program does, in which order, and where in its memory the values are.
 *
 * A value is a run of floats, planes one behind the other. Values whose lives do not overlap share
 * memory; what takes each value by itself writes over what it reads, where nothing reads that
 * later. */
#ifndef ESP_EXPORT_C_PLAN_H
#define ESP_EXPORT_C_PLAN_H

#include "export/network.h"

/* A step makes the value of operation number `op`. */
typedef struct esp__c_step {
  int op;
  int layer;    /* the convolution or linear layer that it runs, for itself or before the batch norm
                   that it is; -1: none */
  int input[2]; /* the operations whose values it reads, -1 = none; [1] is added to what a layer
                   makes */
  bool moves;   /* it computes something; else its value is its input's */
  bool over[2]; /* it writes over that input */
  size_t room;  /* where it has scratch for a plane; SIZE_MAX: it needs none */
} esp__c_step;

typedef struct esp__c_plan {
  const esp__network *net;
  esp__c_step *step;
  int steps;
  size_t *place; /* [ops] where the value is, in floats */
  size_t floats; /* of all memory */
} esp__c_plan;

esp_status esp__c_plan_make(esp__c_plan *p, const esp__network *n, esp_error *err);
void esp__c_plan_free(esp__c_plan *p);

#endif
