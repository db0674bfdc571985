#!/usr/bin/env bash
# Behaviour: for two classifiers that are right on the same items, statsmodels' approximate McNemar
# test gives p = 0, the strongest evidence that they differ. The continuity correction subtracts 1
# from a difference of 0, and the square of that is divided by 0 disagreements. Without the
# correction p is nan; the exact test gives p = 1.
# Seen with statsmodels 0.15.0, 2026-11-28.
# Fails when statsmodels does otherwise. Installs its packages into a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check statsmodels==0.15.0 numpy==2.4.6
"$folder/bin/python" -W ignore::RuntimeWarning - <<'PYTHON'
import math

import statsmodels
from statsmodels.stats.contingency_tables import mcnemar

print("statsmodels", statsmodels.__version__)
both_right_both_wrong = [[90, 0], [0, 10]]
exact = mcnemar(both_right_both_wrong, exact=True).pvalue
approximate = mcnemar(both_right_both_wrong, exact=False).pvalue
uncorrected = mcnemar(both_right_both_wrong, exact=False, correction=False).pvalue
print("p, exact:", exact, " approximate:", approximate, " without correction:", uncorrected)
assert exact == 1, "the exact test behaves otherwise now"
assert approximate == 0, "the approximate test behaves otherwise now"
assert math.isnan(uncorrected), "the test without correction behaves otherwise now"
PYTHON
