/* Which centroid is nearest: a screen in float32, and the law for what it cannot tell.
 *
 * |x - c|^2 = |x|^2 + (|c|^2 - 2 c.x), and |x|^2 is the same for all centroids: so the score
 * |c|^2 - 2 c.x alone orders them, at one fused multiplication and addition a coordinate.
 *
 * Late passes change few labels. A row that is nearer to its own centroid than to the second by a margin
 * keeps its label until the centroids have drifted that far (Hamerly's bound), so only the other rows are
 * looked at: in place where a block has many of them, else gathered into blocks of their own.
 */
#include "lanes.h"

#include <math.h>
#include <stdlib.h>

#define LAW_TILE 8              /* centroids whose distances the law sums side by side */
#define PANEL_FLOATS (1 << 15)  /* centroids taken at once, so that they stay in the second cache */
#define GROUP_BLOCKS 64         /* blocks taken through a panel before the next panel comes */
#define PREFETCH_UNITS 4  /* units whose memory is fetched ahead */
#define DENSE 6                 /* rows to look at from which a block is scored as a whole */
#define MARGIN_SLACK 1e-4f      /* what the rounding of margins and drift stays far below */
#define LARGEST_SCALED 1e15     /* centroids further out than this overflow float32 when squared */
#define ROUNDING 0x1p-24        /* half a unit in the last place of float32 */

/* Centroids made ready: for the screen in float32 tiles, for the law in float64 tiles. */
typedef struct {
    float *weights;     /* (n_tiles, n_dimensions, TILE): -2 c, centred and scaled like the points */
    float *squares;     /* (n_tiles, TILE): |c|^2, infinite for the missing centroids of the last tile */
    double *law;        /* (n_law_tiles, n_dimensions, LAW_TILE): the centroids themselves */
    float error, reach; /* a difference of two scores is wrong by at most error (|x|^2 + reach) */
    size_t n_tiles, n_law_tiles;
} Prepared;

#define GROUP_ROWS (GROUP_BLOCKS * BLOCK)

/* The work on a group of blocks: units of 16 rows, blocks as they stand or rows gathered from several. */
typedef struct {
    size_t n_units;
    const float *rows[GROUP_BLOCKS]; /* coordinates of each unit */
    float longest[GROUP_BLOCKS];     /* greatest squared length in it */
    size_t n_dense;                  /* units before this one are blocks as they stand */
    uint16_t blocks[GROUP_BLOCKS];   /* which block of the group a dense unit is */
    uint16_t places[GROUP_ROWS];     /* place of each row of the other units in the group */
    float best[GROUP_ROWS], second[GROUP_ROWS];
    int32_t nearest[GROUP_ROWS], fresh[GROUP_ROWS];
    float *gathered; /* room for the gathered units */
} Group;

static void prepared_free(Prepared *ready)
{
    free(ready->weights);
    free(ready->squares);
    free(ready->law);
}

static int prepare(Prepared *ready, const CentroidSet *set, const Screen *screen, size_t n_dimensions)
{
    size_t k = set->k;
    double greatest = 0.0;
    ready->n_tiles = (k + TILE - 1) / TILE;
    ready->n_law_tiles = (k + LAW_TILE - 1) / LAW_TILE;
    ready->weights = calloc(ready->n_tiles * TILE * n_dimensions, sizeof(float));
    ready->squares = malloc(ready->n_tiles * TILE * sizeof(float));
    ready->law = malloc(ready->n_law_tiles * LAW_TILE * n_dimensions * sizeof(double));
    if (!ready->weights || !ready->squares || !ready->law)
        return -1;
    for (size_t place = 0; place < ready->n_law_tiles * LAW_TILE * n_dimensions; place++)
        ready->law[place] = INFINITY;
    for (size_t place = 0; place < ready->n_tiles * TILE; place++)
        ready->squares[place] = INFINITY;
    int hopeless = 0;
    for (size_t c = 0; c < k; c++) {
        double square = 0.0;
        for (size_t j = 0; j < n_dimensions; j++) {
            double given = set->centroids[c * n_dimensions + j];
            double scaled = (given - screen->shift[j]) / screen->scale;
            ready->weights[(c / TILE * n_dimensions + j) * TILE + c % TILE] = (float)(-2.0 * scaled);
            ready->law[(c / LAW_TILE * n_dimensions + j) * LAW_TILE + c % LAW_TILE] = given;
            square += scaled * scaled;
            hopeless |= !(fabs(scaled) < LARGEST_SCALED);
        }
        ready->squares[c] = (float)square;
        greatest = square > greatest ? square : greatest;
    }
    /* Coordinate, centroid and each partial sum are rounded once, of at most |x|^2 + 2 |c|^2 in size;
     * two scores differ wrongly by twice that. Without bounds every row goes to the law. */
    ready->error = hopeless ? INFINITY : (float)(2.0 * (double)(n_dimensions + 4) * ROUNDING * 1.001);
    ready->reach = (float)(2.0 * greatest * 1.001);
    return 0;
}

