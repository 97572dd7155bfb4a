#include "rows.h"

#include <math.h>

#define WINDOW 256 /* runs a tour chooses the next from */

/* Run a statement for every coordinate x of a row, in a loop of its own for each kind of points. */
#define EACH_COORDINATE(points, row, j, x, statement)                                            \
    do {                                                                                         \
        size_t each_first = (row) * (points)->n_dimensions;                                      \
        if ((points)->is_double)                                                                 \
            for (size_t j = 0; j < (points)->n_dimensions; j++) {                                \
                double x = ((const double *)(points)->values)[each_first + j];                   \
                statement;                                                                       \
            }                                                                                    \
        else                                                                                     \
            for (size_t j = 0; j < (points)->n_dimensions; j++) {                                \
                double x = (double)((const float *)(points)->values)[each_first + j];            \
                statement;                                                                       \
            }                                                                                    \
    } while (0)

double rows_reach(const Points *points, const double *shift, size_t first, size_t last)
{
    double reach = 0.0;
    for (size_t row = first; row < last; row++)
        EACH_COORDINATE(points, row, j, x, {
            double distance = fabs(x - shift[j]);
            reach = distance > reach ? distance : reach;
        });
    return reach;
}

int64_t rows_pack(const Points *points, const int64_t *order, size_t n_packed, const double *shift, double scale,
                  size_t width, size_t first_tile, size_t last_tile, float *tiles, float *longest)
{
    size_t n_dimensions = points->n_dimensions;
    double one_over = 1.0 / scale; /* a power of two, so that multiplying is dividing */
    for (size_t tile = first_tile; tile < last_tile; tile++) {
        float *to = tiles + tile * n_dimensions * width;
        double greatest = 0.0;
        for (size_t lane = 0; lane < width; lane++) {
            size_t place = tile * width + lane;
            if (place >= n_packed) {
                for (size_t j = 0; j < n_dimensions; j++)
                    to[j * width + lane] = 0.0f;
                continue;
            }
            if (order && (order[place] < 0 || (size_t)order[place] >= points->n_rows))
                return (int64_t)place;
            if (order && place + AHEAD < n_packed)
                fetch_row(points, order[place + AHEAD]);
            size_t row = order ? (size_t)order[place] : place;
            double square = 0.0;
            EACH_COORDINATE(points, row, j, x, {
                float scaled = (float)((x - shift[j]) * one_over);
                to[j * width + lane] = scaled;
                square += (double)scaled * (double)scaled;
            });
            greatest = square > greatest ? square : greatest;
        }
        if (longest)
            longest[tile] = (float)(greatest * (1.0 + 1e-6));
    }
    return -1;
}

/* The law for one row and one centroid. */
static inline double law(const Points *points, size_t row, const double *centroid)
{
    double total = 0.0;
    EACH_COORDINATE(points, row, j, x, {
        double difference = x - centroid[j];
        total += difference * difference;
    });
    return total;
}

int64_t rows_distances(const Points *points, const double *centroids, const int32_t *labels, size_t first,
                       size_t last, size_t k, double *distances)
{
    for (size_t row = first; row < last; row++) {
        int32_t label = labels[row];
        if (label < 0 || (size_t)label >= k)
            return (int64_t)row;
        distances[row] = law(points, row, centroids + (size_t)label * points->n_dimensions);
    }
    return -1;
}

int64_t rows_spread(const Points *points, const double *centroids, const int32_t *labels, size_t first,
                    size_t last, size_t k, double *squares, double *lengths)
{
    for (size_t row = first; row < last; row++) {
        int32_t label = labels[row];
        if (label < 0 || (size_t)label >= k)
            return (int64_t)row;
        double square = law(points, row, centroids + (size_t)label * points->n_dimensions);
        squares[label] += square;
        lengths[label] += sqrt(square);
    }
    return -1;
}

void rows_tour(uint16_t *labels, size_t n_labelings, size_t n_runs, int64_t *order)
{
    for (size_t run = 0; run < n_runs; run++)
        order[run] = (int64_t)run;
    for (size_t at = 0; at + 2 < n_runs; at++) {
        size_t first = at + 1, n = n_runs - first < WINDOW ? n_runs - first : WINDOW, nearest = 0;
        uint16_t alike[WINDOW] = {0};
        for (size_t labeling = 0; labeling < n_labelings; labeling++) {
            const uint16_t *mine = labels + labeling * n_runs, here = mine[at];
            for (size_t run = 0; run < n; run++)
                alike[run] = (uint16_t)(alike[run] + (mine[first + run] == here));
        }
        for (size_t run = 1; run < n; run++)
            nearest = alike[run] > alike[nearest] ? run : nearest;
        int64_t swapped = order[first];
        order[first] = order[first + nearest];
        order[first + nearest] = swapped;
        for (size_t labeling = 0; labeling < n_labelings; labeling++) {
            uint16_t *mine = labels + labeling * n_runs + first, kept = mine[0];
            mine[0] = mine[nearest];
            mine[nearest] = kept;
        }
    }
}
