/* What the module asks of a variant of the hot loops, and the words both use.
 *
 * The loops are compiled once for each kind of processor (variant_*.c); the module picks the best one
 * that runs here. Every variant gives the same labels: whatever float32 cannot decide beyond doubt is
 * decided by the law in float64, where no variant fuses a multiplication with an addition.
 *
 * The law: the squared distance is the sum over the coordinates, in their order, of the squared
 * difference, in float64; the nearest centroid wins, and of equally near ones the lowest.
 */
#ifndef SONGATLAS_ENGINE_H
#define SONGATLAS_ENGINE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if !defined(__GNUC__)
#error "GCC or clang is needed: without them songatlas runs on NumPy"
#endif

#define BLOCK 16     /* rows of a block; every variant's registers divide it */
#define SONG_TILE 8  /* songs that silhouettes take side by side */
#define NO_MEMORY (-2) /* where a row number could stand */
#define STRIP 256    /* songs whose distances are added up before they go to the clusters */

/* Points as they were given: float32 or float64, row after row. */
typedef struct {
    const void *values;
    int is_double;
    size_t n_rows, n_dimensions;
} Points;

#define AHEAD 16 /* rows that lie apart in memory are fetched this many rows before they are needed */

/* Fetch a row that will be needed soon. */
static inline void fetch_row(const Points *points, int64_t row)
{
    size_t width = points->n_dimensions * (points->is_double ? sizeof(double) : sizeof(float));
    uintptr_t start = (uintptr_t)points->values + (size_t)row * width;
    __builtin_prefetch((const void *)start);
    __builtin_prefetch((const void *)(start + width - 1));
}

/* The same points centred, scaled and in float32, for the screen: blocks of 16 rows, and inside a block
 * coordinate after coordinate, so that a vector register takes one coordinate of 16 songs. */
typedef struct {
    const float *blocks;  /* (n_blocks, n_dimensions, 16), missing rows of the last block are 0 */
    const float *longest; /* (n_blocks): the greatest squared length in each block */
    const double *shift;  /* (n_dimensions) */
    double scale;         /* a power of two: dividing by it rounds nothing */
} Screen;

/* Which blocks a pass can leave out. A margin is by how much the nearest centroid of a row is nearer than the
 * second, at least; no label changes before it is used up. It is used up by the move of a row's own centroid
 * and that of another: where all rows of a block have one label, that is less than the two longest moves. */
typedef struct {
    double *until;   /* (n_blocks): no label of the block changes before the drift of its kind reaches this */
    int32_t *kinds;  /* (n_blocks): 1 + the label of all rows of a block, or 0 where labels differ; NULL: all 0 */
    double *drifts;  /* (k + 1) or, without kinds, (1): used up so far, in scaled units, rounded up */
    float *margins;  /* (n_blocks, 16): receives the margin of each row; or NULL */
    size_t n_left_out;
} Bounds;

/* Centroids to relabel all rows by, and where the answer goes. */
typedef struct {
    const double *centroids; /* (k, n_dimensions) */
    size_t k;
    int32_t *labels;  /* (n_rows), before and after */
    int64_t *changed; /* rows whose label changed, in order; NULL where nobody asks */
    int32_t *before;  /* their labels before */
    size_t n_changed;
    const int64_t *order; /* the row at each place, where blocks hold the rows in an order of their own; or NULL */
    Bounds *bounds;       /* what is known from the passes before, or NULL */
} Relabeling;

/* Songs in runs of equal joint labels, which segments of them belong to which cluster, and the songs to be
 * judged. A row is a row of the sums: all clusters of the first labeling, then those of the next. */
typedef struct {
    size_t n_songs, n_dimensions, n_labelings, n_clusters, n_queries;
    const float *songs;      /* (n_tiles, n_dimensions, SONG_TILE), run after run */
    const float *queries;    /* (n_blocks, n_dimensions, 16) */
    const int64_t *strips;   /* (n_strips + 1): where the segments of each strip begin */
    const int32_t *segments; /* (n_segments, 3): first song in the strip, the one after the last, row */
    const int64_t *edges;    /* (n_labelings + 1): where the rows of each labeling begin */
    const double *sizes;     /* (n_clusters) */
    const int32_t *own;      /* (n_queries, n_labelings): the row of each query's own cluster */
} Comparison;

/* Songs in blocks, and for every cluster of every labeling what makes a squared distance of their coordinates:
 * the squared length of the song, a slope for each coordinate, a constant. */
typedef struct {
    size_t n_blocks, n_dimensions, n_labelings;
    const float *blocks;  /* (n_blocks, n_dimensions, 16) */
    const float *lines;   /* (n_clusters, n_dimensions + 1): slopes and constant */
    const int64_t *edges; /* (n_labelings + 1): where the clusters of each labeling begin */
    const int32_t *own;   /* (n_labelings, 16 n_blocks): each song's cluster */
    float *within;        /* (n_labelings, 16 n_blocks): what its own cluster gives */
    float *nearest;       /* (n_labelings, 16 n_blocks): the least that another one gives */
} Sides;

typedef struct {
    const char *name;
    int (*runs_here)(void);
    /* Relabel the rows of some blocks; -1 where memory is short. */
    int (*relabel)(const Points *, const Screen *, Relabeling *, size_t first_block, size_t last_block);
    /* Compare some blocks of queries with all songs: `values`, (n_labelings, n_queries), receives their
     * silhouettes. -1 where memory is short. */
    int (*compare)(const Comparison *, size_t first_block, size_t last_block, double *values);
    void (*find_sides)(const Sides *);
    /* For each candidate: the lesser of `closest` and the squared distance of every row to it. */
    void (*distances_to_candidates)(const Points *columns, const double *candidates, size_t n_candidates,
                                    const double *closest, double *updates);
    /* Add (weighted) rows to the sums of their clusters, row after row. Returns the first row whose label is
     * out of range, -1 where all is well, or NO_MEMORY. */
    int64_t (*sum)(const Points *, const int32_t *labels, const double *weights, size_t first, size_t last, size_t k,
                   double *sums, double *counts);
    /* Add changed rows to what their new clusters gain and their old ones lose. Returns the first place in
     * `changed` where a number or a label is out of range, -1 where all is well, or NO_MEMORY. */
    int64_t (*move)(const Points *, const int32_t *labels, const int64_t *changed, const int32_t *before,
                    size_t n_changed, size_t k, double *gained, double *lost, double *gained_counts,
                    double *lost_counts);
} Engine;

extern const Engine engine_avx512, engine_avx2, engine_plain;

#endif
