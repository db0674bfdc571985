import pytest
import safetensors.torch
import torch
from torch.nn import functional as F

from helpers import data
from helpers.experiments import Experiment, checkpoints, inputs, training
from helpers.experiments.records import same_result
from helpers.networks import FixedNetwork

TINY = Experiment(group="test", images=100, epochs=3, save_weights=True, test=True)
VARIABLE = {"data": "varres", "network": "max", "width": 8}


def tiny(**fields):
    return TINY.model_copy(update=fields)


KINDS = [
    tiny(),
    tiny(augmentation="original"),
    tiny(normalisation=False),
    tiny(**VARIABLE),
    tiny(data="varres-28"),
    tiny(**VARIABLE, batch_norm=True, schedule="linear"),
]


@pytest.mark.parametrize("experiment", KINDS, ids=lambda e: e.name)
def test_same_line_same_record_whatever_ran_before(experiment):
    record, weights = training.run(experiment)
    torch.manual_seed(123)
    torch.rand(7)
    training.run(tiny(seed=9, epochs=1))
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    again, weights_again = training.run(experiment)
    assert torch.get_num_threads() == 2
    torch.set_num_threads(threads)
    assert same_result(record, again)
    assert weights == weights_again


def test_global_random_state_decides_nothing_and_seeds_decide():
    losses = {seed: training.first_losses(tiny(seed=seed), 3) for seed in (0, 1)}
    assert losses[0] != losses[1]
    torch.manual_seed(5)
    assert training.first_losses(tiny(), 3) == losses[0]


def test_augmentation_leaves_initial_weights_and_order_alone():
    plain, moved = training.Run(tiny()), training.Run(tiny(augmentation="original"))
    assert torch.equal(plain.network.conv1.weight, moved.network.conv1.weight)
    moved.train_epoch(1)
    plain.train_epoch(1)
    assert torch.equal(plain.order.get_state(), moved.order.get_state())
    assert torch.equal(plain.train[28].images, moved.train[28].images)


class Killed(Exception):
    pass


@pytest.mark.parametrize("experiment", KINDS, ids=lambda e: e.name)
@pytest.mark.parametrize("when", [{"epoch": 2, "step": 0}, {"epoch": 3, "step": 0}])
def test_a_killed_run_continues_and_ends_with_the_same_record(tmp_path, experiment, when):
    checkpoint = tmp_path / "checkpoint.pt"

    def kill(event):
        if when.items() <= event.items():
            raise Killed

    with pytest.raises(Killed):
        training.run(experiment, checkpoint, kill)
    seen = []
    record, weights = training.run(experiment, checkpoint, seen.append)
    assert min(event["epoch"] for event in seen) == when["epoch"]
    whole, whole_weights = training.run(experiment)
    assert same_result(record, whole)
    assert weights == whole_weights


@pytest.mark.parametrize("damage", ["other code", "other experiment", "truncated"])
def test_a_checkpoint_that_does_not_fit_is_not_continued(tmp_path, damage):
    checkpoint = tmp_path / "checkpoint.pt"
    training.run(tiny(epochs=1), checkpoint)
    state = torch.load(checkpoint, weights_only=True)
    if damage == "other code":
        state["first_losses"][-1] += 0.01
    elif damage == "other experiment":
        state["experiment"]["learning_rate"] = 0.5
    torch.save(state, checkpoint)
    if damage == "truncated":
        checkpoint.write_bytes(checkpoint.read_bytes()[:1000])
    seen = []
    training.run(tiny(epochs=1), checkpoint, seen.append)
    assert seen[0]["epoch"] == 1


@pytest.mark.parametrize(("change", "epochs_left"), [(1 + 1e-4, 1), (1 + 1e-2, 2)])
def test_a_checkpoint_of_another_processor_is_continued(tmp_path, change, epochs_left):
    """Last digits may differ, as other processors add in another order; code may not."""
    checkpoint = tmp_path / "checkpoint.pt"
    training.run(tiny(epochs=1), checkpoint)
    state = torch.load(checkpoint, weights_only=True)
    state["experiment"]["epochs"] = 2
    state["first_losses"][-1] *= change
    torch.save(state, checkpoint)
    seen = []
    training.run(tiny(epochs=2), checkpoint, seen.append)
    assert sum("train_loss" in event for event in seen) == epochs_left


