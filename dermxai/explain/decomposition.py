"""Additive decomposition of the logit, or of the margin between two classes, by head and position.

Every head is average pooling → Linear and the heads' logits are summed, so the margin of class A
over class B is

    Σ over heads  [ Σ over positions (w_A − w_B)·activation / positions  +  (b_A − b_B) ].

Nothing is approximated: what is left over is rounding, and it is stated.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dermxai.explain.attribution.method import Target

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Decomposition:
    """Who decided for ``target`` against ``against``, and where.

    Attributes:
        against: None where the logit of the target alone is split.
        heads: h names, first to last.
        votes: (h,) each head's logit for the target less that for the other, bias included.
        biases: (h,) the part of a vote that no pixel can change.
        maps: per head (rows, columns) contributions of its positions; they and the bias add up to
            its vote.
        margin: how far the summed logit of the target lies above the other's in the forward pass.
        logit_range: largest less smallest summed logit of the image.
        decision: the class with the largest summed logit.
        without: (h,) the predicted class if that head did not vote; empty for a network
            of one head, without which nothing is predicted.
    """

    target: str
    against: str | None
    heads: tuple[str, ...]
    votes: Floats
    biases: Floats
    maps: tuple[NDArray[np.float32], ...]
    margin: float
    logit_range: float
    decision: str
    without: tuple[str, ...]

    @property
    def from_image(self) -> Floats:
        """(h,) the part of each vote that comes from the image: its map, added up."""
        return np.array([each.sum(dtype=np.float64) for each in self.maps])

    @property
    def residual(self) -> float:
        """What maps and biases do not account for, as a share of the range of the logits."""
        gap = abs(float(self.from_image.sum() + self.biases.sum()) - self.margin)
        return gap / self.logit_range if self.logit_range else gap

    @property
    def decisive(self) -> tuple[str, ...]:
        """Heads without which another class would be predicted."""
        return tuple(
            head
            for head, predicted in zip(self.heads, self.without, strict=bool(self.without))
            if predicted != self.decision
        )


def decomposition(
    *,
    logits: NDArray[np.float32],
    cams: tuple[NDArray[np.float32], ...],
    biases: NDArray[np.float32],
    heads: tuple[str, ...],
    classes: tuple[str, ...],
    target: str,
    against: str | None,
    mapped: tuple[str, ...] | None = None,
) -> Decomposition:
    """The decomposition of one image.

    Args:
        logits: (h, k).
        cams: per head (k, rows, columns), contributions of positions to each class's logit; or of
            the classes ``mapped`` only.
        biases: (h, k) of the heads.
        heads: h names.
        classes: k codes.
        target, against: two of them; or one and None.
    """
    wanted = Target(classes.index(target), None if against is None else classes.index(against))
    among = classes if mapped is None else mapped
    shown = Target(among.index(target), None if against is None else among.index(against))
    exact = logits.astype(np.float64)
    scores = exact.sum(axis=0)
    left_out = scores - exact  # (h, k): the sum without each head
    return Decomposition(
        target=target,
        against=against,
        heads=heads,
        votes=wanted.among_classes(exact.T),
        biases=wanted.among_classes(biases.T.astype(np.float64)),
        maps=tuple(shown.among_classes(cam) for cam in cams),
        margin=float(wanted.among_classes(scores)),
        logit_range=float(np.ptp(scores)),
        decision=classes[int(scores.argmax())],
        without=tuple(classes[index] for index in left_out.argmax(axis=1))
        if len(heads) > 1
        else (),
    )
