/* The hot loops for processors with AVX-512. */
#include "engine.h"

#if defined(__x86_64__)

#include <math.h>
#include <stdlib.h>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,avx2,fma,bmi,bmi2"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512vl,avx512bw,avx512dq,avx2,fma,bmi,bmi2")
#endif

#define LANES_AVX512
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
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("fma");
}

const Engine engine_avx512 = {"AVX-512", runs_here, relabel, compare, find_sides, distances_to_candidates, sum, move};

#endif
