/* Loudness: two second-order filters and sums of squares, all channels in one pass. */
#ifndef SONGATLAS_LOUDNESS_H
#define SONGATLAS_LOUDNESS_H

#include <stddef.h>
#include <stdint.h>

/* Interleaved sound, (n_frames, n_channels). */
typedef struct {
    const float *frames;
    size_t n_frames, n_channels;
} Sound;

/* Filter sound by two sections (b0 b1 b2 a1 a2 each), and write the sums of squares of every stretch between
 * two edges, (n_stretches, n_channels). `states`, (n_channels, 4), goes on from what came before. Returns the
 * greatest absolute sample, before filtering. */
float loudness_squares(const Sound *sound, const double *filters, double *states, const int64_t *edges,
                       size_t n_stretches, double *squares);

#endif
