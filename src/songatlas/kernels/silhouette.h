/* Silhouettes: every distance computed once and added up for all labelings.
 *
 * Sixteen queries, one a lane, meet one song after the other. Distances come from the differences of the
 * coordinates themselves, in float32: so near songs keep all their figures, and equal songs are exactly 0
 * apart. The distances of a strip of songs are added in float32, everything else in float64.
 */
#include "lanes.h"

#include <math.h>
#include <stdlib.h>

#define SIDE (TILE * TILES_AT_ONCE) /* songs compared side by side */

/* Distances of a strip of songs to the queries of one block, (STRIP, 16), each added to those before it in
 * its tile: few enough that float32 loses nothing that shows. */
static void strip_distances(const float *songs, size_t n_tiles, const float *queries, size_t n_dimensions,
                            float *added)
{
    for (size_t part = 0; part < BLOCK; part += STEP) {
        Lanes so_far[WIDTH];
        for (int w = 0; w < WIDTH; w++)
            so_far[w] = lanes_splat(0.0f);
        for (size_t first = 0; first < n_tiles * SONG_TILE; first += SIDE) {
            const float *song = songs + first / SONG_TILE * SONG_TILE * n_dimensions + first % SONG_TILE;
            const float *query = queries + part;
            Lanes square[SIDE][WIDTH];
            for (int w = 0; w < WIDTH && first % SONG_TILE == 0; w++)
                so_far[w] = lanes_splat(0.0f);
#pragma GCC unroll 8
            for (int t = 0; t < SIDE; t++)
                for (int w = 0; w < WIDTH; w++)
                    square[t][w] = lanes_splat(0.0f);
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
            for (int t = 0; t < SIDE; t++)
                for (int w = 0; w < WIDTH; w++) {
                    so_far[w] = lanes_add(so_far[w], lanes_root(square[t][w]));
                    lanes_store(added + (first + (size_t)t) * BLOCK + part + (size_t)w * LANES, so_far[w]);
                }
        }
    }
}

/* What each tile of a strip adds to: the total of all songs before it, (STRIP / SONG_TILE + 1, 16). */
static inline void tile_totals(const float *added, size_t n_songs, double *totals)
{
    for (int part = 0; part < BLOCK; part += DOUBLES) {
        Doubles total = doubles_load(totals + part);
        for (size_t first = 0, tile = 1; first < n_songs; first += SONG_TILE, tile++) {
            size_t last = first + SONG_TILE < n_songs ? first + SONG_TILE - 1 : n_songs - 1;
            total += doubles_from(added + last * BLOCK + part);
            doubles_store(totals + tile * BLOCK + part, total);
        }
    }
}

/* Sum the distances of 16 queries to every cluster of every labeling, (n_clusters, 16). One total runs on
 * over all songs; `marks` keeps for each labeling what it was when the label last changed. So a run costs
 * something only for the labelings that change after it, however many there are. */
static void sum_block(const Comparison *given, const float *queries, float *added, double *marks, double *sums)
{
    double totals[(STRIP / SONG_TILE + 1) * BLOCK] = {0};
    size_t end = 0;
    memset(marks, 0, given->n_labelings * BLOCK * sizeof(double));
    memset(sums, 0, given->n_clusters * BLOCK * sizeof(double));
    for (size_t start = 0; start < given->n_songs; start += STRIP) {
        size_t n_songs = start + STRIP < given->n_songs ? STRIP : given->n_songs - start;
        size_t n_tiles = (n_songs + SONG_TILE - 1) / SONG_TILE;
        strip_distances(given->songs + start * given->n_dimensions, n_tiles, queries, given->n_dimensions, added);
        tile_totals(added, n_songs, totals);
        for (; end < given->n_ends && (size_t)given->ends[end] < start + n_songs; end++) {
            size_t song = (size_t)given->ends[end] - start;
            double *mark = marks + (size_t)given->ending[2 * end] * BLOCK;
            double *sum = sums + (size_t)given->ending[2 * end + 1] * BLOCK;
            for (int part = 0; part < BLOCK; part += DOUBLES) {
                Doubles now = doubles_load(totals + song / SONG_TILE * BLOCK + part);
                now += doubles_from(added + song * BLOCK + part);
                doubles_store(sum + part, doubles_load(sum + part) + (now - doubles_load(mark + part)));
                doubles_store(mark + part, now);
            }
        }
        memcpy(totals, totals + n_tiles * BLOCK, BLOCK * sizeof(double));
    }
}

/* Silhouettes of up to 16 queries in one labeling: (b - a) / max(a, b), 0 for songs alone. */
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
        values[first + lane] = alone || !(larger > 0.0) ? 0.0 : (nearest[lane] - within[lane]) / larger;
    }
}

static int compare(const Comparison *given, size_t first_block, size_t last_block, double *values)
{
    size_t n_clusters = given->n_clusters;
    double *sums = malloc(n_clusters * BLOCK * sizeof(double));
    double *marks = malloc(given->n_labelings * BLOCK * sizeof(double));
    float *added = malloc(STRIP * BLOCK * sizeof(float));
    int answer = sums && marks && added ? 0 : -1;
    for (size_t block = first_block; block < last_block && !answer; block++) {
        size_t first = block * BLOCK, rest = given->n_queries - first;
        size_t n = rest < BLOCK ? rest : BLOCK;
        sum_block(given, given->queries + first * given->n_dimensions, added, marks, sums);
        for (size_t place = 0; place < n_clusters * BLOCK; place++)
            sums[place] *= given->scale;
        for (size_t labeling = 0; labeling < given->n_labelings; labeling++)
            contrast(given, labeling, first, n, sums, values + labeling * given->n_queries);
    }
    free(sums);
    free(marks);
    free(added);
    return answer;
}
