/* What is done to a sum: its bias is added, and it gets the scale of the next numbers. */
typedef struct ending {
  const int32_t *bias, *multiplier; /* [outputs]; no bias: NULL */
  const unsigned char *shift;       /* [outputs] */
  int low;                          /* the smallest number: 0 behind a ReLU */
} ending;
