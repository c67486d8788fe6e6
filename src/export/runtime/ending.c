/* What is done to a sum: its bias is added, then it is a line, then other values are added. */
typedef struct ending {
  const float *bias, *scale, *shift; /* [outputs], or NULL */
  int relu;
} ending;
