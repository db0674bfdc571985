"""Records made by hand, for tests that need some but not the training."""

from helpers.experiments import Experiment
from helpers.experiments.store import Circumstances, Epoch, Record, TestResult

RUN = Circumstances(
    seconds=1.0, images_per_second=50.0, threads=1, processor="p", python="3", torch="2"
)


def a_record(
    line: Experiment, *epochs: tuple[float, float], first_losses=(2.0, 1.0), test=None
) -> Record:
    """Return a record of a line; ``epochs`` are pairs of validation accuracy and loss."""
    return Record(
        name=line.name,
        experiment=line,
        first_losses=list(first_losses),
        epochs=[
            Epoch(epoch=k, train_loss=0.5, validation_loss=loss, validation_accuracy=accuracy)
            for k, (accuracy, loss) in enumerate(epochs or [(0.9, 0.1)], start=1)
        ],
        test=test,
        weights=None,
        run=RUN,
    )


def with_predictions(predictions: str, **fields) -> Record:
    """Return a record with these predictions of the test images; ``fields`` are the line's."""
    result = TestResult(loss=0.1, accuracy=0.9, per_resolution={}, predictions=predictions)
    return a_record(Experiment(group="made", test=True, **fields), test=result)
