/* Silhouettes: every distance computed once and added up for all labelings.
 *
 * Sixteen queries, one a lane, meet one song after the other. Distances come from the differences of the
 * coordinates themselves, in float32: so near songs keep all their figures. Then they are rounded to whole
 * numbers, of which the greatest distance has four million, and added up song after song, which loses nothing
 * more. What a cluster has of a strip of songs is a few segments of it, each the difference of two such totals.
 */
#include "lanes.h"

#include <math.h>
#include <stdlib.h>

#define SIDE (TILE * TILES_AT_ONCE) /* songs compared side by side */
#define TOO_NEAR 16384.0            /* of four million: a mean distance below this has lost figures */
#define STRIPS_AT_ONCE 4            /* strips whose distances are summed in float32 before float64 */

typedef struct {
    int32_t *totals; /* (STRIP + 1, 16) */
    float *few;      /* (n_clusters, 16): sums of a few strips */
} Room;

/* Twice the distances of the songs of a strip to the queries of one block, added up: `totals`,
 * (STRIP + 1, 16), receives what all songs before each one come to. */
static void add_distances(const float *songs, size_t n_tiles, const float *queries, size_t n_dimensions,
                          int32_t *totals)
{
    for (size_t part = 0; part < BLOCK; part += STEP) {
        Numbers total[WIDTH];
        for (int w = 0; w < WIDTH; w++) {
            total[w] = numbers_splat(0);
            numbers_store(totals + part + (size_t)w * LANES, total[w]);
        }
        for (size_t first = 0; first < n_tiles * SONG_TILE; first += SIDE) {
            const float *song = songs + first / SONG_TILE * SONG_TILE * n_dimensions + first % SONG_TILE;
            const float *query = queries + part;
            int32_t *to = totals + (first + 1) * BLOCK + part;
            Lanes square[SIDE][WIDTH];
#pragma GCC unroll 8
            for (int t = 0; t < SIDE; t++)
                for (int w = 0; w < WIDTH; w++)
                    square[t][w] = lanes_splat(FLT_MIN); /* the root of 0 would need a special case */
            for (size_t j = 0; j < n_dimensions; j++, song += SONG_TILE, query += BLOCK) {
                Lanes x[WIDTH];
                for (int w = 0; w < WIDTH; w++)
                    x[w] = lanes_load(query + w * LANES);
#pragma GCC unroll 8
                for (int t = 0; t < SIDE; t++) {
                    Lanes y = lanes_splat(song[t]);
                    for (int w = 0; w < WIDTH; w++) {
                        Lanes difference = lanes_sub(x[w], y);
                        square[t][w] = lanes_fma(difference, difference, square[t][w]);
                    }
                }
            }
#pragma GCC unroll 8
            for (int t = 0; t < SIDE; t++, to += BLOCK)
                for (int w = 0; w < WIDTH; w++) {
                    total[w] = numbers_add(total[w], lanes_two_roots(square[t][w]));
                    numbers_store(to + w * LANES, total[w]);
                }
        }
    }
}

/* Add to the sums of 16 queries, (n_clusters, 16), what the segments of one strip come to. */
static void add_segments(const int32_t *segment, const int32_t *end, const int32_t *totals, float *sums)
{
    for (; segment < end; segment += 3) {
        const int32_t *from = totals + (size_t)segment[0] * BLOCK, *to = totals + (size_t)segment[1] * BLOCK;
        float *sum = sums + (size_t)segment[2] * BLOCK;
        for (int part = 0; part < BLOCK; part += LANES) {
            Numbers apart = numbers_sub(numbers_load(to + part), numbers_load(from + part));
            lanes_store(sum + part, lanes_add(lanes_load(sum + part), lanes_from(apart)));
        }
    }
}

/* Add the distances of 16 queries to the songs of a few strips to the sums of every cluster of every labeling,
 * (n_clusters, 16). */
static void sum_strips(const Comparison *given, const float *queries, size_t first, size_t last, Room *room,
                       double *sums)
{
    memset(room->few, 0, given->n_clusters * BLOCK * sizeof(float));
    for (size_t strip = first; strip < last; strip++) {
        size_t start = strip * STRIP, n_songs = start + STRIP < given->n_songs ? STRIP : given->n_songs - start;
        const float *songs = given->songs + start * given->n_dimensions;
        const int32_t *segments = given->segments + 3 * given->strips[strip];
        add_distances(songs, (n_songs + SONG_TILE - 1) / SONG_TILE, queries, given->n_dimensions, room->totals);
        add_segments(segments, given->segments + 3 * given->strips[strip + 1], room->totals, room->few);
    }
    for (size_t place = 0; place < given->n_clusters * BLOCK; place++)
        sums[place] += room->few[place];
}

/* Silhouettes of up to 16 queries in one labeling: (b - a) / max(a, b), 0 for songs alone; NaN where both are so
 * near next to the farthest songs that rounding to whole numbers would show. */
