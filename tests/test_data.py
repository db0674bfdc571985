"""The data: read, verified, split; rebuilt at several resolutions; put into batches."""

import gzip
import hashlib
import math
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torchvision.transforms.functional import pil_to_tensor, to_pil_image

from helpers import data
from helpers.data import CONTENTS, DATA
from helpers.data import mnist as mnist_module
from helpers.data import varres as varres_module

RAW = DATA / "MNIST" / "raw"
IMAGES, LABELS = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"


@pytest.fixture(scope="module")
def mnist():
    return data.load_mnist()


@pytest.fixture
def copy(tmp_path):
    """A copy of the archives that a test may damage."""
    shutil.copytree(RAW, tmp_path / "MNIST" / "raw")
    return tmp_path


def test_sizes_and_types(mnist):
    for images, n in zip(mnist, (50_000, 10_000, 10_000), strict=True):
        assert images.images.shape == (n, 1, 28, 28) and images.images.dtype == torch.uint8
        assert images.labels.shape == (n,) and images.labels.dtype == torch.int64
        assert images.index.shape == (n,) and images.index.dtype == torch.int64
        assert len(images) == n


def test_the_contents_are_those_of_the_original_files(mnist):
    """The bytes of an IDX file after its header, found back through index."""
    with gzip.open(RAW / IMAGES) as file:
        pixels = torch.frombuffer(bytearray(file.read()), dtype=torch.uint8, offset=16)
    with gzip.open(RAW / LABELS) as file:
        labels = torch.frombuffer(bytearray(file.read()), dtype=torch.uint8, offset=8)
    pixels = pixels.reshape(60_000, 1, 28, 28)
    for part in (mnist.train, mnist.validation):
        assert torch.equal(part.images, pixels[part.index])
        assert torch.equal(part.labels, labels[part.index].long())
    assert labels[:5].tolist() == [5, 0, 4, 1, 9]  # the well-known first digits
    assert mnist.test.labels[:5].tolist() == [7, 2, 1, 0, 4]
    assert torch.equal(mnist.test.index, torch.arange(10_000))


def test_split_is_a_partition(mnist):
    both = torch.cat([mnist.train.index, mnist.validation.index])
    assert torch.equal(both.sort().values, torch.arange(60_000))


def test_split_never_changes(mnist):
    """A new torch with another randperm would silently change every result."""
    digest = hashlib.sha256(mnist.validation.index.numpy().tobytes()).hexdigest()
    assert digest == "01d4b2d0182ecfb0443d007974e36d7446da06e5b8fe1dce39dc05cc023b9e69"


def test_loading_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    data.split()
    assert torch.equal(torch.get_rng_state(), before)


def test_selection_keeps_images_labels_and_index_together(mnist):
    mask = mnist.test.labels == 3
    threes = mnist.test[mask]
    assert len(threes) == 1010 and (threes.labels == 3).all()
    assert torch.equal(threes.images, mnist.test.images[threes.index])


def _truncate(path):
    path.write_bytes(path.read_bytes()[:-100])


def _alter(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _swap(path):
    path.write_bytes((path.parent / "t10k-labels-idx1-ubyte.gz").read_bytes())


def _empty(path):
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [_truncate, _alter, _swap, _empty])
@pytest.mark.parametrize("name", [IMAGES, LABELS])
def test_damaged_archive(copy, damage, name):
    path = copy / "MNIST" / "raw" / name
    damage(path)
    found = f"{path.stat().st_size} bytes"
    with pytest.raises(ValueError) as error:
        data.load_mnist(copy)
    message = str(error.value)
    for part in (str(path), CONTENTS[name], found, "git checkout -- ", "download=True"):
        assert part in message


@pytest.mark.parametrize("name", CONTENTS)
def test_missing_archive(copy, name):
    path = copy / "MNIST" / "raw" / name
    path.unlink()
    with pytest.raises(FileNotFoundError) as error:
        data.load_mnist(str(copy))
    for part in (str(path), CONTENTS[name], "no file", "git checkout -- ", "download=True"):
        assert part in str(error.value)


def test_archives_packed_by_another_program_are_accepted(copy, mnist):
    for path in (copy / "MNIST" / "raw").iterdir():
        path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()), compresslevel=1))
    assert torch.equal(data.load_mnist(copy).test.images, mnist.test.images)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (bytes([0, 0, 13, 1, 0, 0, 0, 1, 7]), r"unsigned bytes \(0 0 8\), got \[0, 0, 13\]"),
        (bytes([0, 0, 8, 1, 0, 0, 0, 2, 7]), "announces 2 values, found 1"),
    ],
    ids=["another type", "a value short"],
)
def test_an_idx_file_of_another_kind_is_refused(content, message):
    with pytest.raises(ValueError, match=message):
        mnist_module.read_idx(content)


