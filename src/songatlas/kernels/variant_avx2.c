/* The hot loops for processors with AVX2. */
#include "engine.h"

#if defined(__x86_64__)

#include <math.h>
#include <stdlib.h>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,bmi,bmi2"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma,bmi,bmi2")
#endif

#define LANES_AVX2
#include "screen.h"
#include "seeding.h"
#include "silhouette.h"
#include "sums.h"

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

static int runs_here(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("bmi2");
}

const Engine engine_avx2 = {"AVX2", runs_here, relabel, compare, find_sides, distances_to_candidates, sum, move};

#endif