static void contrast(const Comparison *given, size_t labeling, size_t first, size_t n, const double *sums,
                     double *values)
{
    double within[BLOCK], nearest[BLOCK];
    int32_t own[BLOCK];
    for (size_t lane = 0; lane < BLOCK; lane++) {
        size_t query = first + (lane < n ? lane : 0);
        own[lane] = given->own[query * given->n_labelings + labeling];
        double others = given->sizes[own[lane]] - 1.0;
        within[lane] = sums[(size_t)own[lane] * BLOCK + lane] / (others > 1.0 ? others : 1.0);
        nearest[lane] = INFINITY;
    }
    for (int32_t row = (int32_t)given->edges[labeling]; row < (int32_t)given->edges[labeling + 1]; row++)
        for (int lane = 0; lane < BLOCK; lane++) {
            double mean = sums[(size_t)row * BLOCK + (size_t)lane] / given->sizes[row];
            mean = own[lane] == row ? INFINITY : mean;
            nearest[lane] = mean < nearest[lane] ? mean : nearest[lane];
        }
    for (size_t lane = 0; lane < n; lane++) {
        double larger = within[lane] > nearest[lane] ? within[lane] : nearest[lane];
        int alone = given->sizes[own[lane]] <= 1.0;
        double value = alone || !(larger > 0.0) ? 0.0 : (nearest[lane] - within[lane]) / larger;
        values[first + lane] = !alone && larger < TOO_NEAR ? NAN : value;
    }
}

/* The songs are gone through once for all blocks, a few strips at a time that stay in the cache. */
static int compare(const Comparison *given, size_t first_block, size_t last_block, double *values)
{
    size_t n_sums = given->n_clusters * BLOCK, n_strips = (given->n_songs + STRIP - 1) / STRIP;
    double *sums = calloc((last_block - first_block) * n_sums + 1, sizeof(double));
    Room room = {malloc((STRIP + 1) * BLOCK * sizeof(int32_t)), malloc(n_sums * sizeof(float))};
    int answer = sums && room.totals && room.few ? 0 : -1;
    for (size_t strip = 0; strip < n_strips && !answer; strip += STRIPS_AT_ONCE) {
        size_t last = strip + STRIPS_AT_ONCE < n_strips ? strip + STRIPS_AT_ONCE : n_strips;
        for (size_t block = first_block; block < last_block; block++)
            sum_strips(given, given->queries + block * BLOCK * given->n_dimensions, strip, last, &room,
                       sums + (block - first_block) * n_sums);
    }
    for (size_t block = first_block; block < last_block && !answer; block++) {
        size_t first = block * BLOCK, rest = given->n_queries - first;
        for (size_t labeling = 0; labeling < given->n_labelings; labeling++)
            contrast(given, labeling, first, rest < BLOCK ? rest : BLOCK, sums + (block - first_block) * n_sums,
                     values + labeling * given->n_queries);
    }
    free(sums);
    free(room.totals);
    free(room.few);
    return answer;
}

/* The sides of a border: how far each song is from its own cluster and from the nearest other one, squared. */
static void find_sides(const Sides *given)
{
    size_t n_songs = given->n_blocks * BLOCK, n_dimensions = given->n_dimensions;
    for (size_t first = 0; first < n_songs; first += LANES) {
        const float *songs = given->blocks + first / BLOCK * BLOCK * n_dimensions + first % BLOCK;
        Lanes length = lanes_splat(0.0f), none = lanes_splat(0.0f), far = lanes_splat(FLT_MAX);
        for (size_t j = 0; j < n_dimensions; j++)
            length = lanes_fma(lanes_load(songs + j * BLOCK), lanes_load(songs + j * BLOCK), length);
        for (size_t labeling = 0; labeling < given->n_labelings; labeling++) {
            int32_t k = (int32_t)(given->edges[labeling + 1] - given->edges[labeling]);
            const float *line = given->lines + (size_t)given->edges[labeling] * (n_dimensions + 1);
            Numbers own = numbers_load(given->own + labeling * n_songs + first);
            Lanes within = far, nearest = far;
            for (int32_t cluster = 0; cluster < k; cluster++, line += n_dimensions + 1) {
                Lanes square = lanes_add(length, lanes_splat(line[n_dimensions]));
                for (size_t j = 0; j < n_dimensions; j++)
                    square = lanes_fma(lanes_load(songs + j * BLOCK), lanes_splat(line[j]), square);
                square = lanes_max(square, none);
                Mask mine = numbers_equal(own, numbers_splat(cluster));
                within = lanes_pick(mine, square, within);
                nearest = lanes_min(nearest, lanes_pick(mine, far, square));
            }
            lanes_store(given->within + labeling * n_songs + first, within);
            lanes_store(given->nearest + labeling * n_songs + first, nearest);
        }
    }
}
