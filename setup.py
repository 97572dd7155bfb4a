"""Build the C kernels where there is a compiler; without one songatlas runs on NumPy."""

from setuptools import Extension, setup

SOURCES = ["_kernels.c", "lloyd.c", "rows.c", "sift.c", "variant_plain.c", "variant_avx2.c", "variant_avx512.c"]
HEADERS = ["arrays.h", "engine.h", "lanes.h", "lloyd.h", "rows.h", "screen.h", "seeding.h", "sift.h", "silhouette.h", "sums.h"]
HERE = "src/songatlas/kernels/"

setup(
    ext_modules=[
        Extension(
            "songatlas.kernels._kernels",
            sources=[HERE + name for name in SOURCES],
            depends=[HERE + name for name in HEADERS],
            define_macros=[("Py_LIMITED_API", "0x030B0000")],
            # A fused multiplication and addition would round labels another way than NumPy does.
            extra_compile_args=["-O3", "-std=c11", "-ffp-contract=off", "-fno-math-errno"],
            py_limited_api=True,
            optional=True,
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
