"""The other explorables: the browser computes what torch does, and a reader can use them."""

import json

import pytest
import torch
import traitlets
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F
from touch import load, move, page, point, press, settle, show, texts

from helpers import data, example
from helpers.data import augment
from helpers.data.varres import bend_tone
from helpers.explorables.augmentation import Augmentation
from helpers.explorables.backward_pass import BackwardPass
from helpers.explorables.network_at_work import NetworkAtWork
from helpers.explorables.noise import Noise
from helpers.explorables.unfolding import Unfolding
from helpers.networks import FixedNetwork, VariableNetwork, initialise


def digits(n: int) -> torch.Tensor:
    return bend_tone(data.load_mnist().validation.images[:n, 0])


def pages(folder, explorable):
    return page(folder.mktemp("touch"), explorable)


# ------------------------------------------------------------------------- unfold and fold
@given(
    st.integers(2, 6), st.integers(2, 6), st.integers(1, 3), st.integers(1, 3), st.integers(0, 2)
)
@settings(max_examples=20, deadline=None)
def test_columns_and_fold_in_the_browser_are_those_of_torch(browser, h, w, size, stride, padding):
    image = torch.arange(1.0, h * w + 1).reshape(h, w)
    here = Unfolding(image=image, kernel_size=min(size, h, w), stride=stride, padding=padding)
    call = (
        "(({from, value}) => { const columns = from.map((row) => row.map(value)); "
        f"return [columns, m.fold(columns, from, {h}, {w})]; }})("
        f"((image) => ({{from: m.places({h}, {w}, {here.kernel_size}, {{stride: {stride}, "
        f"padding: {padding}}}), value: ([y, x]) => image[y]?.[x] ?? 0}}))({image.tolist()}))"
    )
    columns, folded = json.loads(load(browser, "unfold", call))
    assert columns == here.columns.tolist() and folded == here.folded.tolist()


def test_a_pixel_shows_its_copies(browser, tmp_path_factory):
    show(browser, pages(tmp_path_factory, Unfolding()))
    point(browser, "[aria-label=fold] tr:nth-child(2) td:nth-child(2) button")
    assert texts(browser, ".xp-sum")[0].endswith(
        "has 4 copies, in the patches 3, 2, 1, 0; fold adds them: 1 + 1 + 1 + 1 = 4"
    )
    assert browser.run("document.querySelectorAll('[aria-label=columns] td.warm').length") == 4
    point(browser, "[aria-label=columns] tr:nth-child(1) td:nth-child(3) button")
    assert texts(browser, ".xp-sum")[0].startswith("patch 2, place 0: the pixel [1, 0]")
    move(browser, "window, each side", 3)
    assert len(texts(browser, "[aria-label=columns] button")) == 9


# --------------------------------------------------------------------------- backward pass
def test_gradients_in_the_browser_are_those_of_autograd(browser):
    generator = torch.Generator().manual_seed(0)
    for size, kernel_size in [((3, 3), (2, 2)), ((5, 4), (3, 2)), ((4, 5), (1, 3))]:
        places = tuple(s - k + 1 for s, k in zip(size, kernel_size, strict=True))
        image, kernel, upstream = (
            torch.randn(s, generator=generator).double() for s in (size, kernel_size, places)
        )
        here = BackwardPass(image=image, kernel=kernel, upstream=upstream)
        found = json.loads(load(browser, "backward", f"m.results({json.dumps(here.state())})"))
        for name, gradient in here.gradients.items():
            actual = torch.tensor(found[f"{name}_grad"], dtype=torch.float64)
            torch.testing.assert_close(actual.reshape(gradient.shape), gradient)
        expected = F.conv2d(image[None, None], kernel[None, None])[0, 0]
        torch.testing.assert_close(torch.tensor(found["output"], dtype=torch.float64), expected)


def test_the_example_by_hand_is_where_it_begins():
    gradients = BackwardPass().gradients
    torch.testing.assert_close(gradients["kernel"], example.KERNEL_GRAD)
    torch.testing.assert_close(gradients["image"], example.IMAGE_GRAD)
    with pytest.raises(traitlets.TraitError, match="3×1, must fit into the image, 3×3|kernel"):
        BackwardPass(kernel=torch.ones(3, 4))