/* Best and second best score so far of one step of rows, and which centroid is best. */
typedef struct {
    Lanes best[WIDTH], second[WIDTH];
    Numbers nearest[WIDTH];
} Leaders;

/* Score one step of rows (part of a block) against `n_tiles` adjacent tiles; the compiler is given the
 * number, so that all scores stay in registers. */
static inline __attribute__((always_inline)) void score_tiles(const Prepared *ready, size_t n_dimensions,
                                                              size_t tile, int n_tiles, const float *row,
                                                              Leaders *leaders)
{
    const float *weights = ready->weights + tile * n_dimensions * TILE;
    Lanes score[2 * TILE][WIDTH];
#pragma GCC unroll 8
    for (int t = 0; t < n_tiles * TILE; t++)
        for (int w = 0; w < WIDTH; w++)
            score[t][w] = lanes_splat(ready->squares[tile * TILE + (size_t)t]);
    for (size_t j = 0; j < n_dimensions; j++, weights += TILE, row += BLOCK) {
        Lanes x[WIDTH];
        for (int w = 0; w < WIDTH; w++)
            x[w] = lanes_load(row + w * LANES);
#pragma GCC unroll 8
        for (int t = 0; t < n_tiles * TILE; t++) {
            Lanes weight = lanes_splat((t < TILE ? weights : weights + (n_dimensions - 1) * TILE)[t]);
            for (int w = 0; w < WIDTH; w++)
                score[t][w] = lanes_fma(x[w], weight, score[t][w]);
        }
    }
    /* Best and second best without a branch. Only a smaller score replaces the best, so that the lowest
     * of equal ones stays. */
#pragma GCC unroll 8
    for (int t = 0; t < n_tiles * TILE; t++) {
        Numbers number = numbers_splat((int32_t)(tile * TILE) + t);
        for (int w = 0; w < WIDTH; w++) {
            leaders->nearest[w] = numbers_pick(lanes_less(score[t][w], leaders->best[w]), number,
                                               leaders->nearest[w]);
            leaders->second[w] = lanes_min(leaders->second[w], lanes_max(leaders->best[w], score[t][w]));
            leaders->best[w] = lanes_min(leaders->best[w], score[t][w]);
        }
    }
}

/* Take one step of rows through the tiles of a panel, two tiles at once where registers are many. */
static inline void score_step(const Prepared *ready, size_t n_dimensions, size_t tile, size_t last_tile,
                              const float *rows, float *best_at, float *second_at, int32_t *nearest_at)
{
    Leaders leaders;
    for (int w = 0; w < WIDTH; w++) {
        leaders.best[w] = lanes_load(best_at + w * LANES);
        leaders.second[w] = lanes_load(second_at + w * LANES);
        leaders.nearest[w] = numbers_load(nearest_at + w * LANES);
    }
    for (; TILES_AT_ONCE == 2 && tile + 2 <= last_tile; tile += 2)
        score_tiles(ready, n_dimensions, tile, 2, rows, &leaders);
    for (; tile < last_tile; tile++)
        score_tiles(ready, n_dimensions, tile, 1, rows, &leaders);
    for (int w = 0; w < WIDTH; w++) {
        lanes_store(best_at + w * LANES, leaders.best[w]);
        lanes_store(second_at + w * LANES, leaders.second[w]);
        numbers_store(nearest_at + w * LANES, leaders.nearest[w]);
    }
}

