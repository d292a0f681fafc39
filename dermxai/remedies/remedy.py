"""What a remedy is: one file in `dermxai.remedies.methods`, or an entry point of that group in
another package, holds an instance of a class derived from `Remedy`."""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from dermxai.core.components import Component, Kind, Text
from dermxai.core.errors import InputError
from dermxai.core.settings import Settings, setting_faults
from dermxai.metrics.decision import DecisionRule
from dermxai.remedies.images import Images
from dermxai.remedies.outputs import Change
from dermxai.runs import Run

S = TypeVar("S", bound=Settings)


class SkippedError(InputError):
    """Why a remedy changes nothing here, a sentence: a stack goes on without it."""


@dataclass(frozen=True, eq=False)
class Bench:
    """What a remedy is fitted on; of the images that are measured nothing is here.

    Attributes:
        training, validation: images by what they serve for; no patient is in both.
        run: whose images they are. Its rows of the test split are not to be read.
        others: other runs that settings name.
        tick: called often by what takes long; whatever it raises stops the fit.
    """

    training: Images
    validation: Images
    run: Run
    others: Mapping[str, Run]
    tick: Callable[[], None] = lambda: None


@dataclass(frozen=True, eq=False)
class Fitted:
    """What a remedy has come to.

    Attributes:
        change: of predictions, whatever the image.
        training, validation: what later remedies are fitted on, where it is something else.
        rule: that decides from now on; None: as before.
        trained_on_validation: whether the change is learnt from validation images as from training
            images.
        added: whether ``training`` has images of other runs.
        notes: what was chosen or left out, a sentence each.
    """

    change: Change | None = None
    training: Images | None = None
    validation: Images | None = None
    rule: DecisionRule | None = None
    trained_on_validation: bool = False
    added: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Remedy(Component, Generic[S]):
    """
    Attributes:
        title: what it is called.
        note: a line on what it does, a sentence.
        settings: what can be chosen; each has a default.
        version: raised when the same settings give another result than before.
    """

    title: Text
    note: Text
    settings: type[S]
    version: int = 1

    def runs(self, settings: S) -> tuple[str, ...]:  # noqa: ARG002
        """Other runs that it needs, by name or folder."""
        return ()

    @abstractmethod
    def fitted(self, bench: Bench, settings: S) -> Fitted:
        """The remedy, fitted.

        Raises:
            SkippedError: there is nothing to fit it on.
            InputError: settings that do not go with these images.
        """


def description_faults(made: Remedy[S]) -> Iterator[str]:
    """What loading finds wrong with a remedy's description, a sentence each."""
    if not made.note.endswith("."):
        yield f"note is {made.note!r}; expected a sentence that ends with a full stop."
    if made.version < 1:
        yield f"version is {made.version}; expected at least 1."
    yield from setting_faults(made.settings)


REMEDIES: Kind[Remedy[Settings]] = Kind(
    Remedy,  # type: ignore[type-abstract]
    "dermxai.remedies.methods",
    "remedy",
    description_faults,
)


def named_sets(text: str) -> list[str]:
    """The parts of a text that commas separate."""
    return [part.strip() for part in text.split(",") if part.strip()]
