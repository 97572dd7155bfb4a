#!/bin/sh
# Builds the C kernels so that every false step stops them, and runs them: make sanitize.
#
# sh tools/sanitize.sh                      all of it, a few minutes
# sh tools/sanitize.sh address [ROUNDS]     wrong addresses, undefined behaviour (GCC's sanitizers)
# sh tools/sanitize.sh threads [ROUNDS]     two threads at one place at once
# sh tools/sanitize.sh valgrind [ROUNDS]    numbers read before they were written, memory never given back
# sh tools/sanitize.sh tests                the tests of the kernels, under `address`
#
# PYTHON names the interpreter (.venv/bin/python). Ends with 77 where a tool is missing, and says which.
set -eu
cd "$(dirname "$0")/.."
python="${PYTHON:-.venv/bin/python}"
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
export OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE=1

missing() {
  echo "$1 is missing: install $2" >&2
  exit 77
}

# build FLAGS...: a copy of the package, in $room, whose kernels are made with these flags
build() {
  command -v gcc >/dev/null 2>&1 || missing "gcc" "a C compiler"
  rm -rf "$room/songatlas"
  cp -r src/songatlas "$room/"
  rm -f "$room"/songatlas/kernels/_kernels*.so
  gcc -shared -fPIC -std=c11 -g -fno-omit-frame-pointer -ffp-contract=off -fno-math-errno "$@" \
    "-I$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')" \
    src/songatlas/kernels/*.c -lm -o "$room/songatlas/kernels/_kernels.abi3.so"
  export PYTHONPATH="$room"
}

library() {
  found=$(gcc -print-file-name="$1.so")
  [ "$found" != "$1.so" ] || missing "$1" "the sanitizers of gcc"
  echo "$found"
}

address() {
  watched="$(library libasan) $(library libubsan)" || exit 77
  build -O1 -fsanitize=address,undefined,float-cast-overflow -fno-sanitize-recover=all
  # What Python and NumPy keep until the end is no leak of ours: valgrind looks for those.
  export ASAN_OPTIONS=detect_leaks=0:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1
  LD_PRELOAD="$watched" "$@"
}

case "${1:-all}" in
address)
  address "$python" tools/kernel_stress.py --rounds "${2:-300}"
  ;;
tests)
  address "$python" -m pytest -q -x -p no:cacheprovider tests/test_native_kernels.py tests/test_kernels.py \
    tests/test_silhouette.py tests/test_text_hashes.py tests/audio/test_loudness.py
  ;;
threads)
  watched=$(library libtsan) || exit 77
  build -O1 -fsanitize=thread
  LD_PRELOAD="$watched" TSAN_OPTIONS=report_signal_unsafe=0:suppressions="$PWD/tools/threads.supp" \
    "$python" tools/kernel_stress.py --threads 4 --rounds "${2:-3}"
  ;;
valgrind)
  command -v valgrind >/dev/null 2>&1 || missing valgrind valgrind
  build -O1
  # What Python, NumPy and the loader of programs do is theirs: a finding is what names a file of the kernels.
  own=$(cd src/songatlas/kernels && echo *.c *.h | sed 's/\./\\./g; s/ /|/g')
  PYTHONMALLOC=malloc valgrind --quiet --leak-check=full --show-leak-kinds=definite --log-file="$room/log" \
    "$python" tools/kernel_stress.py --rounds "${2:-20}" || { cat "$room/log" >&2; exit 1; }
  if grep -Eq "\(($own):|_kernels\.abi3" "$room/log"; then
    cat "$room/log" >&2
    exit 1
  fi
  ;;
all)
  for one in address tests threads valgrind; do
    echo "== $one"
    sh tools/sanitize.sh "$one"
  done
  ;;
*)
  echo "sanitize.sh: $1 is none of address, tests, threads, valgrind" >&2
  exit 2
  ;;
esac