def test_stale_unpacked_files_are_not_used(copy, mnist):
    for name in CONTENTS:
        (copy / "MNIST" / "raw" / name.removesuffix(".gz")).write_bytes(b"stale")
    assert torch.equal(data.load_mnist(copy).test.images, mnist.test.images)


def test_concurrent_loading(copy, mnist):
    with ThreadPoolExecutor(3) as pool:
        for loaded in pool.map(data.load_mnist, [copy] * 3):
            assert torch.equal(loaded.test.images, mnist.test.images)
    assert sorted(file.name for file in (copy / "MNIST" / "raw").iterdir()) == sorted(CONTENTS)


def test_readme_lists_the_checksums():
    readme = (DATA / "README.md").read_text()
    rows = re.findall(r"\| `(\S+)` \| ([\d,]+) \| `(\w{32})` \| `(\w{32})` \|", readme)
    assert [row[0] for row in rows] == list(CONTENTS)
    for name, size, archive, content in rows:
        packed = (RAW / name).read_bytes()
        assert len(packed) == int(size.replace(",", ""))
        assert hashlib.md5(packed).hexdigest() == archive
        assert hashlib.md5(gzip.decompress(packed)).hexdigest() == content == CONTENTS[name]


def test_scale():
    images = torch.tensor([[0, 51, 255]], dtype=torch.uint8)
    scaled = data.scale(images)
    assert scaled.dtype == torch.float32
    torch.testing.assert_close(scaled, torch.tensor([[0, 0.2, 1]]))
    with pytest.raises(TypeError, match="float32"):
        data.scale(scaled)


def test_normalise():
    images = torch.tensor([0, 51, 255], dtype=torch.uint8)
    found = data.normalise(images, 0.2, 0.5)
    torch.testing.assert_close(found, torch.tensor([-0.4, 0.0, 1.6]), atol=1e-6, rtol=0)
    assert images.tolist() == [0, 51, 255]  # unchanged


def test_mean_std(mnist):
    pixels = data.scale(mnist.test.images).double()
    mean, std = data.mean_std(mnist.test.images)
    assert mean == pytest.approx(pixels.mean().item(), abs=1e-6)
    assert std == pytest.approx(pixels.std(correction=0).item(), abs=1e-6)
    # the values everybody uses for MNIST, over all 60,000 training images
    mean, std = data.mean_std(mnist.train.images, mnist.validation.images)
    assert (round(mean, 4), round(std, 4)) == (0.1307, 0.3081)
    with pytest.raises(TypeError, match="float32"):
        data.mean_std(torch.zeros(2, 1, 3, 3))
    with pytest.raises(ValueError, match="at least one"):
        data.mean_std()
    with pytest.raises(ValueError, match="all 18 pixels are 3"):
        data.mean_std(torch.full((2, 1, 3, 3), 3, dtype=torch.uint8))


@pytest.fixture(scope="module")
def varres():
    return data.load_varres()


def test_varres_holds_every_image_once_in_its_part(varres, mnist):
    for groups, part in zip(varres, mnist, strict=True):
        index = torch.cat([images.index for images in groups.values()])
        assert torch.equal(index.sort().values, part.index.sort().values)
        by_index = dict(zip(part.index.tolist(), part.labels.tolist(), strict=True))
        for side, images in groups.items():
            assert images.images.shape == (len(images), 1, side, side)
            assert images.images.dtype == torch.uint8
            assert [by_index[i] for i in images.index.tolist()] == images.labels.tolist()


def test_varres_pixels_follow_the_recipe(varres, mnist):
    """Each canvas holds its digit, tone curve applied, whole, and nothing else."""
    for side, images in varres.test.items():
        v = mnist.test.images[images.index].double()
        pasted = (v * v / 255 + 0.5).floor()
        assert torch.equal(images.images.sum((1, 2, 3)), pasted.sum((1, 2, 3)).long())
        canvas, digit = images.images[0, 0].double(), pasted[0, 0]
        windows = canvas.unfold(0, 28, 1).unfold(1, 28, 1)
        assert ((windows - digit).abs().amax((2, 3)) == 0).any(), side


