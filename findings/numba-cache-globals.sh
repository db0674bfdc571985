#!/usr/bin/env bash
# Behaviour: njit(cache=True) looks at the text of the function's file only. A global of that file which
# comes from outside (an environment variable, a settings file, another module) is compiled in as a
# constant, and the next process goes on with the old value, without a warning. A variable of an
# enclosing function is part of the key. The same holds for functions called from other files.
# Seen with Numba 0.68.1, 2026-11-28: SIZE=3, then SIZE=5: Python 5, the global 3, the closure 5.
# Fails when Numba does otherwise. What helps: pass such values as arguments.
# Installs its packages into a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check numba==0.68.1 numpy==2.4.6
cat >"$folder/layer.py" <<'PYTHON'
import os

from numba import njit

SIZE = int(os.environ["SIZE"])


@njit(cache=True)
def of_global():
    return SIZE


def make(size):
    @njit(cache=True)
    def of_closure():
        return size

    return of_closure


print("python", SIZE, "global", of_global(), "closure", make(SIZE)())
PYTHON
cd "$folder"
"$folder/bin/python" -c 'import numba; print("numba", numba.__version__)'
first=$(SIZE=3 "$folder/bin/python" layer.py)
second=$(SIZE=5 "$folder/bin/python" layer.py)
printf '%s\n' "$first" "$second"
[ "$first" = "python 3 global 3 closure 3" ]
[ "$second" = "python 5 global 3 closure 5" ] || { echo "Numba behaves otherwise now" && exit 1; }
