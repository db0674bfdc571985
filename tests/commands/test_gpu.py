"""``make gpu`` on a CPU: all of it but the card; a rehearsal writes nothing."""

import pytest
import torch

from commands.gpu import __main__ as gpu
from commands.gpu import sweep


def test_a_rehearsal_runs_all_parts_and_writes_nothing(tmp_path, capsys):
    assert gpu.main(["--device", "cpu", "--small", "--results", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    for part in ("conformance", "layer", "records", "sweep"):
        assert f"{part}: " in printed
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(torch.cuda.is_available(), reason="says that there is no GPU")
def test_without_a_gpu_it_says_so(tmp_path, capsys):
    assert gpu.main(["--results", str(tmp_path)]) == 0
    assert "no GPU here" in capsys.readouterr().out and not list(tmp_path.iterdir())


def test_a_batched_sweep_is_each_run_alone():
    few = sweep.Sweep(2, 4, "cpu", data="varres-28", network="max", width=9, batch_size=8)
    alone, batched = few.sequential(), few.batched()
    assert alone.shape == (4, 2) and not torch.equal(alone[:, 0], alone[:, 1])
    torch.testing.assert_close(batched, alone, rtol=1e-4, atol=0)
    torch.testing.assert_close(few.sequential(), alone, rtol=0, atol=0)  # from the start again
