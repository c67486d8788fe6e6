/* a * b in double, rounded before anything is added to it, whatever the compiler may contract. */
static double product(double a, double b) {
  volatile double rounded = a * b;
  return rounded;
}
