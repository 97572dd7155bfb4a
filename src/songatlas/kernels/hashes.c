#include "hashes.h"

#define FNV_BASIS UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x00000100000001b3)

/* The finisher of splitmix64: every bit of the answer hangs on every bit of the state. */
static inline uint64_t mixed(uint64_t state)
{
    state += UINT64_C(0x9e3779b97f4a7c15);
    state = (state ^ (state >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    state = (state ^ (state >> 27)) * UINT64_C(0x94d049bb133111eb);
    return state ^ (state >> 31);
}

void hashes_of_texts(const uint8_t *content, const int64_t *edges, size_t n_texts, uint64_t seed, uint64_t *out)
{
    uint64_t start = FNV_BASIS ^ mixed(seed);
    for (size_t text = 0; text < n_texts; text++) {
        uint64_t state = start;
        for (int64_t place = edges[text]; place < edges[text + 1]; place++)
            state = (state ^ content[place]) * FNV_PRIME;
        out[text] = mixed(state);
    }
}