def test_the_upstream_gradient_has_the_size_of_the_output():
    here = BackwardPass(image=torch.ones(4, 5))
    assert here.upstream == [[1, 0, 0, 0], [2, -1, 0, 0], [0, 0, 0, 0]]
    with pytest.raises(traitlets.TraitError, match="upstream is 1×1; it must have .* 3×4"):
        here.upstream = [[1]]
    with pytest.raises(traitlets.TraitError, match="2×2, must fit into the image, 1×1"):
        here.image = [[1]]
    with pytest.raises(traitlets.TraitError, match="a list of rows of finite numbers"):
        here.image = "12"


def test_terms_one_by_one(browser, tmp_path_factory):
    show(browser, pages(tmp_path_factory, BackwardPass()))
    point(browser, '[aria-label="gradient X∇"] tr:nth-child(2) td:nth-child(2) button')
    assert "X∇[1, 1] = 1·(−1) + 0·0 + 2·2 + (−1)·1 = 2" in texts(browser, ".xp-sum")[0]
    browser.run("[...document.querySelectorAll('.xp-button')][1].click()")
    assert texts(browser, ".xp-sum")[0].endswith("1·(−1) + …, so far −1 (term 1 of 4)")
    assert browser.run("document.querySelectorAll('td.on').length") == 2
    for _ in range(5):
        browser.run("[...document.querySelectorAll('.xp-button')][1].click()")
    assert texts(browser, ".xp-sum")[0].endswith(" = 2")
    press(browser, "Tab")


# ---------------------------------------------------------------------------- augmentation
MAP = {"degrees": 17.0, "right": 1.5, "down": -2.0, "scale": 1.2, "shear": -8.0}


def test_maps_in_the_browser_are_those_of_the_lessons(browser):
    here = Augmentation(digits(2), chosen=1, **MAP)
    image, options = json.dumps(here.images[1]), json.dumps(MAP)
    found = json.loads(load(browser, "augmentation", f"m.resampled({image}, {options})"))
    torch.testing.assert_close(torch.tensor(found["map"]), here.map, atol=1e-5, rtol=0)
    once, twice = (torch.tensor(found[name]) for name in ("once", "twice"))
    torch.testing.assert_close(once, here.warped, atol=1e-2, rtol=0)
    turn = augment.affine(*(torch.tensor([v]) for v in (17.0,)), torch.zeros(1, 2),
                          torch.ones(1), torch.zeros(1))  # fmt: skip
    rest = here.map @ torch.linalg.inv(turn[0])
    image = torch.tensor(here.images[1], dtype=torch.float32)[None, None]
    expected = augment.warp(augment.warp(image, turn), rest[None])[0, 0]
    torch.testing.assert_close(twice, expected, atol=2e-2, rtol=0)


def test_the_sliders_of_the_map(browser, tmp_path_factory):
    show(browser, pages(tmp_path_factory, Augmentation(digits(2))))
    row = "{:>8}{:>8}{:>8}".format
    assert texts(browser, ".xp-line") == [
        row("1.000", "0.000", "0.000"), row("0.000", "1.000", "0.000"),
        row("0.000", "0.000", "1.000"),
    ]  # fmt: skip
    move(browser, "shift right", 3)
    assert texts(browser, ".xp-line")[0] == row("1.000", "0.000", "3.000")
    assert texts(browser, ".xp-sum")[0].startswith("Two resamplings leave as much contrast")
    move(browser, "image", 2)
    browser.run("[...document.querySelectorAll('.xp-button')][0].click()")
    assert texts(browser, ".xp-line")[0] == row("1.000", "0.000", "0.000")
    with pytest.raises(traitlets.TraitError, match="chosen=2: there are 2 images"):
        Augmentation(digits(2), chosen=2)
    with pytest.raises(ValueError, match=r"uint8 \(n, height, width\), got torch.float32"):
        Augmentation(torch.zeros(1, 28, 28))


