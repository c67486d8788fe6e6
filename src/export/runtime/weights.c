/* Weights in the order of outputs, channels and taps. `step` says, for each that is there, how many
 * before it are not; STEP_MORE: so many are not, and the next byte goes on; STEP_END: the output
 * has no more. NULL: all are there. */
enum { STEP_MORE = 254, STEP_END = 255 };
typedef struct weights {
  const unsigned char *step;
  const number *value;
  /* @shared */
  const unsigned char *code; /* with it, value is a table, of which these are numbers */
  /* @end */
} weights;

/* The place of the next weight of an output of `count`, behind place `at`; `count` after the
 * last. */
static int next_place(weights *w, int at, int count) {
  if (!w->step) return at + 1;
  for (at++;; w->step++) {
    if (*w->step == STEP_END) break;
    at += *w->step;
    if (*w->step < STEP_MORE) break;
  }
  return *w->step++ == STEP_END ? count : at;
}

static number next_value(weights *w) {
  /* @shared */
  if (w->code) return w->value[*w->code++];
  /* @end */
  return *w->value++;
}
