/* A batch norm with running statistics is a line. */
#include <espalier/graph.h>

#include <math.h>

void esp_batchnorm_line(double scale, double shift, double mean, double var, double line[2]) {
  line[0] = scale / sqrt(var + 1e-5);
  line[1] = shift - mean * line[0];
}
