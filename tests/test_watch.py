"""A watched run draws its curve and counts its steps to the end."""

import base64
import io
from types import SimpleNamespace

import matplotlib.pyplot as plt
from PIL import Image

from helpers.experiments import Experiment, training, watch


def test_watch_follows_a_run_to_its_end(monkeypatch, capsys):
    plt.close("all")  # what other tests left open
    pictures = []
    handle = SimpleNamespace(update=lambda data, raw: pictures.append(data))
    monkeypatch.setattr(watch, "display", lambda *data, **keywords: handle)
    line = Experiment(group="watched", images=1600, epochs=2)
    record, _ = training.run(line, on_progress=watch.watch(interval=0))
    # at steps 50 and 100 of each epoch, at the start of the second, and at both ends
    assert len(pictures) == 7
    assert all(Image.open(io.BytesIO(base64.b64decode(p["image/png"]))).width for p in pictures)
    last = 100 * record.epochs[-1].validation_accuracy
    assert f"{last}]" in pictures[-1]["text/plain"]
    assert "200/200" in capsys.readouterr().out
    assert not plt.get_fignums()
