#include "lloyd.h"
#include "sift.h"

#include <math.h>
#include <stdlib.h>

#define FEW_CHANGES 8         /* margins are looked at once fewer than one row in this many changes its label */
#define WORTH_SHARE 0.2       /* of blocks that bounds must let a pass leave out, to be worth their making */
#define SAMPLE 128            /* margins looked at to foresee what bounds will do */
#define SIFT_PRODUCTS 2600    /* multiplications a row that cost as much as sifting it */
#define REST_SHARE 0.85       /* of rows whose labels cannot change: from here on sifting may pay */
#define SIFT_BYTES ((size_t)1 << 28) /* of points, above which a second copy is too much */
#define SIFT_ROWS 50000        /* rows that fit the cache are as well looked at again */
#define SIFT_CLUSTERS 1024

/* What one run needs besides its answer. */
typedef struct {
    double *sums, *gained, *lost, *part;                        /* (k, n_dimensions) each */
    double *counts, *gained_counts, *lost_counts, *part_counts; /* (k) each */
    double *moves;                                              /* (k): squared, of the last step */
    int64_t *changed;                                           /* (n_rows) */
    int32_t *before;                                            /* (n_rows) */
    size_t n_changed;
    Bounds bounds;
    float *margins;         /* (n_blocks, 16) */
    double samples[SAMPLE]; /* margins of rows, the widest first */
    size_t n_samples;       /* 0 where nobody has looked yet */
    double step, furthest;  /* of the last step: the two longest moves together, and the longest */
    double worth;           /* a step below this lets a pass leave enough blocks out */
    double regret;          /* passes that sifting would have spared up to now */
    int is_sifted, cannot_sift;
    Sift sift;
} Room;

static int room_take(Room *room, size_t k, size_t n_dimensions, size_t n_rows)
{
    size_t table = k * n_dimensions, n_blocks = (n_rows + BLOCK - 1) / BLOCK;
    memset(room, 0, sizeof *room);
    room->sums = calloc(4 * (table + k) + k + k + 1, sizeof(double));
    room->bounds.until = malloc(n_blocks * sizeof(double));
    room->bounds.kinds = calloc(n_blocks, sizeof(int32_t));
    room->margins = malloc(n_blocks * BLOCK * sizeof(float));
    room->changed = malloc(n_rows * sizeof(int64_t));
    room->before = malloc(n_rows * sizeof(int32_t));
    if (!room->sums || !room->bounds.until || !room->bounds.kinds || !room->margins || !room->changed ||
        !room->before)
        return -1;
    room->gained = room->sums + table;
    room->lost = room->gained + table;
    room->part = room->lost + table;
    room->counts = room->part + table;
    room->gained_counts = room->counts + k;
    room->lost_counts = room->gained_counts + k;
    room->part_counts = room->lost_counts + k;
    room->moves = room->part_counts + k;
    room->bounds.drifts = room->moves + k;
    return 0;
}

static void room_leave(Room *room)
{
    free(room->sums);
    free(room->bounds.until);
    free(room->bounds.kinds);
    free(room->margins);
    free(room->changed);
    free(room->before);
    sift_leave(&room->sift);
}

static int descending(const void *one, const void *other)
{
    double a = *(const double *)one, b = *(const double *)other;
    return a < b ? 1 : a > b ? -1 : 0;
}

/* Look at the margins of some rows and blocks, to foresee what bounds will do. */
static void foresee(Room *room, size_t n_rows)
{
    double least[SAMPLE];
    size_t n_blocks = n_rows / BLOCK, n = n_blocks < SAMPLE ? n_blocks : SAMPLE;
    for (size_t i = 0; i < n; i++) {
        const float *margins = room->margins + i * n_blocks / n * BLOCK;
        room->samples[i] = margins[i % BLOCK];
        least[i] = margins[0];
        for (size_t lane = 1; lane < BLOCK; lane++)
            least[i] = margins[lane] < least[i] ? margins[lane] : least[i];
    }
    qsort(room->samples, n, sizeof *room->samples, descending);
    qsort(least, n, sizeof *least, descending);
    room->worth = n ? least[(size_t)(WORTH_SHARE * (double)n)] : 0.0;
    room->n_samples = n;
}

/* The share of rows that a pass could leave out, if each had a bound of its own. */
static double share_at_rest(const Room *room)
{
    size_t n = 0;
    while (n < room->n_samples && room->samples[n] > room->furthest)
        n++;
    return room->n_samples ? (double)n / (double)room->n_samples : 0.0;
}

static void forget_bounds(Room *room, size_t n_blocks)
{
    for (size_t block = 0; block < n_blocks; block++)
        room->bounds.until[block] = -INFINITY;
}

