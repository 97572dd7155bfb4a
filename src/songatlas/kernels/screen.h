/* Which centroid is nearest: a screen in float32, and the law for what it cannot tell.
 *
 * |x - c|^2 = |x|^2 + (|c|^2 - 2 c.x), and |x|^2 is the same for all centroids: so the score
 * |c|^2 - 2 c.x alone orders them, at one fused multiplication and addition a coordinate.
 */
#include "lanes.h"

#include <math.h>
#include <stdlib.h>

#define LAW_TILE 8              /* centroids whose distances the law sums side by side */
#define PANEL_FLOATS (1 << 15)  /* centroids taken at once, so that they stay in the second cache */
#define GROUP_BLOCKS 64         /* blocks taken through a panel before the next panel comes */
#define PREFETCH_BLOCKS 4       /* how far ahead memory is fetched */
#define MARGIN_SLACK 1e-6f      /* more than the rounding of a root and of the margin itself */
#define LARGEST_SCALED 1e15     /* centroids further out than this overflow float32 when squared */
#define SMALLEST 0x1p-500       /* points nearer together have squares that lose figures in the law, or vanish */
#define ROUNDING 0x1p-24        /* half a unit in the last place of float32 */

/* Centroids made ready: for the screen in float32 tiles, for the law in float64 tiles. */
typedef struct {
    float *weights;     /* (n_tiles, n_dimensions, TILE): -2 c, centred and scaled like the points */
    float *squares;     /* (n_tiles, TILE): |c|^2, infinite for the missing centroids of the last tile */
    double *law;        /* (n_law_tiles, n_dimensions, LAW_TILE): the centroids themselves */
    float error, reach; /* a difference of two scores is wrong by at most error (|x|^2 + reach) */
    size_t n_tiles, n_law_tiles;
} Prepared;

#define WHOLE_BLOCK 0xffffu
#define GROUP_ROWS (GROUP_BLOCKS * BLOCK)

/* Best and second best score of the rows of a group of blocks, and which centroid is best. */
typedef struct {
    float best[GROUP_ROWS], second[GROUP_ROWS];
    int32_t nearest[GROUP_ROWS];
} Standing;

static void prepared_free(Prepared *ready)
{
    free(ready->weights);
    free(ready->squares);
    free(ready->law);
}

