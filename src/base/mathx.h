/* exp, log, cos and friends in double precision from plain arithmetic.
 *
 * libm's results differ in the last bit between machines and versions; these depend on IEEE
 * arithmetic alone, so whatever ends up in a weight (initial values, learning rates) is the same
 * everywhere. Relative error below 1e-14. */
#ifndef ESP_BASE_MATHX_H
#define ESP_BASE_MATHX_H

double esp__exp(double x);
double esp__log(double x);           /* x > 0 */
double esp__pow(double x, double y); /* x >= 0 */
double esp__cos(double x);           /* |x| <= 1e6 */

#endif