# ------------------------------------------------------------------------------------ noise
def test_luck_in_the_browser_is_what_a_simulation_in_python_finds(browser):
    noise = Noise({"a": [98.0, 98.4, 98.9], "b": [97.0, 97.3]}, settings=5, runs=2, spread=0.5)
    found = json.loads(load(browser, "noise", f"m.luck({json.dumps(noise.state())}, 20000)"))
    generator = torch.Generator().manual_seed(0)
    deviations, truth = torch.tensor(noise.deviations), torch.linspace(-0.5, 0, 5)
    drawn = deviations[torch.randint(len(deviations), (20_000, 5, 2), generator=generator)]
    seen = truth + drawn.mean(dim=2)
    best = seen.argmax(dim=1)
    chosen = best.bincount(minlength=5) / 20_000
    torch.testing.assert_close(torch.tensor(found["chosen"]), chosen, atol=0.02, rtol=0)
    high = (seen.gather(1, best[:, None])[:, 0] - truth[best]).mean().item()
    assert found["high"] == pytest.approx(high, abs=0.02)
    assert found["lost"] == pytest.approx(-truth[best].mean().item(), abs=0.01)


def test_deviations_have_the_spread_of_the_runs(browser, tmp_path_factory):
    noise = Noise({"a": [98.0, 99.0]})
    assert noise.deviation == pytest.approx(0.5**0.5)
    assert noise.deviations == pytest.approx([-(0.5**0.5), 0.5**0.5])
    with pytest.raises(ValueError, match="'b' has 1 run; at least 2"):
        Noise({"b": [98.0]})
    show(browser, pages(tmp_path_factory, noise))
    assert "all settings are equally good" in texts(browser, ".xp-sum")[0]
    move(browser, "worst to best", 2)
    move(browser, "runs of each", 10)
    assert "the best setting is chosen in" in texts(browser, ".xp-sum")[0]


def test_equally_good_settings_win_equally_often(browser):
    noise = Noise({"a": [98.0, 98.4, 98.4, 98.9]}, settings=4)  # few values, so that many are equal
    found = json.loads(load(browser, "noise", f"m.luck({json.dumps(noise.state())}, 20000)"))
    assert found["chosen"] == pytest.approx(4 * [0.25], abs=0.02)
    assert noise.answer.startswith("About ") or noise.answer.startswith("More than 10")
    for wrong in ({}, {"a": [98.0, float("nan")]}):
        with pytest.raises(ValueError, match="at least one setting|'a' must hold finite numbers"):
            Noise(wrong)


# ---------------------------------------------------------------------------- the networks
def networks():
    made = {
        "global max": VariableNetwork(81, "max"),
        "global mean": VariableNetwork(81, "mean"),
        "resizing": FixedNetwork(),
    }
    generator = torch.Generator().manual_seed(0)
    return {name: (initialise(n, generator), 0.05, 0.2) for name, n in made.items()}


