"""What a file of predictions holds, as it is written there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dermxai.core.activation import ACTIVATIONS, SIGMOID, SOFTMAX
from dermxai.core.errors import InputError
from dermxai.models.info import MOST_CLASSES, MOST_HEADS

if TYPE_CHECKING:
    from dermxai.runs.run import Run

Floats = NDArray[np.float64]
LOGITS, PROBABILITIES, PERCENT = "logits", "probabilities", "percent"
KINDS = (LOGITS, PROBABILITIES, PERCENT)
IMAGE, FOLD, OUTPUT, EMBEDDING, CONCEPT, NOTHING = (
    "image",
    "fold",
    "output",
    "embedding",
    "concept",
    "nothing",
)
ROLES = (IMAGE, FOLD, OUTPUT, EMBEDDING, CONCEPT, NOTHING)
"""What a column of a table may be taken for."""
MOST_ROWS = 5_000_000
_FEW = 12  # columns in a sentence


@dataclass(frozen=True)
class ImportOptions:
    """What a person says of a file of predictions; None where DermXAI is to tell.

    Attributes:
        kind: one of `KINDS`.
        activation: one of `ACTIVATIONS`: what makes logits probabilities, and whether these add up
            to 1 or stand each for itself.
        classes: the outputs' names, or what they are to be called in their order.
        ids, folds: the columns that name the image, and the fold or model of a row.
        roles: one of `ROLES` by column. Where some columns are outputs, embeddings or concepts,
            these are all of them; ``classes`` then names the outputs in the table's order.
    """

    kind: str | None = None
    activation: str | None = None
    classes: tuple[str, ...] | None = None
    ids: str | None = None
    folds: str | None = None
    roles: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        self._check_roles()
        for name, value, known in (
            ("kind of number", self.kind, KINDS),
            ("activation", self.activation, ACTIVATIONS),
        ):
            if value is not None and value not in known:
                raise InputError(f"Unknown {name} {value!r}; expected {' or '.join(known)}.")
        if self.classes is not None and (
            len(self.classes) < 2 or len(set(self.classes)) < len(self.classes)
        ):
            raise InputError(
                f"The classes {', '.join(map(repr, self.classes))} came; expected two or more, "
                "each once."
            )

    def _check_roles(self) -> None:
        for column, role in (self.roles or {}).items():
            if role not in ROLES:
                raise InputError(
                    f"The column {column!r} has the role {role!r}; expected {', '.join(ROLES)}."
                )
        for role in (IMAGE, FOLD):
            if len(named := self.columns(role)) > 1:
                raise InputError(
                    f"The columns {', '.join(named[:_FEW])} have the role {role}; expected one."
                )

    def columns(self, role: str) -> list[str]:
        """Those that were given a role."""
        return [column for column, own in (self.roles or {}).items() if own == role]


@dataclass(frozen=True, eq=False)
class FileContent:
    """n rows, h heads, k outputs.

    Attributes:
        names: (n,) what the rows call their images.
        outputs: (k,) names of the outputs; one where a single number tells two classes apart.
        numbers: (n, h, k), NaN where there is no number.
        folds: (n,) fold or model of each row; None where no row tells.
        kind: what the outputs' names say that they are; None where they do not.
        spaces: features (n, d) by name.
        concepts: scores (n,) by concept.
        read: how it was read: what of the file was taken for what.
        notes: what is to be known of it.
    """

    names: NDArray[np.object_]
    outputs: tuple[str, ...]
    numbers: Floats
    folds: NDArray[np.object_] | None = None
    kind: str | None = None
    heads: tuple[str, ...] = ("output",)
    spaces: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    concepts: Mapping[str, Floats] = field(default_factory=dict)
    read: Mapping[str, object] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        rows, heads, outputs = self.numbers.shape
        if rows > MOST_ROWS or heads > MOST_HEADS or outputs > MOST_CLASSES:
            raise InputError(
                f"Predictions of {rows:,} rows, {heads:,} heads and {outputs:,} outputs came; "
                f"expected at most {MOST_ROWS:,}, {MOST_HEADS:,} and {MOST_CLASSES:,}."
            )
        if not rows:
            raise InputError("The file holds no prediction; expected a row for each image.")


def title(file: Path) -> str:
    """A file's name for sentences."""
    return file.name[:200]


def import_summary(run: "Run") -> list[str]:
    """How the file of an imported run was read, in sentences."""
    predictions = run.predictions
    read = predictions.get("read", {})
    outputs = read.get("outputs", [])
    names = [str(each) for each in outputs] if isinstance(outputs, list) else []
    meant = meaning(str(read.get("kind", LOGITS)), run.activation, names, run.classes)
    return [
        f"Imported from {predictions['name']} as {meant}. Where that is wrong, import it "
        "again and say what it holds.",
        *predictions.get("notes", []),
    ]


def meaning(kind: str, activation: str, outputs: Sequence[str], classes: Sequence[str]) -> str:
    """What the numbers are and of which classes, as part of a sentence."""
    names = ", ".join(
        str(output) if output == code else f"{output} → {code}"
        for output, code in zip(outputs, classes, strict=False)
    )
    how = "sigmoid: each class by itself, one-vs-rest" if activation == SIGMOID else SOFTMAX
    return f"{kind} ({how}): {names}"