def test_varres_positions_are_uniform(varres, mnist):
    """The shift of the ink's centre of gravity lies within 0 ... side - 28, 4 standard errors."""
    for side, images in varres.train.items():
        original = torch.empty(60_000, 1, 28, 28, dtype=torch.uint8)
        original[mnist.train.index] = mnist.train.images
        before = _centre(data.bend_tone(original[images.index]))
        shift = _centre(images.images) - before
        room = side - 28
        torch.testing.assert_close(shift, shift.round(), atol=1e-2, rtol=0)
        assert shift.round().min() == 0 and shift.round().max() == room
        error = ((room + 1) ** 2 / 12 / len(images)) ** 0.5
        assert ((shift.mean(0) - room / 2).abs() < 4 * error).all()
        assert abs(torch.corrcoef(shift.T)[0, 1]) < 4 / len(images) ** 0.5


def _centre(images):
    """The centre of gravity of the ink, (n, 2) as row and column."""
    ink = images[:, 0].float()
    position = torch.arange(ink.shape[-1], dtype=torch.float32)
    mass = ink.sum((1, 2))
    return torch.stack([ink.sum(2) @ position / mass, ink.sum(1) @ position / mass], 1)


def test_varres_sides_are_uniform(varres):
    for groups in varres:
        counts = torch.tensor([len(images) for images in groups.values()]).double()
        n = counts.sum()
        assert ((counts - n / 3).abs() < 4 * (n * 2 / 9).sqrt()).all()


def test_varres_has_the_statistics_of_the_original(varres):
    """Mean and std of the original tree: 4 standard errors of 20,000 random images, or less."""
    published = {32: (0.0857, 0.2574), 48: (0.0381, 0.1769), 64: (0.0214, 0.1340)}
    both = {
        side: torch.cat([varres.train[side].images, varres.validation[side].images])
        for side in data.SIDES
    }
    for side, images in both.items():
        assert data.mean_std(images) == pytest.approx(published[side], rel=0.01)
    assert data.mean_std(*both.values()) == pytest.approx((0.0354, 0.1708), rel=0.01)
    resized = [data.resize(images, 28) for images in both.values()]
    assert data.mean_std(*resized) == pytest.approx((0.0483, 0.1737), rel=0.01)


def test_varres_never_changes(varres):
    digest = hashlib.sha256()
    for images in varres.test.values():
        digest.update(images.images.numpy().tobytes())
    assert digest.hexdigest() == "db8313d013696bcc05106d95326eb74cdfc828c2620f097bea80b561347d7c39"


def test_tone_curve():
    values = torch.arange(256, dtype=torch.uint8)
    expected = [math.floor(v * v / 255 + 0.5) for v in range(256)]
    assert data.bend_tone(values).tolist() == expected
    assert data.bend_tone(values).dtype == torch.uint8


def test_canvas_smaller_than_the_image(mnist):
    with pytest.raises(ValueError, match=r"at least 28.*\(20, 64\)"):
        data.random_canvases(mnist.test[:3], (20, 64), torch.Generator())


def test_canvas_of_the_images_own_side(mnist):
    groups = data.random_canvases(mnist.test[:5], (28,), torch.Generator())
    assert torch.equal(groups[28].images, data.bend_tone(mnist.test[:5].images))


@pytest.fixture
def tree(tmp_path, monkeypatch, mnist):
    """A PNG tree of 40 + 20 training and 90 test images, and the MNIST to match."""
    small = data.Mnist(mnist.train[:40], mnist.validation[:20], mnist.test[:90])
    monkeypatch.setattr(varres_module, "load_mnist", lambda root: small)
    monkeypatch.setattr(mnist_module, "N_TRAIN", 40)
    generator = torch.Generator().manual_seed(0)
    for name, parts in (("train", (small.train, small.validation)), ("test", (small.test,))):
        for digit in range(10):
            (tmp_path / "mnist-varres" / name / str(digit)).mkdir(parents=True)
        for part in parts:
            for images in data.random_canvases(part, data.SIDES, generator).values():
                for k in range(len(images)):
                    folder = tmp_path / "mnist-varres" / name / str(images.labels[k].item())
                    picture = to_pil_image(images.images[k])
                    picture.save(folder / f"{images.index[k].item():06d}.png")
    return tmp_path


def test_tree_is_read_pixel_for_pixel(tree):
    varres = data.load_varres_original(tree)
    sizes = [sum(len(images) for images in groups.values()) for groups in varres]
    assert sizes == [40, 20, 90]
    for name, parts in (("train", varres[:2]), ("test", varres[2:])):
        files = sorted((tree / "mnist-varres" / name).glob("*/*.png"))
        index = torch.cat([images.index for groups in parts for images in groups.values()])
        assert torch.equal(index.sort().values, torch.arange(len(files)))
        for side, images in (item for groups in parts for item in groups.items()):
            assert images.images.shape[1:] == (1, side, side)
            for image, label, i in zip(images.images, images.labels, images.index, strict=True):
                assert torch.equal(image, pil_to_tensor(Image.open(files[i])))
                assert int(files[i].parent.name) == label


