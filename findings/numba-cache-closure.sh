#!/usr/bin/env bash
# Behaviour: a function compiled with cache=True that calls another compiled function is found again in
# the next process when that one is a global. When it is a variable of an enclosing function, as in
# factories of kernels, it is compiled anew in every process, and every process adds files to the cache.
# The key holds the value of each such variable, and a compiled function carries a new identity in
# each process. Nothing is said; only the time and `stats` show it.
# Seen with Numba 0.68.1, 2026-11-28: three processes; the global is loaded by the second and third, the
# other one never, and leaves one file of machine code per process.
# Fails when Numba does otherwise. What helps: keep only numbers in the closure, and call functions
# of the module. Installs its packages into a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check numba==0.68.1 numpy==2.4.6
cat >"$folder/kernels.py" <<'PYTHON'
from numba import njit


@njit(cache=True)
def double(x):
    return 2 * x


@njit(cache=True)
def of_global(x):
    return double(x) + 1


def make(inner):
    @njit(cache=True)
    def of_closure(x):
        return inner(x) + 1

    return of_closure


of_closure = make(double)
assert of_global(3) == of_closure(3) == 7
found = {f.__name__: sum(f.stats.cache_hits.values()) for f in (of_global, of_closure)}
print("taken from the cache:", found)
PYTHON
cd "$folder"
"$folder/bin/python" -c 'import numba; print("numba", numba.__version__)'
for process in 1 2 3; do
  last=$("$folder/bin/python" kernels.py)
  files=$(find . -name '*of_closure*.nbc' -path '*__pycache__*' -not -path './lib/*' | wc -l)
  echo "process $process: $last, files of of_closure: $files"
done
[ "$last" = "taken from the cache: {'of_global': 1, 'of_closure': 0}" ] && [ "$files" -eq 3 ] ||
  { echo "Numba behaves otherwise now" && exit 1; }
