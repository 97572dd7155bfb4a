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
#define PREFETCH_BLOCKS 4
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

/* Best and second best score of the rows of a group, and which centroid is best. */
typedef struct {
    float best[GROUP_BLOCKS * BLOCK], second[GROUP_BLOCKS * BLOCK];
    int32_t nearest[GROUP_BLOCKS * BLOCK];
} Standing;

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

/* Take one step of rows (part of a block) through the tiles of a panel. */
static inline void score_step(const Prepared *ready, size_t n_dimensions, size_t first_tile, size_t last_tile,
                              const float *rows, float *best_at, float *second_at, int32_t *nearest_at)
{
    Lanes best[WIDTH], second[WIDTH];
    Numbers nearest[WIDTH];
    for (int w = 0; w < WIDTH; w++) {
        best[w] = lanes_load(best_at + w * LANES);
        second[w] = lanes_load(second_at + w * LANES);
        nearest[w] = numbers_load(nearest_at + w * LANES);
    }
    for (size_t tile = first_tile; tile < last_tile; tile++) {
        const float *weights = ready->weights + tile * n_dimensions * TILE;
        const float *row = rows;
        Lanes score[TILE][WIDTH];
#pragma GCC unroll 8
        for (int t = 0; t < TILE; t++)
            for (int w = 0; w < WIDTH; w++)
                score[t][w] = lanes_splat(ready->squares[tile * TILE + (size_t)t]);
        for (size_t j = 0; j < n_dimensions; j++, weights += TILE, row += BLOCK) {
            Lanes x[WIDTH];
            for (int w = 0; w < WIDTH; w++)
                x[w] = lanes_load(row + w * LANES);
#pragma GCC unroll 8
            for (int t = 0; t < TILE; t++) {
                Lanes weight = lanes_splat(weights[t]);
                for (int w = 0; w < WIDTH; w++)
                    score[t][w] = lanes_fma(x[w], weight, score[t][w]);
            }
        }
        /* Best and second best without a branch. Only a smaller score replaces the best, so that the
         * lowest of equal ones stays. */
#pragma GCC unroll 8
        for (int t = 0; t < TILE; t++) {
            Numbers number = numbers_splat((int32_t)(tile * TILE) + t);
            for (int w = 0; w < WIDTH; w++) {
                nearest[w] = numbers_pick(lanes_less(score[t][w], best[w]), number, nearest[w]);
                second[w] = lanes_min(second[w], lanes_max(best[w], score[t][w]));
                best[w] = lanes_min(best[w], score[t][w]);
            }
        }
    }
    for (int w = 0; w < WIDTH; w++) {
        lanes_store(best_at + w * LANES, best[w]);
        lanes_store(second_at + w * LANES, second[w]);
        numbers_store(nearest_at + w * LANES, nearest[w]);
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

/* Rows of a block whose two best scores rounding could have swapped, as bits. */
static inline uint32_t unsure_rows(const Prepared *ready, const float *block, size_t n_dimensions, float longest,
                                   const float *best_at, const float *second_at)
{
    Lanes error = lanes_splat(ready->error), reach = lanes_splat(ready->reach), tiny = lanes_splat(1e-30f);
    Lanes most = lanes_fma(error, lanes_add(lanes_splat(longest), reach), tiny);
    uint32_t unsure = 0;
    for (int part = 0; part < BLOCK; part += LANES) {
        Lanes gap = lanes_sub(lanes_load(second_at + part), lanes_load(best_at + part));
        unsure |= (~mask_bits(lanes_less(most, gap)) & ((1u << LANES) - 1)) << part;
    }
    if (!unsure) /* as good as always: the longest row of the block speaks for all */
        return 0;
    unsure = 0;
    for (int part = 0; part < BLOCK; part += LANES) {
        Lanes length = reach;
        for (size_t j = 0; j < n_dimensions; j++) {
            Lanes x = lanes_load(block + j * BLOCK + part);
            length = lanes_fma(x, x, length);
        }
        Lanes gap = lanes_sub(lanes_load(second_at + part), lanes_load(best_at + part));
        unsure |= (~mask_bits(lanes_less(lanes_fma(error, length, tiny), gap)) & ((1u << LANES) - 1)) << part;
    }
    return unsure;
}

/* Write the labels of one block, and note the rows that changed. */
static inline void settle_block(const Prepared *ready, const Points *points, const Screen *screen,
                                CentroidSet *set, size_t block, const Standing *standing, size_t place)
{
    size_t n_dimensions = points->n_dimensions, first = block * BLOCK;
    size_t n_rows = points->n_rows - first < BLOCK ? points->n_rows - first : BLOCK;
    const float *rows = screen->blocks + first * n_dimensions;
    uint32_t present = n_rows == BLOCK ? 0xffff : (1u << n_rows) - 1;
    uint32_t unsure = unsure_rows(ready, rows, n_dimensions, screen->longest[block], standing->best + place,
                                  standing->second + place) & present;
    int32_t fresh[BLOCK];
    memcpy(fresh, standing->nearest + place, sizeof fresh);
    for (; unsure; unsure &= unsure - 1) {
        size_t lane = (size_t)__builtin_ctz(unsure);
        fresh[lane] = decide(ready, points, first + lane);
    }
    int32_t *labels = set->labels + first;
    if (n_rows < BLOCK || !set->changed) {
        for (size_t lane = 0; lane < n_rows; lane++) {
            if (set->changed && labels[lane] != fresh[lane]) {
                set->changed[set->n_changed] = (int64_t)(first + lane);
                set->before[set->n_changed++] = labels[lane];
            }
            labels[lane] = fresh[lane];
        }
        return;
    }
    uint32_t changed = 0;
    for (int part = 0; part < BLOCK; part += LANES) {
        Mask same = numbers_equal(numbers_load(fresh + part), numbers_load(labels + part));
        changed |= (~mask_bits(same) & ((1u << LANES) - 1)) << part;
    }
    for (; changed; changed &= changed - 1) {
        size_t lane = (size_t)__builtin_ctz(changed);
        set->changed[set->n_changed] = (int64_t)(first + lane);
        set->before[set->n_changed++] = labels[lane];
        labels[lane] = fresh[lane];
    }
}

/* Take a group of blocks through one set of centroids, panel after panel. */
static void relabel_group(const Prepared *ready, const Points *points, const Screen *screen, CentroidSet *set,
                          size_t first_block, size_t last_block, Standing *standing)
{
    size_t n_dimensions = points->n_dimensions;
    size_t panel = PANEL_FLOATS / (n_dimensions * TILE);
    panel = panel ? panel : 1;
    for (size_t place = 0; place < (last_block - first_block) * BLOCK; place++) {
        standing->best[place] = standing->second[place] = INFINITY;
        standing->nearest[place] = 0;
    }
    for (size_t tile = 0; tile < ready->n_tiles; tile += panel) {
        size_t last_tile = tile + panel < ready->n_tiles ? tile + panel : ready->n_tiles;
        for (size_t block = first_block; block < last_block; block++) {
            const float *rows = screen->blocks + block * BLOCK * n_dimensions;
            size_t place = (block - first_block) * BLOCK;
            if (tile == 0) /* the memory of later blocks is fetched while this one is scored */
                for (size_t line = 0; line < n_dimensions; line++)
                    __builtin_prefetch(rows + (PREFETCH_BLOCKS * n_dimensions + line) * BLOCK);
            for (int part = 0; part < BLOCK; part += STEP)
                score_step(ready, n_dimensions, tile, last_tile, rows + part, standing->best + place + part,
                           standing->second + place + part, standing->nearest + place + part);
        }
    }
    for (size_t block = first_block; block < last_block; block++)
        settle_block(ready, points, screen, set, block, standing, (block - first_block) * BLOCK);
}

/* Relabel the rows of some blocks by every set: the rows are read from memory once for all of them. */
static int relabel(const Points *points, const Screen *screen, CentroidSet *sets, size_t n_sets,
                   size_t first_block, size_t last_block)
{
    Prepared *ready = calloc(n_sets ? n_sets : 1, sizeof *ready);
    Standing *standing = malloc(sizeof *standing);
    int answer = ready && standing ? 0 : -1;
    for (size_t s = 0; s < n_sets && !answer; s++)
        answer = prepare(&ready[s], &sets[s], screen, points->n_dimensions);
    for (size_t block = first_block; block < last_block && !answer; block += GROUP_BLOCKS) {
        size_t stop = block + GROUP_BLOCKS < last_block ? block + GROUP_BLOCKS : last_block;
        for (size_t s = 0; s < n_sets; s++)
            relabel_group(&ready[s], points, screen, &sets[s], block, stop, standing);
    }
    for (size_t s = 0; ready && s < n_sets; s++)
        prepared_free(&ready[s]);
    free(ready);
    free(standing);
    return answer;
}
