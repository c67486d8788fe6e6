static int within(int v, int end) {
  return v < 0 ? 0 : v > end ? end : v;
}
