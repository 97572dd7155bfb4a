#include "loudness.h"

#include <math.h>

#define SILENT 1e-200 /* states below this are nothing; left alone they would become slow denormal numbers */

/* Two channels side by side, which fill one register of any processor. */
typedef double Pair __attribute__((vector_size(16)));

/* One section, written so that a state waits for one multiplication and one subtraction a frame. */
typedef struct {
    Pair b0, c1, c2, a1, a2;
} Section;

static inline Pair both(double value)
{
    return (Pair){value, value};
}

static Section section_of(const double *filter)
{
    double b0 = filter[0], a1 = filter[3], a2 = filter[4];
    return (Section){both(b0), both(filter[1] - a1 * b0), both(filter[2] - a2 * b0), both(a1), both(a2)};
}

/* Filter one frame: y = b0 x + s0, and the states of the transposed direct form with y put in. */
static inline Pair filtered(const Section *section, Pair *s0, Pair *s1, Pair x)
{
    Pair y = section->b0 * x + *s0;
    Pair next = (section->c1 * x + *s1) - section->a1 * *s0;
    *s1 = section->c2 * x - section->a2 * *s0;
    *s0 = next;
    return y;
}

static inline double audible(double state)
{
    return fabs(state) < SILENT ? 0.0 : state;
}

/* Filter some frames of two channels, `second` samples apart (0: the one channel twice). */
static inline Pair run_pair(const float *from, size_t n_frames, size_t step, size_t second, const Section *shelf,
                            const Section *pass, Pair *s)
{
    Pair squares = both(0.0), s0 = s[0], s1 = s[1], s2 = s[2], s3 = s[3];
    for (size_t frame = 0; frame < n_frames; frame++, from += step) {
        Pair x = {(double)from[0], (double)from[second]};
        Pair y = filtered(pass, &s2, &s3, filtered(shelf, &s0, &s1, x));
        squares += y * y;
    }
    s[0] = s0, s[1] = s1, s[2] = s2, s[3] = s3;
    return squares;
}

static float greatest(const float *samples, size_t n)
{
    float peaks[16] = {0.0f}, peak = 0.0f;
    size_t i = 0;
    for (; i + 16 <= n; i += 16)
        for (size_t lane = 0; lane < 16; lane++) {
            float level = fabsf(samples[i + lane]);
            peaks[lane] = level > peaks[lane] ? level : peaks[lane];
        }
    for (; i < n; i++)
        peaks[0] = fabsf(samples[i]) > peaks[0] ? fabsf(samples[i]) : peaks[0];
    for (size_t lane = 0; lane < 16; lane++)
        peak = peaks[lane] > peak ? peaks[lane] : peak;
    return peak;
}

float loudness_squares(const Sound *sound, const double *filters, double *states, const int64_t *edges,
                       size_t n_stretches, double *squares)
{
    Section shelf = section_of(filters), pass = section_of(filters + 5);
    size_t n_channels = sound->n_channels;
    float peak = 0.0f;
    for (size_t stretch = 0; stretch < n_stretches; stretch++) {
        const float *from = sound->frames + (size_t)edges[stretch] * n_channels;
        size_t n_frames = (size_t)(edges[stretch + 1] - edges[stretch]);
        float level = greatest(from, n_frames * n_channels); /* which brings the stretch into the cache */
        peak = level > peak ? level : peak;
        for (size_t channel = 0; channel < n_channels; channel += 2) {
            size_t second = channel + 1 < n_channels;
            double *left = states + 4 * channel, *right = left + 4 * second;
            Pair s[4], sums;
            for (size_t i = 0; i < 4; i++)
                s[i] = (Pair){left[i], right[i]};
            if (n_channels == 2)
                sums = run_pair(from, n_frames, 2, 1, &shelf, &pass, s);
            else
                sums = run_pair(from + channel, n_frames, n_channels, second, &shelf, &pass, s);
            for (size_t i = 0; i < 4; i++) {
                left[i] = audible(s[i][0]);
                right[i] = audible(s[i][second]);
            }
            squares[stretch * n_channels + channel] = sums[0];
            squares[stretch * n_channels + channel + second] = sums[second];
        }
    }
    return peak;
}
