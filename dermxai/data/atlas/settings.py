"""What an atlas holds: how many of whom, how alike the diseases look, what lies on the lens."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from pydantic import SerializerFunctionWrapHandler, model_serializer, model_validator

from dermxai.core.errors import InputError
from dermxai.core.settings import Settings, setting
from dermxai.core.values import Number, Whole, shown
from dermxai.data.atlas.artefacts import ARTEFACTS

Overlap = Mapping[str, Mapping[str, float]]

IMAGES: Mapping[str, int] = {
    "LP": 804, "Rosa": 597, "VW": 1110, "AV": 2023, "KAHS": 438, "EAD": 2440, "DF": 343,
    "SD": 767, "SK": 553, "MN": 1214, "Hem": 200, "Pso": 1707, "PWS": 920, "BCC": 487,
}  # fmt: skip
"""Images a class in the development set (Table 1; its 14.70 % for hemangioma is a misprint)."""
PATIENTS: Mapping[str, int] = {
    "LP": 126, "Rosa": 80, "VW": 298, "AV": 277, "KAHS": 96, "EAD": 419, "DF": 116,
    "SD": 124, "SK": 143, "MN": 345, "Hem": 61, "Pso": 234, "PWS": 112, "BCC": 107,
}  # fmt: skip
"""Patients a class in the development set (Table 1)."""
SHARES: Mapping[str, float] = {"train": 0.60, "validation": 0.15, "test": 0.25}
SHARING = ("EAD", "SD", "Pso", "Rosa")
"""The classes whose signs can be mixed in an image."""
OVERLAP: Overlap = {
    "EAD": {"SD": 0.9, "Pso": 0.75},
    "SD": {"Rosa": 0.5, "EAD": 0.41},
    "Pso": {"EAD": 0.4},
    "Rosa": {"SD": 0.4},
}
"""The largest share of an image's signs that are those of another class than its own. Highest for
what the paper's network confused most: EAD with Pso and SD, SD with Rosa (its Discussion)."""
RATES: Mapping[str, float] = {"hair": 0.35, "ruler": 0.08, "ink": 0.04, "bubbles": 0.12}


_PARTS = "a table of classes and a number each"
_ADDED = ("shortcut_splits", "mislabelled", "training_shares")
"""Settings that were added later: kept where something is said, so that others are kept alike."""


