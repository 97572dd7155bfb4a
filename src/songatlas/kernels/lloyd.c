#include "lloyd.h"

#include <math.h>
#include <stdlib.h>

#define FEW_CHANGES 8   /* bounds are looked at once fewer than one row in this many changes its label */
#define WORTH_SHARE 0.2 /* of blocks that bounds must let a pass leave out, to be worth their making */

/* What one run needs besides its answer. */
typedef struct {
    double *sums, *gained, *lost, *part;                              /* (k, n_dimensions) each */
    double *counts, *gained_counts, *lost_counts, *part_counts;       /* (k) each */
    double *until;                                                    /* (n_blocks) */
    int64_t *changed;                                                 /* (n_rows) */
    int32_t *before;                                                  /* (n_rows) */
    size_t n_changed;
    double drift, step; /* all moves since there are bounds, and the last of them */
    double worth;       /* a step below this leaves enough blocks out; negative where nobody knows yet */
} Room;

static int room_take(Room *room, size_t k, size_t n_dimensions, size_t n_rows)
{
    size_t table = k * n_dimensions, n_blocks = (n_rows + BLOCK - 1) / BLOCK;
    memset(room, 0, sizeof *room);
    room->sums = calloc(4 * (table + k), sizeof(double));
    room->until = malloc(n_blocks * sizeof(double));
    room->changed = malloc(n_rows * sizeof(int64_t));
    room->before = malloc(n_rows * sizeof(int32_t));
    if (!room->sums || !room->until || !room->changed || !room->before)
        return -1;
    room->gained = room->sums + table;
    room->lost = room->gained + table;
    room->part = room->lost + table;
    room->counts = room->part + table;
    room->gained_counts = room->counts + k;
    room->lost_counts = room->gained_counts + k;
    room->part_counts = room->lost_counts + k;
    for (size_t block = 0; block < n_blocks; block++)
        room->until[block] = -INFINITY;
    room->worth = -1.0;
    return 0;
}

static void room_leave(Room *room)
{
    free(room->sums);
    free(room->until);
    free(room->changed);
    free(room->before);
}

static int descending(const void *one, const void *other)
{
    double a = *(const double *)one, b = *(const double *)other;
    return a < b ? 1 : a > b ? -1 : 0;
}

/* The step that would leave WORTH_SHARE of the blocks out, by a sample of blocks whose bounds are fresh. */
static double worthwhile_step(const Room *room, size_t n_blocks)
{
    double sample[1024];
    size_t n = n_blocks < 1024 ? n_blocks : 1024;
    for (size_t i = 0; i < n; i++)
        sample[i] = room->until[i * n_blocks / n] - room->drift;
    qsort(sample, n, sizeof *sample, descending);
    return sample[(size_t)(WORTH_SHARE * (double)n)];
}

/* Give every row the label of its nearest centroid. The first pass changes all. */
static int label_rows(const Engine *engine, const Points *points, const Screen *screen, const Lloyd *run, Room *room,
                      int first)
{
    size_t n_blocks = (points->n_rows + BLOCK - 1) / BLOCK;
    int unknown = room->worth < 0.0 && !first && room->n_changed < points->n_rows / FEW_CHANGES;
    Relabeling mine = {.centroids = run->centroids, .k = run->k, .labels = run->labels, .drift = room->drift};
    mine.changed = first ? NULL : room->changed;
    mine.before = first ? NULL : room->before;
    mine.until = unknown || room->step < room->worth ? room->until : NULL;
    if (engine->relabel(points, screen, &mine, 0, n_blocks))
        return -1;
    if (unknown)
        room->worth = fmax(worthwhile_step(room, n_blocks), 0.0);
    room->n_changed = first ? points->n_rows : mine.n_changed;
    return 0;
}

/* Sum the rows of every cluster chunk by chunk, and add up the chunks in their order. */
static int sum_afresh(const Engine *engine, const Points *points, const Lloyd *run, Room *room)
{
    size_t table = run->k * points->n_dimensions;
    memset(room->sums, 0, table * sizeof(double));
    memset(room->counts, 0, run->k * sizeof(double));
    for (size_t chunk = 0; chunk < run->n_chunks; chunk++) {
        memset(room->part, 0, table * sizeof(double));
        memset(room->part_counts, 0, run->k * sizeof(double));
        if (engine->sum(points, run->labels, NULL, (size_t)run->edges[chunk], (size_t)run->edges[chunk + 1], run->k,
                        room->part, room->part_counts) == NO_MEMORY)
            return -1;
        for (size_t place = 0; place < table; place++)
            room->sums[place] += room->part[place];
        for (size_t cluster = 0; cluster < run->k; cluster++)
            room->counts[cluster] += room->part_counts[cluster];
    }
    return 0;
}

