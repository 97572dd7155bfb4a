/* What is done row by row in float64, the same on every processor: packing, distances by the law. */
#ifndef SONGATLAS_ROWS_H
#define SONGATLAS_ROWS_H

#include "engine.h"

/* The greatest distance of any coordinate of some rows from `shift`. */
double rows_reach(const Points *points, const double *shift, size_t first, size_t last);

/* Copy rows, centred and scaled, into tiles of `width` rows, (n_tiles, n_dimensions, width). `order` says
 * which rows (NULL: all, as they stand), `longest` (or NULL) receives the greatest squared length of each
 * tile, missing rows of the last tile become 0. Returns the first bad row number, or -1. */
int64_t rows_pack(const Points *points, const int64_t *order, size_t n_packed, const double *shift, double scale,
                  size_t width, size_t first_tile, size_t last_tile, float *tiles, float *longest);

/* Squared distance of rows to the centroids of their labels, by the law. */
int64_t rows_distances(const Points *points, const double *centroids, const int32_t *labels, size_t first,
                       size_t last, size_t k, double *distances);

/* Squared distances and distances to the centroids, summed by cluster. */
int64_t rows_spread(const Points *points, const double *centroids, const int32_t *labels, size_t first,
                    size_t last, size_t k, double *squares, double *lengths);

/* Order runs of songs so that few labels change from one to the next: after each run comes the one most
 * like it among the first WINDOW that are left. `labels` is (n_labelings, n_runs), and is used up. */
void rows_tour(uint16_t *labels, size_t n_labelings, size_t n_runs, int64_t *order);

#endif
