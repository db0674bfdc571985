#!/usr/bin/env bash
# Behaviour: every pass through a torch DataLoader draws a number from torch's global generator, also
# without shuffling and without workers. So evaluating between two epochs changes what training draws
# afterwards (dropout, augmentation, the next order). A loader with a generator of its own leaves the
# global one alone, but draws from that: workers that persist save the draw, so the option
# persistent_workers changes the order of all epochs after the first.
# Seen with torch 2.14.1, 2026-11-28.
# Fails when torch does otherwise. Installs its packages into a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check torch==2.14.1 numpy==2.4.6
"$folder/bin/python" - <<'PYTHON'
import torch
from torch.utils.data import DataLoader

print("torch", torch.__version__)
numbers = list(range(100))


def draws(**options):
    """Say whether a pass in order changes the state of the global generator."""
    before = torch.get_rng_state()
    list(DataLoader(numbers, batch_size=10, shuffle=False, **options))
    return not torch.equal(before, torch.get_rng_state())


def second_epoch(persistent):
    generator = torch.Generator().manual_seed(0)
    options = {"shuffle": True, "num_workers": 1, "persistent_workers": persistent}
    loader = DataLoader(numbers, batch_size=100, generator=generator, **options)
    return [next(iter(loader)).tolist() for _ in range(2)]


without, with_own = draws(), draws(generator=torch.Generator())
print("a pass in order draws:", without, " with a generator of its own:", with_own)
kept, new = second_epoch(True), second_epoch(False)
print("first epoch, workers kept and new: equal", kept[0] == new[0])
print("second epoch, workers kept and new: equal", kept[1] == new[1])
assert without and not with_own, "the loader draws otherwise now"
assert kept[0] == new[0] and kept[1] != new[1], "persistent workers behave otherwise now"
PYTHON
