/* Greedy k-means++: what is left of the distances if one candidate or another became a centroid. */
#include "lanes.h"

#define SEED_ROWS 512 /* rows taken through all candidates while they are in the first cache */

/* Squared distances of some rows to one point, by the law; columns come as they were given. */
static inline void law_from_columns(const Points *columns, size_t first, size_t n, const double *point,
                                    double *totals)
{
    for (size_t row = 0; row < n; row++)
        totals[row] = 0.0;
    for (size_t j = 0; j < columns->n_dimensions; j++) {
        double height = point[j];
        if (columns->is_double) {
            const double *column = (const double *)columns->values + j * columns->n_rows + first;
            for (size_t row = 0; row < n; row++) {
                double difference = column[row] - height;
                totals[row] += difference * difference;
            }
        } else {
            const float *column = (const float *)columns->values + j * columns->n_rows + first;
            for (size_t row = 0; row < n; row++) {
                double difference = (double)column[row] - height;
                totals[row] += difference * difference;
            }
        }
    }
}

static void distances_to_candidates(const Points *columns, const double *candidates, size_t n_candidates,
                                    const double *closest, double *updates)
{
    double totals[SEED_ROWS];
    for (size_t first = 0; first < columns->n_rows; first += SEED_ROWS) {
        size_t rest = columns->n_rows - first, n = rest < SEED_ROWS ? rest : SEED_ROWS;
        for (size_t c = 0; c < n_candidates; c++) {
            double *update = updates + c * columns->n_rows + first;
            law_from_columns(columns, first, n, candidates + c * columns->n_dimensions, totals);
            for (size_t row = 0; row < n; row++)
                update[row] = totals[row] < closest[first + row] ? totals[row] : closest[first + row];
        }
    }
}
