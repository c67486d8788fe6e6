typedef struct window {
  int channels, height, width, rows, columns; /* of what it reads, and planes that it makes */
  int size_rows, size_columns, stride, padding;
} window;
