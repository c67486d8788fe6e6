/* Who does which part of a batch, and the one order in which sums over a batch are made.
 *
 * A batch's blocks of images are cut into parts, as the configuration says (train.parts). Sums over
 * images are made part by part, and those of the parts added in a tree that depends on their number
 * alone: halves of halves. A process has some neighbouring parts. It adds up each *span*, a subtree
 * that lies within them, and sends that sum; so where processes and parts are powers of two each
 * sends one. Whoever adds up the spans along the rest of the tree gets the bits of one process.
 *
 * A short batch leaves the last parts without images; those are not added. */
#ifndef ESP_RANKS_SPLIT_H
#define ESP_RANKS_SPLIT_H

#include "ranks/ranks.h"

typedef struct esp__split {
  esp_ranks *ranks; /* NULL: this process alone */
  int rank, count;  /* which process this is, of how many */
  int blocks;       /* of images, in a whole batch */
  int parts;        /* 1 to blocks */
  int first, end;   /* the parts of this process */
} esp__split;

/* The share of the process in batches of so many images. At least as many parts as processes. */
esp__split esp__split_of(esp_ranks *ranks, int images, int parts);

/* The same of a process that is not there, to reckon with. */
esp__split esp__split_at(int rank, int count, int images, int parts);

/* Whether others have parts too. */
static inline bool esp__split_is_shared(const esp__split *t) {
  return t->count > 1;
}
/* Where part number i begins; with i = parts, the end. */
static inline int esp__split_block(const esp__split *t, int i) {
  return (int)((int64_t)i * t->blocks / t->parts);
}
/* The blocks of this process, in a whole batch. */
static inline int esp__split_blocks(const esp__split *t) {
  return esp__split_block(t, t->end) - esp__split_block(t, t->first);
}
/* Blocks of the largest part. */
static inline int esp__split_part_blocks(const esp__split *t) {
  return (t->blocks + t->parts - 1) / t->parts;
}

/* A sum in a fixed order, as a list: each entry is put on a stack, and then `adds` times the upmost
 * is added to the one below it. An entry is a subtree over the parts [first, end). */
typedef struct esp__span {
  int first, end;
  int owner; /* the rank whose parts they are */
  int adds;
} esp__span;

/* The parts that have images, of a batch with so many. */
int esp__split_used(const esp__split *t, int images);
/* The spans of all processes, from left to right; returns how many, at most t->parts. */
int esp__split_spans(const esp__split *t, int used, esp__span *span);
/* The single parts of a span; returns how many. */
int esp__split_parts_of(const esp__split *t, int used, const esp__span *of, esp__span *part);

enum { ESP_SPAN_RUN = 256 };
/* Writes `n` numbers of entry number i, from number `from` on, to `to`. */
typedef void esp__span_numbers(const void *with, int i, size_t from, int n, float *to);
/* to[n] = the sum of the entries' numbers; n up to ESP_SPAN_RUN. */
void esp__spans_add(const esp__span *span, int spans, esp__span_numbers *numbers, const void *with,
                    size_t from, int n, float *to);
/* The same, where the numbers of entry number i are at `row` + i * stride; any n. */
void esp__spans_add_rows(const esp__span *span, int spans, const float *row, size_t stride,
                         size_t n, float *to);

#endif