/* Whether laying the rows in a better order would have paid by now. */
static int sifting_pays(const Points *points, const Lloyd *run, const Room *room)
{
    size_t n_bytes = points->n_rows * points->n_dimensions * sizeof(float);
    /* a run that has gone on for so long is likely to go on for as long again */
    double passes = room->is_sifted ? room->regret : share_at_rest(room) > REST_SHARE ? (double)run->n_iter : 0.0;
    return !room->cannot_sift && points->n_rows >= SIFT_ROWS && run->k <= SIFT_CLUSTERS && n_bytes <= SIFT_BYTES &&
           passes * (double)(run->k * points->n_dimensions) > SIFT_PRODUCTS;
}

/* Give every row the label of its nearest centroid. The first pass changes all. */
static int label_rows(const Engine *engine, const Points *points, const Screen *screen, const Lloyd *run, Room *room,
                      int first)
{
    size_t n_rows = points->n_rows, n_blocks = (n_rows + BLOCK - 1) / BLOCK;
    int few = !first && room->n_changed < n_rows / FEW_CHANGES;
    int sifting = few && room->n_samples && sifting_pays(points, run, room);
    int looking = few && (!room->n_samples || sifting);
    Relabeling mine = {.centroids = run->centroids, .k = run->k};
    mine.labels = room->is_sifted ? room->sift.labels : run->labels;
    mine.order = room->is_sifted ? room->sift.order : NULL;
    mine.changed = first ? NULL : room->changed;
    mine.before = first ? NULL : room->before;
    mine.bounds = looking || room->is_sifted || room->step < room->worth ? &room->bounds : NULL;
    room->bounds.margins = looking ? room->margins : NULL;
    room->bounds.n_left_out = 0;
    if (looking)
        forget_bounds(room, n_blocks);
    if (engine->relabel(points, room->is_sifted ? &room->sift.screen : screen, &mine, 0, n_blocks))
        return -1;
    room->n_changed = first ? n_rows : mine.n_changed;
    if (room->is_sifted)
        sift_changes(&room->sift, n_rows, run->labels, room->changed, room->before, room->n_changed);
    if (looking)
        foresee(room, n_rows);
    room->regret += fmax(share_at_rest(room) - (double)room->bounds.n_left_out / (double)n_blocks, 0.0);
    if (!sifting)
        return 0;
    room->regret = 0.0;
    if (sift_rows(&room->sift, points, screen, run->labels, run->k, room->margins)) {
        room->cannot_sift = 1; /* memory is short, and the rows as they lie will do */
        return 0;
    }
    forget_bounds(room, n_blocks);
    room->is_sifted = 1;
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

/* Move the centroids to the means of their clusters, and note the inertia. Returns the sum of the squared
 * moves, or a negative number where a cluster is empty. */
static double move_centroids(const Screen *screen, Lloyd *run, Room *room, size_t n_dimensions, double stretch)
{
    double between = 0.0, moves = 0.0;
    for (size_t cluster = 0; cluster < run->k; cluster++) {
        double *centroid = run->centroids + cluster * n_dimensions, count = room->counts[cluster];
        double distance = 0.0, move = 0.0;
        if (!(count > 0.0))
            return -1.0;
        for (size_t j = 0; j < n_dimensions; j++) {
            double mean = room->sums[cluster * n_dimensions + j] / count;
            double off = mean - screen->shift[j], step = mean - centroid[j];
            double went = stretch == 1.0 ? mean : centroid[j] + stretch * step;
            distance += off * off;
            moves += step * step;
            move += (went - centroid[j]) * (went - centroid[j]);
            centroid[j] = went;
        }
        between += count * distance;
        room->moves[cluster] = move;
    }
    run->history[run->n_iter++] = run->total - between > 0.0 ? run->total - between : 0.0;
    return moves;
}

/* Use up the margins: those of a cluster by its own move and the longest of the others. */
static void note_drift(const Screen *screen, size_t k, Room *room)
{
    double one = (1.0 + 1e-9) / screen->scale, second = 0.0;
    size_t furthest = 0;
    for (size_t cluster = 1; cluster < k; cluster++)
        furthest = room->moves[cluster] > room->moves[furthest] ? cluster : furthest;
    for (size_t cluster = 0; cluster < k; cluster++)
        if (cluster != furthest)
            second = fmax(second, room->moves[cluster]);
    room->furthest = sqrt(room->moves[furthest]) * one;
    second = sqrt(second) * one;
    for (size_t cluster = 0; cluster < k; cluster++)
        room->bounds.drifts[1 + cluster] +=
            sqrt(room->moves[cluster]) * one + (cluster == furthest ? second : room->furthest);
    room->step = room->furthest + second;
    room->bounds.drifts[0] += room->step;
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
        note_drift(screen, run->k, room);
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