/* Decide one row by the law. The compiler sums LAW_TILE distances side by side, each in its own order. */
static int32_t decide(const Prepared *ready, const Points *points, size_t row)
{
    size_t n_dimensions = points->n_dimensions;
    const float *singles = (const float *)points->values + row * n_dimensions;
    const double *doubles = (const double *)points->values + row * n_dimensions;
    double least = INFINITY;
    size_t nearest = 0;
    for (size_t tile = 0; tile < ready->n_law_tiles; tile++) {
        const double *law = ready->law + tile * n_dimensions * LAW_TILE;
        double total[LAW_TILE] = {0};
        for (size_t j = 0; j < n_dimensions; j++, law += LAW_TILE) {
            double x = points->is_double ? doubles[j] : (double)singles[j];
            for (int c = 0; c < LAW_TILE; c++) {
                double difference = x - law[c];
                total[c] += difference * difference;
            }
        }
        for (size_t c = 0; c < LAW_TILE; c++)
            if (total[c] < least) {
                least = total[c];
                nearest = tile * LAW_TILE + c;
            }
    }
    return (int32_t)nearest;
}

/* Bits of the lanes in which `a` is less than `b`, of a whole block. */
static inline uint32_t block_less(const float *a, const float *b)
{
    uint32_t bits = 0;
    for (int part = 0; part < BLOCK; part += LANES)
        bits |= mask_bits(lanes_less(lanes_load(a + part), lanes_load(b + part))) << part;
    return bits;
}

/* Rows of a unit whose two best scores rounding could have swapped, as bits. The longest row speaks for
 * all; only where that is not enough the length of each is looked at. */
static inline uint32_t unsure_rows(const Prepared *ready, const Group *group, size_t unit, size_t n_dimensions)
{
    float most[BLOCK], gap[BLOCK];
    Lanes error = lanes_splat(ready->error), reach = lanes_splat(ready->reach), tiny = lanes_splat(1e-30f);
    Lanes length = lanes_add(lanes_splat(group->longest[unit]), reach);
    for (int part = 0; part < BLOCK; part += LANES) {
        Lanes second = lanes_load(group->second + unit * BLOCK + part);
        lanes_store(gap + part, lanes_sub(second, lanes_load(group->best + unit * BLOCK + part)));
        lanes_store(most + part, lanes_fma(error, length, tiny));
    }
    if (block_less(most, gap) == 0xffff)
        return 0;
    for (int part = 0; part < BLOCK; part += LANES) {
        length = reach;
        for (size_t j = 0; j < n_dimensions; j++) {
            Lanes x = lanes_load(group->rows[unit] + j * BLOCK + part);
            length = lanes_fma(x, x, length);
        }
        lanes_store(most + part, lanes_fma(error, length, tiny));
    }
    return ~block_less(most, gap) & 0xffff;
}

/* How far the centroids may drift before the rows of a unit have to be looked at again. */
static inline void margins(const Prepared *ready, const Group *group, size_t unit, size_t n_dimensions,
                           float drift, float *sure)
{
    Lanes error = lanes_splat(ready->error), reach = lanes_splat(ready->reach), none = lanes_splat(0.0f);
    Lanes tiny = lanes_splat(1e-30f), slack = lanes_splat(1.0f - MARGIN_SLACK);
    for (int part = 0; part < BLOCK; part += LANES) {
        Lanes length = none;
        for (size_t j = 0; j < n_dimensions; j++) {
            Lanes x = lanes_load(group->rows[unit] + j * BLOCK + part);
            length = lanes_fma(x, x, length);
        }
        Lanes wrong = lanes_fma(error, lanes_add(length, reach), tiny);
        Lanes near = lanes_add(lanes_add(lanes_load(group->best + unit * BLOCK + part), length), wrong);
        Lanes far = lanes_sub(lanes_add(lanes_load(group->second + unit * BLOCK + part), length), wrong);
        Lanes margin = lanes_sub(lanes_root(lanes_max(far, none)), lanes_root(lanes_max(near, none)));
        lanes_store(sure + part, lanes_fma(margin, slack, lanes_splat(drift)));
    }
}

/* Lay a row, centred and scaled as in the screen, into one lane of a unit. */
static inline void gather_row(const Points *points, const Screen *screen, size_t row, float *to)
{
    size_t n_dimensions = points->n_dimensions;
    double one_over = 1.0 / screen->scale;
    if (points->is_double) {
        const double *x = (const double *)points->values + row * n_dimensions;
        for (size_t j = 0; j < n_dimensions; j++)
            to[j * BLOCK] = (float)((x[j] - screen->shift[j]) * one_over);
    } else {
        const float *x = (const float *)points->values + row * n_dimensions;
        for (size_t j = 0; j < n_dimensions; j++)
            to[j * BLOCK] = (float)(((double)x[j] - screen->shift[j]) * one_over);
    }
}

