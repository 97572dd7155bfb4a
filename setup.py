"""Build the C kernels where there is a compiler; without one songatlas runs on NumPy."""

from setuptools import Extension, setup

VARIANTS = ["variant_plain.c", "variant_avx2.c", "variant_avx512.c"]
SOURCES = ["_kernels.c", "hashes.c", "lloyd.c", "loudness.c", "rows.c", "sift.c", *VARIANTS]
PARTS = ["hashes", "lanes", "loudness", "screen", "seeding", "silhouette", "sums"]
HEADERS = ["arrays.h", "engine.h", "lloyd.h", "rows.h", "sift.h", *(f"{part}.h" for part in PARTS)]
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
    include_package_data=False,  # a wheel needs none of what the kernels are built from
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