def test_what_is_left_behind_is_removed(tmp_path):
    for name in ("a.pt", "b.pt", "b.12.tmp"):
        (tmp_path / name).write_bytes(b"")
    checkpoints.clear(tmp_path, {"a.pt"})
    assert [file.name for file in tmp_path.iterdir()] == ["a.pt"]
    checkpoints.clear(tmp_path / "absent", set())


def test_a_run_changes_no_setting_of_torch():
    flags = torch.backends.cudnn
    before = flags.deterministic, flags.allow_tf32, flags.benchmark, torch.get_num_threads()
    training.first_losses(tiny(), 1)
    after = flags.deterministic, flags.allow_tf32, flags.benchmark, torch.get_num_threads()
    assert before == after


def test_inputs_are_what_a_run_sees():
    run, (train, validation, prepare) = (
        training.Run(tiny(**VARIABLE)),
        inputs.load(tiny(**VARIABLE)),
    )
    assert all(torch.equal(run.train[side].images, train[side].images) for side in train)
    assert run.validation.keys() == validation.keys() == train.keys()
    pixels = validation[32].images
    torch.testing.assert_close(prepare(pixels), run.prepare(pixels), atol=0, rtol=0)


def test_record_agrees_with_the_weights_it_comes_with():
    record, weights = training.run(tiny(images=1000))
    network = FixedNetwork()
    network.load_state_dict(safetensors.torch.load(weights))
    test = inputs.load_part(tiny(images=1000), "test")[28]
    train = inputs.load_part(tiny(images=1000), "train")[28]
    mean, std = train.images.double().div(255).mean(), train.images.double().div(255).std()
    scores = network((data.scale(test.images) - mean) / std)
    assert torch.equal(test.index, torch.arange(200))
    predictions = "".join(str(int(k)) for k in scores.argmax(1))
    assert record.test.predictions == predictions
    assert record.test.accuracy == (scores.argmax(1) == test.labels).double().mean()
    assert record.epochs[-1].validation_accuracy > 0.8  # it learns


def test_predictions_are_in_the_order_of_the_test_file():
    record, _ = training.run(tiny(**VARIABLE, epochs=1))
    labels = data.load_mnist().test.labels[:20]
    digits = torch.tensor([int(k) for k in record.test.predictions])
    accuracy = (digits == labels).double().mean().item()
    assert record.test.accuracy == pytest.approx(accuracy)
    assert set(record.epochs[0].per_resolution) == {32, 48, 64}


def test_the_test_set_is_read_only_where_the_table_allows_it():
    with pytest.raises(PermissionError, match="test=True"):
        inputs.load_part(tiny(test=False), "test")
    assert training.run(tiny(test=False, epochs=1))[0].test is None


@pytest.mark.parametrize(
    ("kind", "sizes"),
    [
        ("mnist", {28: 28}),
        ("varres", {32: 32, 48: 48, 64: 64}),
        ("varres-28", {32: 28, 48: 28, 64: 28}),
        ("varres-64", {32: 64, 48: 64, 64: 64}),
        ("varres-pad64", {32: 64, 48: 64, 64: 64}),
    ],
)
def test_parts_of_each_data_set(kind, sizes):
    experiment = tiny(data=kind, images=90)
    groups = inputs.load_part(experiment, "validation")
    assert {side: images.images.shape[-1] for side, images in groups.items()} == sizes
    train = inputs.load_part(experiment, "train")
    assert len(train) == (3 if kind == "varres" else 1)
    assert sum(map(len, train.values())) == 90
    assert sum(map(len, inputs.load_part(experiment, "test").values())) == 18
    indices = [set(g.index.tolist()) for part in (train, groups) for g in part.values()]
    assert len(set.union(*indices)) == sum(map(len, indices))  # no image in two places


def test_the_original_archive_is_a_data_set_of_its_own(tmp_path, monkeypatch):
    (tmp_path / "mnist-varres").mkdir()  # unpacked beside the archives: nothing else changes
    before = inputs.load_part(tiny(**VARIABLE), "validation")
    monkeypatch.setattr(inputs, "ROOT", tmp_path / "absent")
    original = Experiment(group="t", data="varres-original", network="max", width=8)
    assert "varres-original" in original.name
    with pytest.raises(FileNotFoundError, match="mnist-varres is missing"):
        inputs.load(original)
    assert inputs.load_part(tiny(**VARIABLE), "validation") is before
    with pytest.raises(ValueError, match="'varres-original' has images of three sizes"):
        Experiment(group="t", data="varres-original")