/* Bring the sums up to date by the rows that changed their cluster. */
static int sum_changes(const Engine *engine, const Points *points, const Lloyd *run, Room *room)
{
    size_t table = run->k * points->n_dimensions;
    memset(room->gained, 0, 2 * table * sizeof(double));
    memset(room->gained_counts, 0, 2 * run->k * sizeof(double));
    if (engine->move(points, run->labels, room->changed, room->before, room->n_changed, run->k, room->gained,
                     room->lost, room->gained_counts, room->lost_counts) == NO_MEMORY)
        return -1;
    for (size_t place = 0; place < table; place++)
        room->sums[place] = room->sums[place] + room->gained[place] - room->lost[place];
    for (size_t cluster = 0; cluster < run->k; cluster++)
        room->counts[cluster] = room->counts[cluster] + room->gained_counts[cluster] - room->lost_counts[cluster];
    return 0;
}

/* Move the centroids to the means of their clusters, and note inertia and drift. Returns the sum of the
 * squared moves, or a negative number where a cluster is empty. */
static double move_centroids(const Screen *screen, Lloyd *run, Room *room, size_t n_dimensions, double stretch)
{
    double between = 0.0, moves = 0.0, furthest = 0.0, second = 0.0;
    for (size_t cluster = 0; cluster < run->k; cluster++) {
        double *centroid = run->centroids + cluster * n_dimensions, count = room->counts[cluster];
        double distance = 0.0, move = 0.0;
        if (!(count > 0.0))
            return -1.0;
        for (size_t j = 0; j < n_dimensions; j++) {
            double mean = room->sums[cluster * n_dimensions + j] / count;
            double off = mean - screen->shift[j], step = mean - centroid[j];
            distance += off * off;
            double went = stretch == 1.0 ? mean : centroid[j] + stretch * step;
            moves += step * step;
            move += (went - centroid[j]) * (went - centroid[j]);
            centroid[j] = went;
        }
        between += count * distance;
        second = move > furthest ? furthest : move > second ? move : second;
        furthest = move > furthest ? move : furthest;
    }
    run->history[run->n_iter++] = run->total - between > 0.0 ? run->total - between : 0.0;
    /* A margin shrinks by the move of a row's own centroid and that of another: at most the two furthest. */
    room->step = (sqrt(furthest) + sqrt(second)) / screen->scale * (1.0 + 1e-9);
    room->drift += room->step;
    return moves;
}

/* Whether even many more steps like the last would leave the inertia above the bar. */
static int hopeless(const Lloyd *run)
{
    if (run->n_iter < run->patience || run->n_iter < 2)
        return 0;
    double last = run->history[run->n_iter - 1], step = run->history[run->n_iter - 2] - last;
    return last - run->foresight * step > run->bar;
}

static Outcome iterate(const Engine *engine, const Points *points, const Screen *screen, Lloyd *run, Room *room)
{
    int confirming = 0, ended = 0;
    for (size_t n_passes = 0;; n_passes++) {
        int first = n_passes == 0;
        if (!run->go_on(run->caller, n_passes))
            return LLOYD_STOPPED;
        if (label_rows(engine, points, screen, run, room, first))
            return LLOYD_NO_MEMORY;
        int settled = room->n_changed == 0;
        if (confirming && settled)
            return LLOYD_CONVERGED;
        if (ended)
            return LLOYD_ENDED;
        int afresh = settled || (double)room->n_changed > run->afresh_share * (double)points->n_rows;
        if ((afresh ? sum_afresh : sum_changes)(engine, points, run, room))
            return LLOYD_NO_MEMORY;
        double moves = move_centroids(screen, run, room, points->n_dimensions, settled ? 1.0 : run->stretch);
        if (moves < 0.0)
            return LLOYD_EMPTY;
        if (!settled && hopeless(run))
            return LLOYD_HOPELESS;
        confirming = settled;
        ended = run->n_iter == run->max_iter || (!settled && moves <= run->tolerance);
    }
}

Outcome lloyd_run(const Engine *engine, const Points *points, const Screen *screen, Lloyd *run)
{
    Room room;
    Outcome outcome = LLOYD_NO_MEMORY;
    run->n_iter = 0;
    if (!room_take(&room, run->k, points->n_dimensions, points->n_rows))
        outcome = iterate(engine, points, screen, run, &room);
    room_leave(&room);
    return outcome;
}
