/* Rows sifted: laid in an order in which a pass can leave whole blocks out.
 *
 * Rows come in any order, and one row near a border between two clusters keeps its whole block in every
 * pass. Sorted by label and then by margin, rows near borders stand together and all others rest. What is
 * worked on is a copy; row numbers, labels and sums are those of the rows as they were given.
 */
#ifndef SONGATLAS_SIFT_H
#define SONGATLAS_SIFT_H

#include "rows.h"

typedef struct {
    int64_t *order;   /* (n_rows): the row at each place */
    float *blocks;    /* (n_blocks, n_dimensions, 16), the rows in this order; begins where a page does */
    void *held;       /* what was asked of malloc for them */
    float *longest;   /* (n_blocks) */
    int32_t *labels;  /* (n_rows): the label at each place */
    int32_t *fresh;   /* (n_rows): the new label of each row that changed */
    uint64_t *marks;  /* (n_rows) bits: the rows that changed */
    Screen screen;
} Sift;

/* Sort the rows by label and margin, (n_blocks, 16) as they lie now, and copy them. -1 where memory is short. */
int sift_rows(Sift *sift, const Points *points, const Screen *screen, const int32_t *labels, size_t k,
              const float *margins);

/* Turn changed places into changed rows, rising, with their labels before; and bring `labels` up to date. */
void sift_changes(Sift *sift, size_t n_rows, int32_t *labels, int64_t *changed, int32_t *before, size_t n_changed);

void sift_leave(Sift *sift);

#endif