def test_tree_is_split_by_the_same_permutation(tree):
    varres = data.load_varres_original(tree)
    in_validation = torch.cat([images.index for images in varres.validation.values()])
    assert sorted(in_validation.tolist()) == sorted(data.split(60)[1].tolist())


@pytest.mark.parametrize("part", ["train", "test"])
def test_incomplete_tree(tree, part):
    folder = tree / "mnist-varres" / part
    next(folder.glob("7/*.png")).unlink()
    n = [len(list((folder / digit).iterdir())) for digit in "0123456789"]
    message = re.escape(f"{part}: found {n} images of the digits 0 to 9, expected ")
    with pytest.raises(ValueError, match=message):
        data.load_varres_original(tree)
    shutil.rmtree(folder)
    with pytest.raises(ValueError, match=re.escape(f"{part}: found {[0] * 10} images")):
        data.load_varres_original(tree)


def test_no_tree(mnist, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"mnist-varres is missing: unpack .* 'varres'"):
        data.load_varres_original(tmp_path)


def test_the_tree_does_not_change_what_varres_means(tree):
    before = data.load_varres(tree).test[32].images
    shutil.rmtree(tree / "mnist-varres")
    assert torch.equal(data.load_varres(tree).test[32].images, before)


@pytest.mark.parametrize(
    ("picture", "found"),
    [
        (Image.new("L", (40, 48)), r"mode L and size \(48, 40\)"),
        (Image.new("L", (28, 28)), r"mode L and size \(28, 28\)"),
        (Image.new("RGB", (32, 32)), r"mode RGB and size \(32, 32\)"),
        (Image.new("I;16", (32, 32)), r"mode I;16 and size \(32, 32\)"),
        (Image.new("LA", (32, 32)), r"mode LA and size \(32, 32\)"),
        (Image.new("1", (32, 32)), r"mode 1 and size \(32, 32\)"),
    ],
    ids=["not square", "other side", "colour", "16 bits", "alpha", "1 bit"],
)
def test_a_picture_of_another_kind_is_refused_by_name(tree, picture, found):
    file = next((tree / "mnist-varres" / "train").glob("1/*.png"))
    picture.save(file)
    with pytest.raises(ValueError, match=rf"{file.name}: found {found}.*expected mode L"):
        data.load_varres_original(tree)


def test_a_damaged_picture_is_named(tree):
    file = next((tree / "mnist-varres" / "train").glob("1/*.png"))
    file.write_bytes(file.read_bytes()[:60])
    with pytest.raises(ValueError, match=rf"{file.name}: not a readable picture"):
        data.load_varres_original(tree)


@pytest.mark.parametrize("name", ["._0.png", "Thumbs.db", "3/0.png"])
def test_a_surplus_file_is_named(tree, name):
    file = tree / "mnist-varres" / "train" / "3" / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(b"")
    with pytest.raises(ValueError, match=re.escape(f"{name.split('/')[0]}: expected only files")):
        data.load_varres_original(tree)


@pytest.mark.parametrize("size", [28, 64, (31, 50)])
def test_resize_agrees_with_pillow(varres, size):
    """Pillow computes in whole numbers, so it may round one grey value differently."""
    height, width = (size, size) if isinstance(size, int) else size
    images = varres.test[48].images[:20]
    resized = data.resize(images, size)
    assert resized.shape == (20, 1, height, width) and resized.dtype == torch.uint8
    for image, result in zip(images, resized, strict=True):
        expected = to_pil_image(image).resize((width, height), Image.Resampling.BILINEAR)
        assert (pil_to_tensor(expected).int() - result.int()).abs().max() <= 1


def test_resize_keeps_floats_and_constants():
    images = torch.full((2, 3, 9, 7), 0.25)
    for size in (5, (20, 3), (9, 7)):
        resized = data.resize(images, size)
        assert resized.dtype == torch.float32
        torch.testing.assert_close(resized, torch.full(resized.shape, 0.25))


sizes = st.tuples(st.integers(1, 6), st.integers(1, 6))


