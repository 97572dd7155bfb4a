/* Lloyd's iteration from first to last, on one thread and without a word of Python.
 *
 * The rules stand in iteration.py, which does the same pass by pass; sums are made in the same order, so
 * that both end at the same numbers.
 */
#ifndef SONGATLAS_LLOYD_H
#define SONGATLAS_LLOYD_H

#include "rows.h"

typedef enum { LLOYD_CONVERGED, LLOYD_ENDED, LLOYD_HOPELESS, LLOYD_EMPTY, LLOYD_STOPPED, LLOYD_NO_MEMORY } Outcome;

typedef struct {
    /* when to end */
    double total;      /* squared distances of all rows to the shift, summed */
    double tolerance;  /* of the squared moves of all centroids */
    double bar;        /* inertia that a run must still be able to come below */
    double foresight;  /* how many steps like the last it is credited with */
    double stretch;    /* of every step: above 1 it goes beyond the mean */
    size_t patience;   /* iterations before it is judged by that */
    size_t max_iter;
    int (*go_on)(void *caller, size_t n_passes); /* 0 where the caller wants to hear no more */
    void *caller;
    /* how to sum */
    double afresh_share;   /* of changed rows, above which all are summed anew */
    const int64_t *edges;  /* (n_chunks + 1): rows are summed chunk by chunk */
    size_t n_chunks;
    /* where it stands */
    size_t k;
    double *centroids; /* (k, n_dimensions) */
    int32_t *labels;   /* (n_rows) */
    double *history;   /* (max_iter): the inertia after each iteration */
    size_t n_iter;
} Lloyd;

/* Iterate to the end. LLOYD_HOPELESS: the bar is out of reach, and labels are those of the pass before.
 * LLOYD_EMPTY: a cluster has lost its last row, and what stands is of no use. */
Outcome lloyd_run(const Engine *engine, const Points *points, const Screen *screen, Lloyd *run);

#endif
