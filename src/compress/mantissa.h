/* Floats with fewer bits. */
#ifndef ESP_COMPRESS_MANTISSA_H
#define ESP_COMPRESS_MANTISSA_H

/* The nearest number whose mantissa has so many bits (1 to 22), the leading one not counted, halves
 * to even. The exponent keeps the range of a float, which half precision does not have. */
float esp__round_mantissa(float number, unsigned bits);

#endif