@settings(deadline=None)
@given(st.lists(sizes, min_size=1, max_size=8), st.integers(0, 2), st.integers(1, 3))
def test_pad(list_of_sizes, extra, channels):
    images = [torch.rand(channels, *size) + 1 for size in list_of_sizes]
    height = max(size[0] for size in list_of_sizes) + extra
    width = max(size[1] for size in list_of_sizes) + extra
    batch, mask = data.pad(images, (height, width) if extra else None)
    assert batch.shape == (len(images), channels, height, width)
    assert mask.shape == (len(images), 1, height, width) and mask.dtype == torch.bool
    for padded, own, image in zip(batch, mask, images, strict=True):
        assert torch.equal(padded[:, own[0]], image.flatten(1))  # all of the image, in order
        assert (padded[:, ~own[0]] == 0).all()  # and nothing else
        assert own[0, : image.shape[1], : image.shape[2]].all()


@pytest.mark.parametrize(
    ("second", "kinds"),
    [
        (torch.zeros(1, 2, 2), "1 channel.*float32, 1 channel.*uint8"),
        (torch.zeros(3, 2, 2, dtype=torch.uint8), "1 channel.*uint8, 3 channel.*uint8"),
    ],
    ids=["dtype", "channels"],
)
def test_pad_refuses_images_that_differ_in_kind(second, kinds):
    with pytest.raises(ValueError, match=f"must be alike, got {kinds}"):
        data.pad([torch.zeros(1, 3, 3, dtype=torch.uint8), second])


def test_pad_to_a_smaller_size():
    with pytest.raises(ValueError, match=r"\(3, 5\).*\(3, 4\)"):
        data.pad([torch.zeros(1, 3, 5), torch.zeros(1, 2, 2)], (3, 4))


@settings(deadline=None)
@given(st.lists(sizes, max_size=30))
def test_group_by_size(list_of_sizes):
    groups = data.group_by_size(list_of_sizes)
    assert all(list_of_sizes[i] == size for size, group in groups.items() for i in group.tolist())
    assert sorted(i for group in groups.values() for i in group.tolist()) == list(
        range(len(list_of_sizes))
    )


counts = st.dictionaries(st.integers(28, 64), st.integers(0, 40), max_size=6)


@settings(deadline=None)
@given(counts, st.integers(1, 50), st.integers(0, 2**32))
def test_batches_hold_every_image_once_and_one_group_each(counts, batch_size, seed):
    groups = {key: range(n) for key, n in counts.items()}
    epoch = data.batches(groups, batch_size, torch.Generator().manual_seed(seed))
    for key, n in counts.items():
        own = [indices for k, indices in epoch if k == key]
        assert sorted(i for indices in own for i in indices.tolist()) == list(range(n))
        lengths = sorted(len(indices) for indices in own)
        short = [n % batch_size] if n % batch_size else []
        assert lengths == short + [batch_size] * (n // batch_size)
    again = data.batches(groups, batch_size, torch.Generator().manual_seed(seed))
    assert [(k, i.tolist()) for k, i in epoch] == [(k, i.tolist()) for k, i in again]


def test_batches_mix_the_groups(varres):
    """Not one resolution after another: neighbours differ about as often as by chance, 2/3."""
    generator = torch.Generator().manual_seed(0)
    epoch = data.batches(varres.train, 16, generator)
    keys = [key for key, _ in epoch]
    changes = sum(a != b for a, b in pairwise(keys))
    assert abs(changes / len(keys) - 2 / 3) < 4 * (2 / 9 / len(keys)) ** 0.5
    key, indices = epoch[0]
    assert varres.train[key][indices].images.shape == (len(indices), 1, key, key)
    assert [k for k, _ in data.batches(varres.train, 16, generator)] != keys  # a new epoch


def test_batches_when_every_image_has_its_own_size():
    images = [torch.rand(1, 28 + k, 64 - k) for k in range(30)]
    groups = data.group_by_size(image.shape[1:] for image in images)
    epoch = data.batches(groups, 16, torch.Generator().manual_seed(0))
    seen = [groups[size][indices].item() for size, indices in epoch]
    assert sorted(seen) == list(range(30)) and seen != list(range(30))


def test_batches_of_one_size_are_plain_shuffling():
    epoch = data.batches({28: range(100)}, 10, torch.Generator().manual_seed(0))
    order = torch.cat([indices for _, indices in epoch])
    assert torch.equal(order.sort().values, torch.arange(100))
    assert (order[1:] < order[:-1]).sum() > 30  # about half of the steps go down


@pytest.mark.parametrize("batch_size", [0, -4])
def test_batch_size_below_one(batch_size):
    with pytest.raises(ValueError, match=f"batch_size must be at least 1, got {batch_size}"):
        data.batches({28: range(10)}, batch_size, torch.Generator())
