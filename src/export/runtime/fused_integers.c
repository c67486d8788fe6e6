static total fused(total a, total b, total c) {
  return a * b + c;
}
