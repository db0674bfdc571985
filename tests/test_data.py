"""The data: read, verified, split; rebuilt at several resolutions; put into batches."""

import gzip
import hashlib
import re
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torchvision.datasets import MNIST

from helpers import data
from helpers.data import ARCHIVES, DATA

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
    found = hashlib.md5(path.read_bytes()).hexdigest()
    with pytest.raises(ValueError) as error:
        data.load_mnist(copy)
    message = str(error.value)
    for part in (str(path), ARCHIVES[name], found, "git checkout -- ", "download=True"):
        assert part in message


@pytest.mark.parametrize("name", ARCHIVES)
def test_missing_archive(copy, name):
    path = copy / "MNIST" / "raw" / name
    path.unlink()
    with pytest.raises(FileNotFoundError) as error:
        data.load_mnist(str(copy))
    for part in (str(path), ARCHIVES[name], "no file", "git checkout -- ", "download=True"):
        assert part in str(error.value)


def test_torchvisions_own_archives_are_accepted(copy, monkeypatch):
    """Stand-in for a download: our archive, declared to be torchvision's."""
    resources = [(name, ARCHIVES[name]) for name in ARCHIVES]
    monkeypatch.setattr(MNIST, "resources", resources)
    monkeypatch.setattr(data, "ARCHIVES", dict.fromkeys(ARCHIVES, "0" * 32))
    assert len(data.load_mnist(copy).test) == 10_000
    monkeypatch.setattr(MNIST, "resources", [(name, "1" * 32) for name in ARCHIVES])
    with pytest.raises(ValueError, match="0{32} .or 1{32}"):
        data.load_mnist(copy)


def test_stale_unpacked_files_are_not_used(copy, mnist):
    for name in ARCHIVES:
        (copy / "MNIST" / "raw" / name.removesuffix(".gz")).write_bytes(b"stale")
    assert torch.equal(data.load_mnist(copy).test.images, mnist.test.images)


def test_concurrent_loading(copy, mnist):
    with ThreadPoolExecutor(3) as pool:
        for loaded in pool.map(data.load_mnist, [copy] * 3):
            assert torch.equal(loaded.test.images, mnist.test.images)
    assert sorted(file.name for file in (copy / "MNIST" / "raw").iterdir()) == sorted(ARCHIVES)


def test_readme_lists_the_checksums():
    readme = (DATA / "README.md").read_text()
    rows = re.findall(r"\| `(\S+)` \| ([\d,]+) \| `(\w{32})` \| `(\w{32})` \|", readme)
    assert [row[0] for row in rows] == list(ARCHIVES)
    for name, size, archive, content in rows:
        packed = (RAW / name).read_bytes()
        assert len(packed) == int(size.replace(",", ""))
        assert hashlib.md5(packed).hexdigest() == archive == ARCHIVES[name]
        assert hashlib.md5(gzip.decompress(packed)).hexdigest() == content


def test_scale():
    images = torch.tensor([[0, 51, 255]], dtype=torch.uint8)
    scaled = data.scale(images)
    assert scaled.dtype == torch.float32
    torch.testing.assert_close(scaled, torch.tensor([[0, 0.2, 1]]))
    with pytest.raises(TypeError, match="float32"):
        data.scale(scaled)


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