/* Make units of the rows of a group that have to be looked at. */
static void gather_units(const Points *points, const Screen *screen, const CentroidSet *set, size_t first_block,
                         size_t last_block, Group *group)
{
    size_t n_dimensions = points->n_dimensions, first = first_block * BLOCK, n_sparse = 0;
    size_t row_bytes = n_dimensions * (points->is_double ? sizeof(double) : sizeof(float));
    uint16_t sparse[GROUP_ROWS];
    Lanes drift = lanes_splat(set->drift);
    group->n_units = 0;
    for (size_t block = first_block; block < last_block; block++) {
        size_t rest = points->n_rows - block * BLOCK, place = (block - first_block) * BLOCK;
        uint32_t active = rest < BLOCK ? (1u << rest) - 1 : 0xffff, sure = 0;
        if (set->sure_until && rest >= BLOCK)
            for (int part = 0; part < BLOCK; part += LANES)
                sure |= mask_bits(lanes_less(drift, lanes_load(set->sure_until + block * BLOCK + part))) << part;
        active &= ~sure;
        if (rest < BLOCK || __builtin_popcount(active) >= DENSE) {
            size_t unit = group->n_units++;
            group->rows[unit] = screen->blocks + block * BLOCK * n_dimensions;
            group->longest[unit] = screen->longest[block];
            group->blocks[unit] = (uint16_t)(block - first_block);
            continue;
        }
        for (; active; active &= active - 1) {
            sparse[n_sparse] = (uint16_t)(place + (size_t)__builtin_ctz(active));
            uintptr_t row = (uintptr_t)points->values + (first + sparse[n_sparse++]) * row_bytes;
            for (size_t byte = 0; byte < row_bytes + 63; byte += 64)
                __builtin_prefetch((const void *)(row + byte));
        }
    }
    group->n_dense = group->n_units;
    for (size_t next = 0; next < n_sparse; next += BLOCK) {
        size_t unit = group->n_units++;
        float *rows = group->gathered + next * n_dimensions;
        group->rows[unit] = rows;
        group->longest[unit] = INFINITY; /* not known: look at every length */
        for (size_t lane = 0; lane < BLOCK; lane++) { /* the last row fills up the last unit */
            uint16_t place = sparse[next + lane < n_sparse ? next + lane : n_sparse - 1];
            group->places[unit * BLOCK + lane] = place;
            gather_row(points, screen, first + place, rows + lane);
        }
    }
}

/* Score the units of a group against all centroids, panel after panel. */
static void score_units(const Prepared *ready, size_t n_dimensions, Group *group)
{
    size_t panel = PANEL_FLOATS / (n_dimensions * TILE);
    panel = panel > 2 ? panel & ~(size_t)1 : 2;
    for (size_t place = 0; place < group->n_units * BLOCK; place++) {
        group->best[place] = group->second[place] = INFINITY;
        group->nearest[place] = 0;
    }
    for (size_t tile = 0; tile < ready->n_tiles; tile += panel) {
        size_t last_tile = tile + panel < ready->n_tiles ? tile + panel : ready->n_tiles;
        for (size_t unit = 0; unit < group->n_units; unit++) {
            size_t place = unit * BLOCK;
            if (tile == 0 && unit + PREFETCH_UNITS < group->n_units) /* fetched while this one is scored */
                for (size_t line = 0; line < n_dimensions; line++)
                    __builtin_prefetch(group->rows[unit + PREFETCH_UNITS] + line * BLOCK);
            for (int part = 0; part < BLOCK; part += STEP)
                score_step(ready, n_dimensions, tile, last_tile, group->rows[unit] + part,
                           group->best + place + part, group->second + place + part,
                           group->nearest + place + part);
        }
    }
}

/* Compare the fresh labels of a group with the old ones, in order of the rows, and note what changed. */
static void note_changes(CentroidSet *set, size_t first, size_t n_rows, const int32_t *fresh)
{
    int32_t *labels = set->labels + first;
    for (size_t place = 0; place < n_rows; place += BLOCK) {
        size_t n = n_rows - place < BLOCK ? n_rows - place : BLOCK;
        uint32_t changed = n < BLOCK ? (1u << n) - 1 : 0xffff, same = 0;
        if (n == BLOCK)
            for (size_t part = 0; part < BLOCK; part += LANES)
                same |= mask_bits(numbers_equal(numbers_load(fresh + place + part),
                                                numbers_load(labels + place + part))) << part;
        for (changed &= ~same; changed; changed &= changed - 1) {
            size_t at = place + (size_t)__builtin_ctz(changed);
            if (labels[at] == fresh[at])
                continue;
            set->changed[set->n_changed] = (int64_t)(first + at);
            set->before[set->n_changed++] = labels[at];
            labels[at] = fresh[at];
        }
    }
}

