#define _DEFAULT_SOURCE /* for madvise */
#include "sift.h"

#include <math.h>
#include <stdlib.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif

#define LEVELS 128 /* of margins, evenly up to twice their mean */
#define PAGE ((size_t)1 << 21) /* bytes of a large page: with small ones the first touch of each costs more than the copy */

static int sift_take(Sift *sift, const Points *points, size_t n_blocks)
{
    size_t n_floats = n_blocks * BLOCK * points->n_dimensions;
    if (sift->order)
        return 0;
    sift->order = malloc(points->n_rows * sizeof(int64_t));
    sift->held = malloc(n_floats * sizeof(float) + PAGE);
    sift->blocks = (float *)(((uintptr_t)sift->held + PAGE - 1) / PAGE * PAGE);
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    if (sift->held && n_floats * sizeof(float) > PAGE)
        madvise(sift->blocks, n_floats * sizeof(float) / PAGE * PAGE, MADV_HUGEPAGE);
#endif
    sift->longest = malloc(n_blocks * sizeof(float));
    sift->labels = malloc(points->n_rows * sizeof(int32_t));
    sift->fresh = malloc(points->n_rows * sizeof(int32_t));
    sift->marks = calloc((points->n_rows + 63) / 64, sizeof(uint64_t));
    if (sift->order && sift->held && sift->longest && sift->labels && sift->fresh && sift->marks) {
        for (size_t row = 0; row < points->n_rows; row++)
            sift->order[row] = (int64_t)row;
        return 0;
    }
    return -1;
}

static inline size_t level_of(float margin, float step)
{
    float level = margin / step;
    return level >= LEVELS - 1 ? LEVELS - 1 : level > 0.0f ? (size_t)level : 0;
}

/* Sort the places by label and level; `labels` stand by place, and their new order goes to `fresh`. */
static int sort_places(Sift *sift, size_t n_rows, const int32_t *labels, size_t k, const float *margins)
{
    size_t *starts = calloc(k * LEVELS + 1, sizeof(size_t));
    int64_t *order = malloc(n_rows * sizeof(int64_t));
    double sum = 0.0;
    for (size_t place = 0; place < n_rows; place++)
        sum += isfinite(margins[place]) ? (double)margins[place] : 0.0;
    float step = (float)(2.0 * sum / (double)n_rows / LEVELS);
    if (!starts || !order) {
        free(starts);
        free(order);
        return -1;
    }
    for (size_t place = 0; place < n_rows; place++)
        starts[(size_t)labels[place] * LEVELS + level_of(margins[place], step) + 1]++;
    for (size_t key = 1; key <= k * LEVELS; key++)
        starts[key] += starts[key - 1];
    for (size_t place = 0; place < n_rows; place++) {
        size_t at = starts[(size_t)labels[place] * LEVELS + level_of(margins[place], step)]++;
        order[at] = sift->order[place];
        sift->fresh[at] = labels[place];
    }
    free(starts);
    free(sift->order);
    sift->order = order;
    return 0;
}

int sift_rows(Sift *sift, const Points *points, const Screen *screen, const int32_t *labels, size_t k,
              const float *margins)
{
    size_t n_blocks = (points->n_rows + BLOCK - 1) / BLOCK;
    int again = sift->order != NULL;
    if (sift_take(sift, points, n_blocks) ||
        sort_places(sift, points->n_rows, again ? sift->labels : labels, k, margins))
        return -1;
    memcpy(sift->labels, sift->fresh, points->n_rows * sizeof(int32_t));
    rows_pack(points, sift->order, points->n_rows, screen->shift, screen->scale, BLOCK, 0, n_blocks, sift->blocks,
              sift->longest);
    sift->screen = (Screen){sift->blocks, sift->longest, screen->shift, screen->scale};
    return 0;
}

void sift_changes(Sift *sift, size_t n_rows, int32_t *labels, int64_t *changed, int32_t *before, size_t n_changed)
{
    for (size_t i = 0; i < n_changed; i++) {
        size_t row = (size_t)sift->order[changed[i]];
        sift->fresh[row] = sift->labels[changed[i]];
        sift->marks[row / 64] |= (uint64_t)1 << row % 64;
    }
    for (size_t word = 0, i = 0; word < (n_rows + 63) / 64 && i < n_changed; word++) {
        for (uint64_t bits = sift->marks[word]; bits; bits &= bits - 1, i++) {
            size_t row = word * 64 + (size_t)__builtin_ctzll(bits);
            changed[i] = (int64_t)row;
            before[i] = labels[row];
            labels[row] = sift->fresh[row];
        }
        sift->marks[word] = 0;
    }
}

void sift_leave(Sift *sift)
{
    free(sift->order);
    free(sift->held);
    free(sift->longest);
    free(sift->labels);
    free(sift->fresh);
    free(sift->marks);
}
