/* a * b, rounded before anything is added to it, whatever the compiler may contract. */
static float times(float a, float b) {
  volatile float product = a * b;
  return product;
}
