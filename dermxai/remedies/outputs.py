"""What a network said of images, and changes of it that stay the same whatever image comes.

A change is fitted on some images and applied to others: nothing of it depends on those that it is
applied to. Most can be written into the weights of the heads, since heads are linear.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp
from typing_extensions import override

from dermxai.core.activation import SOFTMAX
from dermxai.core.errors import InputError
from dermxai.metrics.probability import probabilities as probabilities_of
from dermxai.metrics.regrouping import merged_labels, merged_name

Floats = NDArray[np.float64]
Strings = NDArray[np.object_]
Head: TypeAlias = tuple[Floats, Floats]
"""Weight (k, channels) and bias (k,)."""
_ALL = slice(None)
_BLOCK = 4096  # images whose features are in memory at once
_LEAST = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True, eq=False)
class Stored:
    """Inputs of the heads of m images, as they lie in runs; read where they are asked for.

    Attributes:
        sources: (n, Σ channels) of each run.
        source: (m,) which run holds each image.
        row: (m,) and where in it.
    """

    sources: tuple[NDArray[np.float32], ...]
    source: NDArray[np.intp]
    row: NDArray[np.intp]

    @property
    def width(self) -> int:
        """Σ channels."""
        return int(self.sources[0].shape[1])

    def at(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> "Stored":
        """Those of some of the images."""
        return Stored(self.sources, self.source[rows], self.row[rows])

    def read(self, columns: slice = _ALL) -> NDArray[np.float32]:
        """(m, columns)"""
        width = len(range(*columns.indices(self.width)))
        made = np.empty((len(self.row), width), np.float32)
        for index, held in enumerate(self.sources):
            here = self.source == index
            made[here] = held[self.row[here], columns]
        return made

    def followed_by(self, other: "Stored") -> "Stored":
        """And those of images of other runs."""
        return Stored(
            (*self.sources, *other.sources),
            np.concatenate([self.source, other.source + len(self.sources)]),
            np.concatenate([self.row, other.row]),
        )


@dataclass(frozen=True, eq=False)
class Outputs:
    """Of m images.

    Attributes:
        sample_ids: (m,)
        classes: k codes.
        parts: (m, h, k) logits of each head; their sum over heads decides.
        pooled: inputs of the network's heads, side by side.
        channels: of each head of the network.
        activation: see `dermxai.core.activation`.
        given: (m, k) probabilities that came with the logits; None where they follow from these.
    """

    sample_ids: Strings
    classes: tuple[str, ...]
    parts: Floats
    pooled: Stored
    channels: tuple[int, ...]
    activation: str = SOFTMAX
    given: Floats | None = None

    def __len__(self) -> int:
        return len(self.sample_ids)

    @property
    def logits(self) -> Floats:
        """(m, k)"""
        return np.asarray(self.parts.sum(axis=1), dtype=np.float64)

    @property
    def probabilities(self) -> Floats:
        """(m, k)"""
        if self.given is not None:
            return self.given
        return np.asarray(probabilities_of(self.logits, self.activation), dtype=np.float64)

    def at(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> "Outputs":
        """Those of some of the images."""
        return replace(
            self,
            sample_ids=self.sample_ids[rows],
            parts=self.parts[rows],
            pooled=self.pooled.at(rows),
            given=None if self.given is None else self.given[rows],
        )

    def of_heads(self, parts: Floats) -> "Outputs":
        """The same images with other logits (m, h, k)."""
        return replace(self, parts=parts, given=None)


class Change(ABC):
    """Of predictions.

    Attributes:
        starts_anew: whether the weights that it gives do not depend on those before.
    """

    starts_anew: ClassVar[bool] = False

    @abstractmethod
    def applied(self, outputs: Outputs) -> Outputs:
        """The same images, predicted otherwise."""

    def labelled(self, labels: Strings) -> Strings:
        """(m,) labels as the classes are called afterwards."""
        return labels

    @abstractmethod
    def in_weights(self, heads: Sequence[Head]) -> tuple[Head, ...] | None:
        """The heads of a network that predicts so; None where no weights do."""


@dataclass(frozen=True, eq=False)
class Scaled(Change):
    """Logits of each head times a number, and an offset of each class.

    Attributes:
        scales: (h,)
        offsets: (k,) logits.
    """

    scales: Floats
    offsets: Floats

    @override
    def applied(self, outputs: Outputs) -> Outputs:
        parts = outputs.parts * self.scales[:, None]
        parts[:, -1] += self.offsets
        return outputs.of_heads(parts)

    @override
    def in_weights(self, heads: Sequence[Head]) -> tuple[Head, ...]:
        scaled = [
            (weight * scale, bias * scale)
            for (weight, bias), scale in zip(heads, self.scales, strict=True)
        ]
        weight, bias = scaled[-1]
        return (*scaled[:-1], (weight, bias + self.offsets))


@dataclass(frozen=True, eq=False)
class Replaced(Change):
    """Other weights of the heads.

    Attributes:
        classes: k codes.
        weights: (Σ channels, k); 0 of heads that no longer vote.
        bias: (k,)
    """

    classes: tuple[str, ...]
    weights: Floats
    bias: Floats
    starts_anew: ClassVar[bool] = True

    @override
    def applied(self, outputs: Outputs) -> Outputs:
        heads = head_slices(outputs.channels)
        first = next((at for at in heads if self.weights[at].any()), heads[-1])
        used = slice(first.start, heads[-1].stop)
        parts = np.zeros((len(outputs), len(heads), len(self.classes)))
        for start in range(0, len(outputs), _BLOCK):
            rows = np.arange(start, min(start + _BLOCK, len(outputs)))
            read = outputs.pooled.at(rows).read(used).astype(np.float64)
            for head, columns in enumerate(heads):
                if columns.start >= used.start:
                    own = slice(columns.start - used.start, columns.stop - used.start)
                    parts[rows, head] = read[:, own] @ self.weights[columns]
        parts[:, -1] += self.bias
        made = outputs.of_heads(parts)
        return replace(made, classes=self.classes, activation=SOFTMAX)

    @override
    def in_weights(self, heads: Sequence[Head]) -> tuple[Head, ...]:
        of = [self.weights[at].T for at in head_slices([len(weight.T) for weight, _ in heads])]
        nothing = np.zeros_like(self.bias)
        return (*((weight, nothing) for weight in of[:-1]), (of[-1], self.bias))


@dataclass(frozen=True, eq=False)
class Merged(Change):
    """Classes taken as one, whose probability is the sum of theirs, which decides.

    Attributes:
        merges: codes of each.
    """

    merges: tuple[tuple[str, ...], ...]

    @override
    def applied(self, outputs: Outputs) -> Outputs:
        names = {code: merged_name(each) for each in self.merges for code in each}
        of = [names.get(code, code) for code in outputs.classes]
        classes = tuple(dict.fromkeys(of))
        members = [np.flatnonzero([name == code for name in of]) for code in classes]
        if outputs.given is None:
            logits = outputs.logits
        else:
            logits = np.log(np.maximum(outputs.given, _LEAST))
        joined = np.stack([logsumexp(logits[:, at], axis=1) for at in members], axis=1)
        return replace(outputs.of_heads(joined[:, None]), classes=classes)

    @override
    def labelled(self, labels: Strings) -> Strings:
        return merged_labels(labels, self.merges)

    @override
    def in_weights(self, heads: Sequence[Head]) -> None:
        return None


@dataclass(frozen=True, eq=False)
class Averaged(Change):
    """The mean with what others said of the same images.

    Attributes:
        others: sample id → row, and (n, k) logits, of each.
        of_probabilities: whether these are averaged, not logits.
    """

    others: tuple[tuple[Mapping[str, int], Floats], ...] = field(repr=False)
    of_probabilities: bool = False

    @override
    def applied(self, outputs: Outputs) -> Outputs:
        said = [outputs.logits]
        for rows, logits in self.others:
            try:
                said.append(logits[[rows[name] for name in outputs.sample_ids]])
            except KeyError as missing:
                raise InputError(
                    f"The image {missing} is not in another run that is to be averaged with; "
                    "expected the same images in each."
                ) from None
        if self.of_probabilities:
            told = np.mean([probabilities_of(each, outputs.activation) for each in said], axis=0)
            mean = np.log(np.maximum(told, _LEAST))
        else:
            mean = np.mean(said, axis=0)
        return outputs.of_heads(mean[:, None])

    @override
    def in_weights(self, heads: Sequence[Head]) -> None:
        return None


def head_slices(channels: Sequence[int]) -> list[slice]:
    """Where each head's inputs lie among all."""
    ends = np.cumsum([0, *channels])
    return [slice(start, end) for start, end in pairwise(ends)]
