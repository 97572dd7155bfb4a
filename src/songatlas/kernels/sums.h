/* Sums of the rows of every cluster: added row after row, many coordinates at once.
 *
 * Coordinates never meet in these sums, so the width of the registers changes no bit. A register reads on
 * past the end of a row, into the next: what it finds there goes into the padding of the sums, and nowhere
 * else. Only the last rows, with nothing behind them, are read number by number.
 */
#include "lanes.h"

#include <stdlib.h>

/* The place of a row's sums: each cluster's begin where a register does. */
static inline size_t padded(size_t n_dimensions)
{
    return (n_dimensions + DOUBLES - 1) / DOUBLES * DOUBLES;
}

/* Rows that have at least a register's width of numbers behind their end. */
static inline size_t rows_with_room(const Points *points)
{
    size_t over = padded(points->n_dimensions) - points->n_dimensions;
    size_t without = (over + points->n_dimensions - 1) / points->n_dimensions;
    return points->n_rows > without ? points->n_rows - without : 0;
}

/* Add a row, times its weight, to a padded sum. */
static inline __attribute__((always_inline)) void add_row(const Points *points, size_t row, int is_double,
                                                          int has_room, double weight, int weighted, double *sum)
{
    size_t n_dimensions = points->n_dimensions, first = row * n_dimensions;
    const double *doubles = (const double *)points->values + first;
    const float *singles = (const float *)points->values + first;
    if (has_room) {
        Doubles factor = weight - (Doubles){0};
        for (size_t j = 0; j < n_dimensions; j += DOUBLES) {
            Doubles x = is_double ? doubles_load(doubles + j) : doubles_from(singles + j);
            doubles_store(sum + j, doubles_load(sum + j) + (weighted ? x * factor : x));
        }
    } else {
        for (size_t j = 0; j < n_dimensions; j++) {
            double x = is_double ? doubles[j] : (double)singles[j];
            sum[j] += weighted ? x * weight : x;
        }
    }
}

/* Copy tables of sums, (k, n_dimensions), into padded room or back; the room is freed on the way back. */
static double *pad(const double *sums, size_t k, size_t n_dimensions)
{
    size_t stride = padded(n_dimensions);
    double *room = calloc(k * stride, sizeof(double));
    for (size_t cluster = 0; room && cluster < k; cluster++)
        memcpy(room + cluster * stride, sums + cluster * n_dimensions, n_dimensions * sizeof(double));
    return room;
}

static void unpad(double *room, double *sums, size_t k, size_t n_dimensions)
{
    size_t stride = padded(n_dimensions);
    for (size_t cluster = 0; cluster < k; cluster++)
        memcpy(sums + cluster * n_dimensions, room + cluster * stride, n_dimensions * sizeof(double));
    free(room);
}

/* Add a row to the sum of its cluster; the compiler makes a loop of its own for each kind of points. */
static inline __attribute__((always_inline)) void add_to(const Points *points, size_t row, size_t room,
                                                         double weight, int weighted, double *sum)
{
    if (points->is_double)
        add_row(points, row, 1, row < room, weight, weighted, sum);
    else
        add_row(points, row, 0, row < room, weight, weighted, sum);
}

static int64_t sum(const Points *points, const int32_t *labels, const double *weights, size_t first, size_t last,
                   size_t k, double *sums, double *counts)
{
    size_t stride = padded(points->n_dimensions), room = rows_with_room(points), row = first;
    double *mine = pad(sums, k, points->n_dimensions);
    if (!mine)
        return NO_MEMORY;
    for (; row < last; row++) {
        int32_t label = labels[row];
        if (label < 0 || (size_t)label >= k)
            break;
        if (weights)
            add_to(points, row, room, weights[row], 1, mine + (size_t)label * stride);
        else
            add_to(points, row, room, 1.0, 0, mine + (size_t)label * stride);
        counts[label] += weights ? weights[row] : 1.0;
    }
    unpad(mine, sums, k, points->n_dimensions);
    return row < last ? (int64_t)row : -1;
}

static int64_t move(const Points *points, const int32_t *labels, const int64_t *changed, const int32_t *before,
                    size_t n_changed, size_t k, double *gained, double *lost, double *gained_counts,
                    double *lost_counts)
{
    size_t stride = padded(points->n_dimensions), room = rows_with_room(points), place = 0;
    double *gain = pad(gained, k, points->n_dimensions), *loss = pad(lost, k, points->n_dimensions);
    if (!gain || !loss) {
        free(gain);
        free(loss);
        return NO_MEMORY;
    }
    for (; place < n_changed; place++) {
        int64_t row = changed[place];
        if (row < 0 || (size_t)row >= points->n_rows)
            break;
        int32_t to = labels[row], from = before[place];
        if (to < 0 || from < 0 || (size_t)to >= k || (size_t)from >= k)
            break;
        if (place + AHEAD < n_changed)
            fetch_row(points, changed[place + AHEAD]);
        add_to(points, (size_t)row, room, 1.0, 0, gain + (size_t)to * stride);
        add_to(points, (size_t)row, room, 1.0, 0, loss + (size_t)from * stride);
        gained_counts[to] += 1.0;
        lost_counts[from] += 1.0;
    }
    unpad(gain, gained, k, points->n_dimensions);
    unpad(loss, lost, k, points->n_dimensions);
    return place < n_changed ? (int64_t)place : -1;
}
