"""The settings of one training run."""

from typing import Literal

from pydantic import BaseModel, Field, model_validator

from helpers.data import augment

Data = Literal["mnist", "varres", "varres-28", "varres-64", "varres-pad64", "varres-original"]


LATER = ("batch_norm", "schedule")  # fields that the first records do not hold


class Experiment(BaseModel, frozen=True, extra="forbid"):
    """One training run; everything that decides its result.

    ``data``: ``mnist`` (28x28); ``varres``, the variable-resolution images as they are; ``-28`` and
    ``-64``, the same resized to this side; ``-pad64``, padded with black at the right and bottom;
    ``-original``, the original archive, which the project does not contain.
    ``network``: ``fixed``, or a VariableNetwork with this pooling and ``width``, which the fixed
    network may leave out (64). ``batch_norm``: with batch normalisation. ``schedule``: the learning
    rate stays, or falls ``linear``ly, step by step, from its value to zero.
    ``augmentation``: a recipe of ``helpers.data.augment``. ``normalisation``: subtract the mean and
    divide by the standard deviation of the training images. ``test``: may read the test set, once,
    after the last epoch. ``images``: only so many training images, and a fifth as many in
    validation and test set; all if None. At least 15: one of each size in validation.
    """

    group: str = Field(pattern="^[a-z0-9-]+$")  # the first part of a file's name
    data: Data = "mnist"
    network: Literal["fixed", "max", "mean", "sum", "scaled-mean"] = "fixed"
    width: int | None = Field(None, ge=1)
    batch_norm: bool = False
    optimiser: Literal["Adam"] = "Adam"
    learning_rate: float = Field(0.001, gt=0)
    schedule: Literal["constant", "linear"] = "constant"
    batch_size: int = Field(16, ge=1)
    epochs: int = Field(5, ge=1)
    augmentation: Literal[*augment.RECIPES] | None = None
    normalisation: bool = True
    seed: int = Field(0, ge=0)
    test: bool = False
    save_weights: bool = False
    images: int | None = Field(None, ge=15)

    @model_validator(mode="after")
    def _network_fits(self) -> "Experiment":
        if self.network == "fixed" and self.batch_norm:
            raise ValueError("batch_norm=True: only a VariableNetwork has it; leave it out")
        if self.network != "fixed" and self.width is None:
            raise ValueError(
                f"width is missing: network={self.network!r} needs the number of channels that "
                "are pooled, such as width=81"
            )
        if self.network == "fixed" and self.data in ("varres", "varres-original"):
            raise ValueError(
                f"data={self.data!r} has images of three sizes, the fixed network takes one: use "
                "'varres-28', 'varres-64' or 'varres-pad64', or network='max'"
            )
        return self

    def stored(self) -> dict:
        """Return the fields as a record holds them.

        A field that came later is left out where it has its default, so that older records keep
        their bytes.
        """
        fields = type(self).model_fields
        later = {name for name in LATER if getattr(self, name) == fields[name].default}
        return self.model_dump(exclude=later)

    @property
    def name(self) -> str:
        """The name of the run and of its record; differs when a result could differ."""
        parts = [self.group, self.data, f"{self.network}{self.width or ''}"]
        parts += [f"lr{self.learning_rate:g}", f"batch{self.batch_size}", f"epochs{self.epochs}"]
        parts += ["norm"] if self.batch_norm else []
        parts += [self.schedule] if self.schedule != "constant" else []
        parts += [f"augment-{self.augmentation}"] if self.augmentation else []
        parts += [] if self.normalisation else ["raw"]
        parts += [f"images{self.images}"] if self.images else []
        return "_".join([*parts, f"seed{self.seed}"])
