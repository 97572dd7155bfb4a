/* The hot loops for any processor: SSE2 on x86-64, NEON on ARM, whatever the compiler finds elsewhere. */
#include "engine.h"
#include "screen.h"
#include "seeding.h"
#include "silhouette.h"
#include "sums.h"

static int runs_here(void)
{
    return 1;
}

const Engine engine_plain = {"baseline", runs_here, relabel, compare, find_sides, distances_to_candidates, sum, move};
