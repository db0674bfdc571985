"""The measurements of lesson 05 run, and their numbers belong together."""

import json

import pytest
import torch
from torch.nn import functional as F

from commands.bench import convolution, profiling


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Return what the command writes, measured on tiny shapes."""
    results = tmp_path_factory.mktemp("results")
    threads = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            convolution, "BENCHMARK_SHAPES", ((1, 1, 2, 6, 6, 3, 1, 1), (2, 3, 4, 5, 6, 3, 1, 1))
        )
        patch.setattr(convolution, "SIDES", (4, 20))
        patch.setattr(convolution, "GROWTH", {"batch": [(n, 2, 2, 8, 8, 3, 1, 1) for n in (1, 2)]})
        patch.setattr("sys.argv", ["", "--results", str(results), "--seconds", "0"])
        try:
            convolution.main()
        finally:
            torch.set_num_threads(threads)
    return json.loads((results / "benchmarks.json").read_text())


def test_the_entries_that_the_lesson_reads(found):
    assert list(found) == [
        "machine",
        "matrix_gflops",
        "copy_gbytes",
        "shapes",
        "geometric_mean",
        "ladder",
        "growth",
        "memory",
    ]
    assert found["machine"]["threads"] == 1
    assert found["matrix_gflops"] > 0 and found["copy_gbytes"] > 0


@pytest.mark.parametrize("part", ["shapes", "ladder", "growth"])
def test_rates_are_operations_over_time(found, part):
    for row in found[part]:
        assert 0 < row["lower"] <= row["median"] <= row["upper"] and row["runs"] >= 3
        n, c, o, height, width, k, _, _ = row["shape"]  # all with stride 1 and padding 1
        forward = 2 * n * o * height * width * c * k * k
        operations = forward if row["passes"] == "forward" else 3 * forward
        assert row["gflops"] == pytest.approx(operations / row["median"] / 1e9)


def test_slow_rungs_are_timed_on_small_images_only(found):
    rungs = {(row["name"], row["shape"][3], row["passes"]) for row in found["ladder"]}
    assert ("nested loops", 4, "forward") in rungs
    assert ("nested loops", 4, "both") not in rungs and ("nested loops", 20, "forward") not in rungs
    assert {(name, 20, "both") for name in ("conv2d", "torch")} < rungs


def test_ratios_are_to_the_better_format_of_torch(found):
    rows = [row for row in found["shapes"] if row["shape"] == found["shapes"][0]["shape"]]
    best = {
        name: min(row["median"] for row in rows if row["name"] == name)
        for name in ("conv2d", "textbook", "torch")
    }
    for row in rows:
        assert row["ratio"] == pytest.approx(best[row["name"]] / best["torch"])


def test_memory_of_each_rung_with_a_backward(found):
    assert [row["name"] for row in found["memory"]] == [
        name for name, (_, _, has_backward) in convolution.LADDER.items() if has_backward
    ]
    for row in found["memory"]:
        assert row["peak"] > 0 and row["saved"] >= row["input_and_weight"]


@pytest.mark.parametrize(
    ("function", "kind"),
    [
        (lambda a: a @ a, "products"),
        (lambda a: a.clone(), "copies"),
        (lambda a: a.sum(dim=0), "sums"),
        (lambda a: a.exp(), "rest"),
    ],
)
def test_the_profile_knows_where_the_time_goes(function, kind):
    a = torch.rand(500, 500)
    shares = profiling.profile_shares(lambda: function(a), runs=3)
    assert max(shares, key=shares.get) == kind
    assert all(0 <= share <= 1 for share in shares.values())


def test_peak_counts_what_is_alive_at_a_time():
    a = torch.rand(1000)
    assert profiling.peak_bytes(lambda: (a + 1).sum()) == pytest.approx(4000, rel=0.1)
    assert profiling.peak_bytes(lambda: (a + 1, a + 2)) == pytest.approx(8000, rel=0.1)


@pytest.mark.parametrize("name", convolution.LADDER)
def test_every_rung_is_the_same_convolution(name):
    function, _, has_backward = convolution.LADDER[name]
    shape = (2, 3, 4, 6, 5, 3, 1, 1)
    for timed in [convolution.forward] + has_backward * [convolution.both]:
        found, expected = timed(function, shape)(), timed(F.conv2d, shape)()
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)