@pytest.mark.parametrize("side", [28, 45, 64, 128])
def test_scores_in_the_browser_are_those_of_torch(browser, side):
    samples, made = digits(3), networks()
    for k, (name, about) in enumerate(made.items()):
        for sample in range(3):
            here = NetworkAtWork(
                made, samples, digit=samples[sample].tolist(), side=side, right=sample, down=-sample
            )
            canvas, described = here.canvas, json.dumps(here.networks[k])
            call = (
                f"((n) => m.run({{...n, layers: n.layers.map((pair) => pair.map(m.decode))}}, "
                f"{canvas.tolist()}))({described}).scores"
            )
            scores = torch.tensor(json.loads(load(browser, "network", call)))
            images = canvas[None, None]
            if name == "resizing":
                images = data.resize(images, 28)
            with torch.inference_mode():
                expected = about[0](data.normalise(images, *about[1:]))[0]
            torch.testing.assert_close(scores, expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize("side", [20, 32, 48, 64, 100, 128])
def test_resizing_in_the_browser_is_that_of_torch(browser, side):
    image = torch.randint(256, (side, side), generator=torch.Generator().manual_seed(0))
    found = json.loads(load(browser, "network", f"m.resize({image.tolist()}, 28)"))
    expected = data.resize(image.byte()[None, None], 28)[0, 0].long()
    difference = (torch.tensor(found) - expected).abs()
    # torch has weights of a few bits only, so that halves may be rounded the other way
    assert difference.max() <= 1 and (difference > 0).double().mean() < 0.06


@pytest.fixture(scope="module")
def drawing(tmp_path_factory):
    return pages(tmp_path_factory, NetworkAtWork(networks(), digits(3)))


def painted(browser) -> int:
    """Return how many pixels of the canvas are not black."""
    return browser.run("""((canvas) => canvas.getContext("2d").getImageData(
      0, 0, canvas.width, canvas.height).data.filter((v, k) => k % 4 === 1 && v > 60).length)(
      document.querySelector(".xp-draw"))""")


@pytest.mark.parametrize("how", ["mouse", "finger", "keyboard"])
def test_a_digit_is_drawn(browser, drawing, how):
    show(browser, drawing, 375 if how == "finger" else 1400)
    browser.run("[...document.querySelectorAll('.xp-button')].at(-1).click()")
    move(browser, "scale of the digit", 1)
    browser.run(  # the mean network shows no orange squares
        "((select) => { select.value = 1; select.dispatchEvent(new Event('change')); })"
        "(document.querySelectorAll('.xp select')[1])"
    )
    settle(browser)
    assert painted(browser) == 0
    browser.run("document.querySelector('.xp-draw').scrollIntoView({block: 'center'})")
    if how == "keyboard":
        browser.run("document.querySelector('.xp-draw').focus()")
        press(browser, " ", "ArrowRight", "ArrowRight", " ")
    elif how == "finger":
        point(browser, ".xp-draw", "finger")
    else:
        x, y = browser.run("""((box) => [box.left + box.width / 2, box.top + box.height / 2])(
          document.querySelector('.xp-draw').getBoundingClientRect())""")
        for kind in ("mousePressed", "mouseReleased"):
            browser("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
    settle(browser)
    assert painted(browser) >= 5
    assert texts(browser, ".xp select option:checked")[0] == "drawn"


def test_the_canvas_grows_and_the_maps_follow(browser, drawing):
    show(browser, drawing)
    for side in (28, 64, 128):
        move(browser, "canvas", side)
        assert f"81 maps of {side // 8}×{side // 8}" in texts(browser, ".xp-title")[-1]
        assert browser.run("document.querySelector('.xp-draw').width") == side
    assert len(texts(browser, ".xp-bars")) == 3
    assert browser.complaints() == [] and browser.foreign() == []


def test_wrong_states_of_the_network_are_named():
    with pytest.raises(ValueError, match=r"samples must be uint8 \(n, 28, 28\), got torch.float32"):
        NetworkAtWork(networks(), torch.zeros(1, 28, 28))
    with pytest.raises(traitlets.TraitError, match="network=3: there are 3, numbered from 0"):
        NetworkAtWork(networks(), digits(1), network=3)
    with pytest.raises(ValueError, match="scale=2.0: only a digit of its own size"):
        _ = NetworkAtWork(networks(), digits(1), scale=2.0).canvas


def runs(browser) -> int:
    settle(browser)
    return int(browser.run("document.querySelector('[data-runs]').dataset.runs"))


def test_the_networks_run_only_for_another_image(browser, drawing):
    show(browser, drawing)
    before = runs(browser)
    change = "((s) => { s.value = %d; s.dispatchEvent(new Event('change')); })(%s)"
    for k, value in ((1, 2), (2, 0)):
        browser.run(change % (value, f"document.querySelectorAll('.xp select')[{k}]"))
    browser.run("document.querySelector('.xp-draw').focus()")
    press(browser, "ArrowRight", "ArrowDown")
    assert runs(browser) == before
    press(browser, " ")
    assert runs(browser) == before + 1


def test_a_move_by_four_pixels_keeps_the_scores_of_global_max():
    network, samples = networks()["global max"], digits(1)
    scores = []
    for right in (0, 4, 1):
        canvas = NetworkAtWork({"max": network}, samples, side=96, right=right).canvas
        with torch.inference_mode():
            scores.append(network[0](data.normalise(canvas[None, None], 0.05, 0.2)))
    torch.testing.assert_close(scores[1], scores[0])
    assert not torch.allclose(scores[2], scores[0])
    with pytest.raises(ValueError, match="networks is empty"):
        NetworkAtWork({}, samples)
    with pytest.raises(traitlets.TraitError, match="28×28 values, got 2×2"):
        NetworkAtWork({"max": network}, samples, digit=[[0, 0], [0, 0]])


def milliseconds(browser, page, side: int = 64) -> float:
    """Return how long the three networks take for one picture; run by hand on a calm machine."""
    show(browser, page)
    move(browser, "canvas", side)
    times = []
    for k in range(9):
        move(browser, "moved right", k)
        times.append(
            float(browser.run("document.querySelector('[data-milliseconds]').dataset.milliseconds"))
        )  # noqa: E501
    return sorted(times)[4]