class AtlasSettings(Settings):
    """What an atlas holds. A shortcut ties one artefact to one class: always there, never else.

    Causes of confusions are planted by ``overlap`` (the image does not hold it), ``label_noise`` or
    ``mislabelled`` (labels in error), ``training_shares`` (of one class: imbalance; of two: lack of
    data) and by a shortcut in ``shortcut_splits`` (training and validation) that does not hold in
    the others. An image that nothing is planted in is the same with and without.

    Raises:
        InputError: as `dermxai.core.settings.Settings`, or settings that no atlas can have.
    """

    images: int = setting(560, "Of all classes together", 1, 1_000_000)
    size: int = setting(384, "Side of an image", 32, 4096, unit="px")
    seed: int = setting(7, "Seed of all draws", 0, 2**53)
    artefact_rates: Mapping[str, Number] = setting(
        dict(RATES),
        "Chance of each artefact on an image",
        words="a table of artefacts and a chance from 0 to 1 each",
    )
    shortcut_class: str | None = setting(None, "Class that the shortcut's artefact marks")
    shortcut_artefact: str | None = setting(None, "Artefact that marks the shortcut's class")
    class_mix: Mapping[str, Number] = setting(
        dict(IMAGES),
        "Images a class, relative to each other; a class that is left out has none",
        words=_PARTS,
    )
    patients: Mapping[str, Whole] = setting(
        {}, "Patients a class; of the others as many as images_a_patient says", words=_PARTS
    )
    images_a_patient: float | None = setting(
        None, "On the average; none: as in the paper's Table 1", 1, 10_000, unit="images"
    )
    fewest_images: Mapping[str, Whole] = setting(
        {},
        "Of each patient of a class, 1 where nothing is said; a class has no more patients than "
        "its images suffice for",
        words=_PARTS,
    )
    splits: Mapping[str, Number] = setting(
        dict(SHARES),
        "Share of each class's patients in each split",
        words="a table of splits and a share each",
    )
    overlap: Mapping[str, Mapping[str, Number]] = setting(
        {one: dict(others) for one, others in OVERLAP.items()},
        "Of a class: other classes, and the largest share of an image's signs that are theirs. "
        "Each patient has one other class; the shares lie evenly between 0 and the largest",
        words="a table of classes, each with a table of other classes and a share from 0 to 1",
    )
    label_noise: float = setting(
        0.0,
        "Share of the images with signs of another class that bear its label; whole in each split",
        0.0,
        1.0,
    )

    shortcut_splits: Sequence[str] = setting(
        (),
        "Splits in which the shortcut's artefact marks its class, all if empty; in the others it "
        "lies on images of any class as often as artefact_rates says",
        words="a list of splits",
    )
    mislabelled: Mapping[str, Mapping[str, Number]] = setting(
        {},
        "Of a class: other classes, and the share of its images that bear their label, whatever "
        "they show",
        words="a table of classes, each with a table of other classes and a share from 0 to 1",
    )
    training_shares: Mapping[str, Number] = setting(
        {},
        "Of a class: the share of its training patients that are drawn, one at least; the others "
        "are missing",
        words=_PARTS,
    )

    @model_serializer(mode="wrap")
    def _kept(self, handler: SerializerFunctionWrapHandler) -> dict[str, object]:
        kept: dict[str, object] = handler(self)
        return {name: value for name, value in kept.items() if name not in _ADDED or value}

    def marked(self, split: str) -> bool:
        """Whether the shortcut's artefact marks its class in a split."""
        told = self.shortcut_artefact is not None
        return told and (not self.shortcut_splits or split in self.shortcut_splits)

    def rates_for(self, label: str, split: str = "") -> Mapping[str, float]:
        """Chance of each artefact on an image of that class in a split."""
        if self.shortcut_artefact is None or not (not split or self.marked(split)):
            return self.artefact_rates
        planted = 1.0 if label == self.shortcut_class else 0.0
        return {**self.artefact_rates, self.shortcut_artefact: planted}

    @model_validator(mode="after")
    def _go_together(self) -> "AtlasSettings":
        self._check_artefacts()
        told: list[Iterable[str]] = [self.class_mix, self.patients, self.fewest_images]
        told += [self.overlap, *self.overlap.values(), self.training_shares]
        told += [self.mislabelled, *self.mislabelled.values()]
        named = set(chain(*told)) | ({self.shortcut_class} - {None})
        if unknown := sorted(map(shown, named - set(IMAGES))):
            raise InputError(f"Unknown class {', '.join(unknown)}; there are {', '.join(IMAGES)}.")
        if not _parts(self.class_mix):
            raise InputError("The class mix needs one class or more, each with a part above 0.")
        if not _parts(self.splits):
            raise InputError("The splits need one or more, each with a share above 0.")
        if min([1, *self.fewest_images.values(), *self.patients.values()]) < 1:
            raise InputError("Patients a class and the fewest images are 1 or more each.")
        self._check_overlap()
        self._check_planted()
        return self

    def _check_artefacts(self) -> None:
        named = set(self.artefact_rates) | ({self.shortcut_artefact} - {None})
        if unknown := sorted(map(shown, named - set(ARTEFACTS))):
            raise InputError(
                f"Unknown artefact {', '.join(unknown)}; there are {', '.join(ARTEFACTS)}."
            )
        for name, rate in self.artefact_rates.items():
            if not 0 <= rate <= 1:
                raise InputError(f"The chance of {name} is {rate}; give one from 0 to 1.")
        if (self.shortcut_class is None) != (self.shortcut_artefact is None):
            raise InputError("A shortcut needs both a class and an artefact; give both or neither.")

    def _check_overlap(self) -> None:
        for code, others in self.overlap.items():
            if other := sorted({code, *others} - set(SHARING)):
                raise InputError(
                    f"The signs of {', '.join(other)} cannot be mixed with those of another class; "
                    f"expected two of {', '.join(SHARING)}."
                )
            if code in others:
                raise InputError(f"{code} overlaps with itself; name another class.")
            for one, share in others.items():
                if not 0 <= share <= 1:
                    raise InputError(
                        f"The share of {one}'s signs in {code} is {share}; give one from 0 to 1."
                    )

    def _check_planted(self) -> None:
        if unknown := sorted(map(shown, set(self.shortcut_splits) - set(self.splits))):
            raise InputError(
                f"Unknown split {', '.join(unknown)} of the shortcut; there are "
                f"{', '.join(self.splits)}."
            )
        if self.shortcut_splits and self.shortcut_artefact is None:
            raise InputError("Splits of a shortcut came without one; give its class and artefact.")
        for code, share in self.training_shares.items():
            if not 0 < share <= 1:
                raise InputError(
                    f"The share of {code}'s training patients is {share}; give one above 0, at "
                    "most 1."
                )
        for code, others in self.mislabelled.items():
            if code in others:
                raise InputError(f"{code} is mislabelled as itself; name another class.")
            if min(others.values(), default=0) < 0 or sum(others.values()) > 1:
                raise InputError(
                    f"The shares of {code} that are mislabelled come to {sum(others.values())}; "
                    "give shares from 0 that add up to 1 at most."
                )


def _parts(weights: Mapping[str, float]) -> bool:
    """Whether there are some, all above 0."""
    return bool(weights) and all(weight > 0 for weight in weights.values())


_PATIENTS = {"EAD": 38, "SD": 38, "Pso": 21, "Rosa": 21}
_IMAGES = {"EAD": 81, "SD": 81, "Pso": 36, "Rosa": 32}
DEMO = AtlasSettings(
    images=440,
    class_mix={code: _IMAGES.get(code, 21) for code in IMAGES},
    patients={code: _PATIENTS.get(code, 16) for code in IMAGES},
    fewest_images={"EAD": 2, "SD": 2},
    splits={"train": 0.16, "validation": 0.09, "test": 0.75},
    label_noise=0.03,
)
"""Most patients are test patients, so that every class has an interval, and the two of the README's
question two images or more each."""
SHORTCUT = AtlasSettings(
    images=240,
    size=224,
    seed=20,
    class_mix={"EAD": 1, "SD": 1},
    patients={"EAD": 60, "SD": 60},
    splits={"train": 0.5, "validation": 0.1, "test": 0.4},
    overlap={"EAD": {"SD": 0.55}, "SD": {"EAD": 0.55}},
    artefact_rates={"hair": 0.2, "ink": 0.4},
    shortcut_class="EAD",
    shortcut_artefact="ink",
    shortcut_splits=("train", "validation"),
)
"""Two classes that share signs; in training and validation ink marks one of them, in the test it
lies on images of both."""
