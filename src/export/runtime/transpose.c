static void transpose(int rows, int columns, const number *x, number *y) {
  for (int c = 0; c < columns; c++)
    for (int r = 0; r < rows; r++) *y++ = x[r * columns + c];
}