def test_some_of_the_original_test_set_have_all_digits():
    labels = torch.arange(10).repeat_interleave(100)  # in the order of its folders
    images = data.Images(torch.zeros(1000, 1, 32, 32), labels, torch.arange(1000))
    groups = {32: images[::2], 48: images[1::2]}
    some = inputs._some(groups, "test", 250, by_digit=True)
    assert torch.cat([i.labels for i in some.values()]).bincount().tolist() == [5] * 10
    first = inputs._some(groups, "test", 250, by_digit=False)
    assert sorted(torch.cat([i.index for i in first.values()]).tolist()) == list(range(50))


def test_padding_keeps_the_image_and_adds_black():
    padded = inputs.load_part(tiny(data="varres-pad64"), "validation")[32].images
    plain = inputs.load_part(tiny(data="varres"), "validation")[32].images
    assert torch.equal(padded[:, :, :32, :32], plain)
    assert padded.sum() == plain.sum()


def test_normalisation_uses_the_training_images():
    run = training.Run(tiny())
    assert run.prepare(run.train[28].images).mean().abs() < 1e-4
    assert (run.prepare(run.train[28].images).std() - 1).abs() < 1e-4
    raw = training.Run(tiny(normalisation=False))
    torch.testing.assert_close(raw.prepare(raw.train[28].images), data.scale(raw.train[28].images))


def test_a_linear_schedule_ends_at_zero_and_the_other_stays():
    falling, constant = (training.Run(tiny(schedule=s)) for s in ("linear", "constant"))
    total = falling.experiment.epochs * falling.steps
    falling.train_epoch(3)
    rate = falling.experiment.learning_rate
    assert falling.optimiser.param_groups[0]["lr"] == pytest.approx(rate * (1 - 3 / total))
    falling.train_epoch()
    while falling.schedule.last_epoch < total:
        falling.train_epoch(1)
    constant.train_epoch()
    assert falling.optimiser.param_groups[0]["lr"] == 0
    assert constant.optimiser.param_groups[0]["lr"] == rate


def test_one_step_is_adam_on_the_cross_entropy():
    run = training.Run(tiny())
    reference = FixedNetwork()
    reference.load_state_dict(run.network.state_dict())
    optimiser = torch.optim.Adam(reference.parameters(), lr=0.001)
    images = run.train[28]
    batches = [(28, torch.arange(16)), (28, torch.arange(16, 25))]
    losses = training.train_epoch(run.network, run.optimiser, run.train, batches, run.prepare)
    for (_, indices), found in zip(batches, losses, strict=True):
        scores = reference(run.prepare(images.images[indices]))
        loss = F.cross_entropy(scores, images.labels[indices])
        torch.testing.assert_close(found, loss.detach(), atol=1e-5, rtol=0)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    for a, b in zip(run.network.parameters(), reference.parameters(), strict=True):
        torch.testing.assert_close(a, b, atol=1e-4, rtol=0)


def test_batches_go_to_the_network_and_results_come_back(monkeypatch):
    run = training.Run(tiny())
    network = training.build_network(tiny()).to("meta")  # stands for a GPU; it has no values
    optimiser = torch.optim.SGD(network.parameters())
    devices, cross_entropy = [], F.cross_entropy

    def noted(scores, labels, **options):
        devices.append((scores.device.type, labels.device.type))
        return cross_entropy(scores, labels, **options)

    monkeypatch.setattr(F, "cross_entropy", noted)
    batches = [(28, torch.arange(16)), (28, torch.arange(16, 25))]
    with pytest.raises(NotImplementedError):  # the losses have no values
        training.train_epoch(network, optimiser, run.train, batches, run.prepare)
    with pytest.raises(RuntimeError, match="meta"):
        training.evaluate(network, run.train[28], run.prepare)
    assert devices == [("meta", "meta")] * 3


@pytest.mark.parametrize("whole", [training.run, training.first_losses])
def test_a_run_uses_the_device_that_it_is_told(whole):
    with pytest.raises(RuntimeError, match="meta"):
        whole(tiny(), device="meta")  # on which this optimiser cannot be used
    assert next(training.Run(tiny()).network.parameters()).device.type == "cpu"


def test_evaluate_is_the_mean_over_images_for_any_batch_size():
    run = training.Run(tiny())
    images = run.train[28]
    loss, predictions = training.evaluate(run.network, images, run.prepare, batch_size=7)
    scores = run.network(run.prepare(images.images))
    assert loss == pytest.approx(F.cross_entropy(scores, images.labels).item(), abs=1e-5)
    assert torch.equal(predictions, scores.argmax(1))