static int prepare(Prepared *ready, const Relabeling *mine, const Screen *screen, size_t n_dimensions)
{
    size_t k = mine->k;
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
    int hopeless = screen->scale < SMALLEST; /* the screen would tell apart what the law cannot */
    for (size_t c = 0; c < k; c++) {
        double square = 0.0;
        for (size_t j = 0; j < n_dimensions; j++) {
            double given = mine->centroids[c * n_dimensions + j];
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

/* Squared length of the rows of a part of a block. */
static inline Lanes squared_lengths(const float *rows, size_t n_dimensions, int part)
{
    Lanes length = lanes_splat(0.0f);
    for (size_t j = 0; j < n_dimensions; j++) {
        Lanes x = lanes_load(rows + j * BLOCK + part);
        length = lanes_fma(x, x, length);
    }
    return length;
}

/* By how much rounding can have moved the difference of two scores of rows of this squared length. */
static inline Lanes score_error(const Prepared *ready, Lanes length)
{
    return lanes_fma(lanes_splat(ready->error), lanes_add(length, lanes_splat(ready->reach)), lanes_splat(1e-30f));
}

/* Rows of a block whose two best scores rounding could have swapped, as bits. The longest row speaks for
 * all; only where that is not enough the length of each is looked at. */
static inline uint32_t unsure_rows(const Prepared *ready, const float *rows, size_t n_dimensions, float longest,
                                   const float *best, const float *second)
{
    float most[BLOCK], gap[BLOCK];
    Lanes error = score_error(ready, lanes_splat(longest));
    for (int part = 0; part < BLOCK; part += LANES) {
        lanes_store(gap + part, lanes_sub(lanes_load(second + part), lanes_load(best + part)));
        lanes_store(most + part, error);
    }
    if (block_less(most, gap) == WHOLE_BLOCK)
        return 0;
    for (int part = 0; part < BLOCK; part += LANES)
        lanes_store(most + part, score_error(ready, squared_lengths(rows, n_dimensions, part)));
    return ~block_less(most, gap) & WHOLE_BLOCK;
}

/* Margins of the rows of a block, and the least of them (Hamerly's bound). */
static inline float block_margin(const Prepared *ready, const float *rows, size_t n_dimensions, const float *best,
                                 const float *second, float *margin)
{
    float least = INFINITY;
    Lanes shorter = lanes_splat(1.0f - MARGIN_SLACK), longer = lanes_splat(1.0f + MARGIN_SLACK);
    for (int part = 0; part < BLOCK; part += LANES) {
        Lanes length = squared_lengths(rows, n_dimensions, part), error = score_error(ready, length);
        Lanes low = lanes_sub(lanes_add(lanes_load(second + part), length), error);
        Lanes high = lanes_add(lanes_add(lanes_load(best + part), length), error);
        low = lanes_mul(lanes_root(lanes_max(low, lanes_splat(0.0f))), shorter);
        high = lanes_mul(lanes_root(lanes_max(high, lanes_splat(0.0f))), longer);
        lanes_store(margin + part, lanes_sub(low, high));
    }
    for (int lane = 0; lane < BLOCK; lane++)
        least = margin[lane] < least ? margin[lane] : least;
    return margin[0] == margin[0] ? least : -INFINITY; /* where float32 overflows it does so in every lane */
}

/* Note which rows of a block change their label, and write the new labels. */
static inline void change_labels(Relabeling *mine, size_t first, size_t n_rows, const int32_t *fresh)
{
    int32_t *labels = mine->labels + first;
    uint32_t changed = n_rows < BLOCK ? (1u << n_rows) - 1 : WHOLE_BLOCK, same = 0;
    if (n_rows == BLOCK)
        for (int part = 0; part < BLOCK; part += LANES)
            same |= mask_bits(numbers_equal(numbers_load(fresh + part), numbers_load(labels + part))) << part;
    for (changed &= ~same; changed; changed &= changed - 1) {
        size_t lane = (size_t)__builtin_ctz(changed);
        if (labels[lane] == fresh[lane])
            continue;
        mine->changed[mine->n_changed] = (int64_t)(first + lane);
        mine->before[mine->n_changed++] = labels[lane];
        labels[lane] = fresh[lane];
    }
}

/* Score some blocks against all centroids, panel after panel. */
static void score_group(const Prepared *ready, size_t n_dimensions, const float *blocks, const size_t *group,
                        size_t n_blocks, Standing *standing)
{
    size_t panel = PANEL_FLOATS / (n_dimensions * TILE) & ~(size_t)1;
    panel = panel ? panel : 2;
    for (size_t place = 0; place < n_blocks * BLOCK; place++) {
        standing->best[place] = standing->second[place] = INFINITY;
        standing->nearest[place] = 0;
    }
    for (size_t tile = 0; tile < ready->n_tiles; tile += panel) {
        size_t last_tile = tile + panel < ready->n_tiles ? tile + panel : ready->n_tiles;
        for (size_t number = 0; number < n_blocks; number++) {
            const float *rows = blocks + group[number] * BLOCK * n_dimensions;
            size_t place = number * BLOCK;
            if (tile == 0)
                for (size_t line = 0; line < n_dimensions; line++)
                    __builtin_prefetch((const void *)((uintptr_t)rows + (PREFETCH_BLOCKS * n_dimensions + line) * 64));
            for (size_t part = 0; part < BLOCK; part += STEP)
                score_step(ready, n_dimensions, tile, last_tile, rows + part, standing->best + place + part,
                           standing->second + place + part, standing->nearest + place + part);
        }
    }
}

/* Note until when no label of a block can change; `fresh` are its labels. */
static inline void bound_block(const Prepared *ready, const float *rows, size_t n_dimensions, const float *best,
                               const float *second, const int32_t *fresh, Bounds *bounds, size_t block)
{
    float room[BLOCK], *margin = bounds->margins ? bounds->margins + block * BLOCK : room;
    double least = (double)block_margin(ready, rows, n_dimensions, best, second, margin);
    int32_t kind = 0;
    if (bounds->kinds) {
        int same = 1;
        for (int lane = 1; lane < BLOCK; lane++)
            same &= fresh[lane] == fresh[0];
        kind = same ? 1 + fresh[0] : 0;
        bounds->kinds[block] = kind;
    }
    bounds->until[block] = bounds->drifts[kind] + least;
}

/* Relabel the rows of some blocks. */
static void relabel_group(const Prepared *ready, const Points *points, const Screen *screen, Relabeling *mine,
                          const size_t *group, size_t n_blocks, Standing *standing)
{
    size_t n_dimensions = points->n_dimensions;
    score_group(ready, n_dimensions, screen->blocks, group, n_blocks, standing);
    for (size_t number = 0; number < n_blocks; number++) {
        size_t block = group[number], first = block * BLOCK, place = number * BLOCK;
        size_t n_rows = points->n_rows - first < BLOCK ? points->n_rows - first : BLOCK;
        const float *rows = screen->blocks + first * n_dimensions;
        const float *best = standing->best + place, *second = standing->second + place;
        int32_t *fresh = standing->nearest + place;
        uint32_t unsure = unsure_rows(ready, rows, n_dimensions, screen->longest[block], best, second);
        for (unsure &= n_rows < BLOCK ? (1u << n_rows) - 1 : WHOLE_BLOCK; unsure; unsure &= unsure - 1) {
            size_t lane = (size_t)__builtin_ctz(unsure);
            fresh[lane] = decide(ready, points, mine->order ? (size_t)mine->order[first + lane] : first + lane);
        }
        if (mine->bounds)
            bound_block(ready, rows, n_dimensions, best, second, fresh, mine->bounds, block);
        if (mine->changed)
            change_labels(mine, first, n_rows, fresh);
        else
            memcpy(mine->labels + first, fresh, n_rows * sizeof(int32_t));
    }
}

/* Whether no label of a block can have changed. */
static inline int left_out(Bounds *bounds, size_t block)
{
    int32_t kind = bounds->kinds ? bounds->kinds[block] : 0;
    int out = bounds->until[block] > bounds->drifts[kind];
    bounds->n_left_out += (size_t)out;
    return out;
}

/* Relabel the rows of a range of blocks, without those that can be left out. */
static int relabel(const Points *points, const Screen *screen, Relabeling *mine, size_t first_block,
                   size_t last_block)
{
    Prepared ready = {0};
    Standing *standing = malloc(sizeof *standing);
    size_t group[GROUP_BLOCKS], n_blocks = 0;
    int answer = standing ? prepare(&ready, mine, screen, points->n_dimensions) : -1;
    for (size_t block = first_block; block < last_block && !answer; block++) {
        if (!mine->bounds || !left_out(mine->bounds, block))
            group[n_blocks++] = block;
        if (n_blocks == GROUP_BLOCKS || (n_blocks && block + 1 == last_block)) {
            relabel_group(&ready, points, screen, mine, group, n_blocks, standing);
            n_blocks = 0;
        }
    }
    prepared_free(&ready);
    free(standing);
    return answer;
}
