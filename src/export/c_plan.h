/* What an exported program does, in which order, and where in its memory the values are.
 *
 * A value is a run of numbers, planes one behind the other: floats, or in a quantised network
 * integers of 8 bits, whose sums have 32. Values whose lives do not overlap share
 * memory; what takes each value by itself writes over what it reads, where nothing reads that
 * later. */
#ifndef ESP_EXPORT_C_PLAN_H
#define ESP_EXPORT_C_PLAN_H

#include "export/network.h"

/* A step makes the value of operation number `op`. */
typedef struct esp__c_step {
  int op;
  int layer;    /* the convolution or linear layer that it runs, for itself or before the batch norm
                   that it is; of integers the one, or the mean, whose sums it takes; -1: none */
  int input[2]; /* the operations whose values it reads, -1 = none; [1] is added to what a layer
                   makes */
  bool moves;   /* it computes something; else its value is its input's */
  bool over[2]; /* it writes over that input */
  size_t room;  /* where it has scratch for a plane of sums; SIZE_MAX: it needs none */
} esp__c_step;

typedef struct esp__c_plan {
  const esp__network *net;
  esp__c_step *step;
  int steps;
  size_t *place;  /* [ops] where the value is, in numbers */
  size_t numbers; /* of all memory */
} esp__c_plan;

/* Bytes of a number, and numbers that a sum takes the place of. */
size_t esp__c_number_bytes(const esp__network *n);
size_t esp__c_sum_numbers(const esp__network *n);

/* Errors: integers where a program has no function for them, which the step quantise never leaves
 * so. */
esp_status esp__c_plan_make(esp__c_plan *p, const esp__network *n, esp_error *err);
void esp__c_plan_free(esp__c_plan *p);

#endif
