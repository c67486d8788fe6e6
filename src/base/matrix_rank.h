/* The rank of a matrix. */
#ifndef ESP_BASE_MATRIX_RANK_H
#define ESP_BASE_MATRIX_RANK_H

/* Rank of m (rows x columns, row by row), by Gaussian elimination with full pivoting; m is
 * overwritten. What is smaller than max(rows, columns) * 2^-23 (the resolution of the floats it
 * came from) times the largest entry counts as zero. An entry that is not finite makes it 0. */
int esp__matrix_rank(double *m, int rows, int columns);

#endif
