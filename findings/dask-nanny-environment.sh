#!/usr/bin/env bash
# Behaviour: a Dask cluster of local processes writes OMP_NUM_THREADS=1, MALLOC_TRIM_THRESHOLD_=65536
# and others into the environment of the process that starts it, and they stay when the cluster is
# closed: what the caller starts later has one thread. For the workers MALLOC_TRIM_THRESHOLD_ means that
# glibc gives freed memory back to the system and has it zeroed again at the next allocation, again
# and again. Training steps took up to twice the processor time. A variable that is set before stays.
# Seen with distributed 2026.8.0 on Linux with glibc, 2026-11-28: over 400,000 page faults for 1000
# arrays of 2 MB, fewer than 2,000 if the thresholds are set to 1 GiB.
# Fails when distributed does otherwise. Installs its packages into a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check distributed==2026.8.0 numpy==2.4.6
cat > "$folder/script.py" <<'PYTHON'
import os

NAMES = ("OMP_NUM_THREADS", "MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_")


def page_faults():
    """Make and drop 1000 arrays of 2 MB; return how often the system had to add a page."""
    import resource

    import numpy as np

    np.ones(250_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(1000):
        np.ones(250_000)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def in_worker(**variables):
    """Return the page faults in a worker started with variables, and what the caller keeps."""
    for name in NAMES:
        os.environ.pop(name, None)
    os.environ.update(variables)
    options = {"n_workers": 1, "threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(**options) as cluster, Client(cluster) as client:
        faults = client.submit(page_faults, pure=False).result()
    return faults, {name: os.environ.get(name) for name in NAMES}


if __name__ == "__main__":
    import distributed
    from distributed import Client, LocalCluster

    print("distributed", distributed.__version__)
    by_default, left = in_worker()
    print("page faults:", by_default, " left in the caller:", left)
    large = str(2**30)
    raised, _ = in_worker(MALLOC_TRIM_THRESHOLD_=large, MALLOC_MMAP_THRESHOLD_=large)
    print("page faults with thresholds of 1 GiB:", raised)
    assert left["OMP_NUM_THREADS"] == "1", "the caller's environment is left alone now"
    assert by_default > 100_000 > 10_000 > raised, "the memory setting behaves otherwise now"
PYTHON
"$folder/bin/python" "$folder/script.py"