/* Settle the labels of a unit, by the law where the screen is not sure, and its margins. */
static inline void settle_unit(const Prepared *ready, const Points *points, CentroidSet *set, size_t first,
                               size_t n_rows, size_t unit, Group *group)
{
    uint32_t unsure = unsure_rows(ready, group, unit, points->n_dimensions);
    int32_t *found = group->nearest + unit * BLOCK;
    if (unit < group->n_dense) {
        size_t start = (size_t)group->blocks[unit] * BLOCK;
        size_t n = n_rows - start < BLOCK ? n_rows - start : BLOCK;
        for (unsure &= n < BLOCK ? (1u << n) - 1 : 0xffff; unsure; unsure &= unsure - 1) {
            size_t lane = (size_t)__builtin_ctz(unsure);
            found[lane] = decide(ready, points, first + start + lane);
        }
        memcpy(group->fresh + start, found, BLOCK * sizeof(int32_t));
        if (set->sure_until) {
            float sure[BLOCK];
            margins(ready, group, unit, points->n_dimensions, set->drift, sure);
            memcpy(set->sure_until + first + start, sure, n * sizeof(float));
        }
        return;
    }
    const uint16_t *places = group->places + unit * BLOCK;
    float sure[BLOCK];
    margins(ready, group, unit, points->n_dimensions, set->drift, sure);
    for (; unsure; unsure &= unsure - 1) {
        size_t lane = (size_t)__builtin_ctz(unsure);
        found[lane] = decide(ready, points, first + places[lane]);
    }
    for (size_t lane = 0; lane < BLOCK; lane++) {
        group->fresh[places[lane]] = found[lane];
        set->sure_until[first + places[lane]] = sure[lane];
    }
}

/* Take a group of blocks through one set of centroids. */
static void relabel_group(const Prepared *ready, const Points *points, const Screen *screen, CentroidSet *set,
                          size_t first_block, size_t last_block, Group *group)
{
    size_t first = first_block * BLOCK, rest = points->n_rows - first;
    size_t n_rows = (last_block - first_block) * BLOCK < rest ? (last_block - first_block) * BLOCK : rest;
    gather_units(points, screen, set, first_block, last_block, group);
    if (!group->n_units)
        return;
    score_units(ready, points->n_dimensions, group);
    memcpy(group->fresh, set->labels + first, n_rows * sizeof(int32_t));
    for (size_t unit = 0; unit < group->n_units; unit++)
        settle_unit(ready, points, set, first, n_rows, unit, group);
    if (set->changed)
        note_changes(set, first, n_rows, group->fresh);
    else
        memcpy(set->labels + first, group->fresh, n_rows * sizeof(int32_t));
}

/* Relabel the rows of some blocks by every set: the rows are read from memory once for all of them. */
static int relabel(const Points *points, const Screen *screen, CentroidSet *sets, size_t n_sets,
                   size_t first_block, size_t last_block)
{
    size_t most_gathered = GROUP_ROWS / BLOCK * (DENSE - 1) + BLOCK;
    Prepared *ready = calloc(n_sets ? n_sets : 1, sizeof *ready);
    Group *group = calloc(1, sizeof *group);
    float *gathered = malloc(most_gathered * points->n_dimensions * sizeof(float));
    int answer = ready && group && gathered ? 0 : -1;
    for (size_t s = 0; s < n_sets && !answer; s++)
        answer = prepare(&ready[s], &sets[s], screen, points->n_dimensions);
    if (!answer)
        group->gathered = gathered;
    for (size_t block = first_block; block < last_block && !answer; block += GROUP_BLOCKS) {
        size_t stop = block + GROUP_BLOCKS < last_block ? block + GROUP_BLOCKS : last_block;
        for (size_t s = 0; s < n_sets; s++)
            relabel_group(&ready[s], points, screen, &sets[s], block, stop, group);
    }
    for (size_t s = 0; ready && s < n_sets; s++)
        prepared_free(&ready[s]);
    free(ready);
    free(group);
    free(gathered);
    return answer;
}
