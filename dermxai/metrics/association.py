"""Whether a column says anything about the group of an image, where patients have several.

**Null hypothesis.** What the images of a patient are in the column and to which group they belong
are independent, given how many images the patient has, and the chance to belong to the group does
not depend on that number. Patients are independent. The column may follow the number of images,
and so may what is not stated; its values may be alike within a patient, and so may groups. Where
both the column and the share of the group follow the number of images the null is false: that
images of such patients differ is an association, and it is found as one.

**Statistic.** The covariance c of column and group over the images, squared, over its variance
given the column: of images x (centred) with sums X over patients, (a − b) Σ x² + b Σ X², where a is
the variance of the group of an image and b the covariance of two images of a patient, both
unbiased moment estimates from the patients' counts. So it is studentised (Janssen 1997,
doi:10.1016/S0167-7152(97)00043-6; Chung & Romano 2013, doi:10.1214/13-AOS1090), and right for many
patients whenever the column does not follow the number of images, or the correlation of groups
within a patient does not. Where all patients have as many images it is the same number for each
permutation, which alone counts then.

**Reference.** Where all patients have the same number of images, whole patients exchange their
groups, in any order within: the test is exact, and with one image a patient it is the ordinary
permutation test. Else exchange between patients of unequal size is wrong, since the count of a
large one varies more: groups are drawn anew by Pólya's urn, so that each patient's counts are
beta-binomial, with share and intraclass correlation drawn from their posterior given the counts
(flat in the logit of the share and in the fourth root of the correlation). Drawn groups that would
not be tested for their few images or patients are drawn again. ``benchmarks/level.py`` measures the
level; docs/statistics.md holds its tables.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Groups = NDArray[np.float32]

FEWEST_IMAGES = 5
"""Of each group, before a test says anything."""
FEWEST_UNITS = 5
"""Patients with images of each group, the same. Of errors in two or three of 40 patients, the test
of a column that follows the number of images rejects in 1 to 2 % rather than 5."""
_CELLS = 2_000_000  # groups of images held at once
_ROOTS = np.linspace(0.02, 0.999, 19)  # fourth roots of the correlation, nodes of its posterior
_LOGITS = np.linspace(-2.2, 2.2, 23)  # of the share less the observed one's, the same
_ATTEMPTS = 20  # to draw groups that would be tested, times their number
_ROUNDING = 1e-4  # by which statistics that are the same differ, at most
_LEAST = 1e-3  # of the variance that independent images would give: the variance is never below


def testable(counts: Floats, sizes: Floats) -> NDArray[np.bool_]:
    """Whether both groups have enough images and patients.

    Args:
        counts: (..., patient) images of the first group.
        sizes: (patient,) images of both.
    """
    images, units = counts.sum(axis=-1), (counts > 0).sum(axis=-1)
    others, other_units = sizes.sum() - images, (counts < sizes).sum(axis=-1)
    enough: NDArray[np.bool_] = (np.minimum(images, others) >= FEWEST_IMAGES) & (
        np.minimum(units, other_units) >= FEWEST_UNITS
    )
    return enough


def scores(numbers: ArrayLike, *, ranked: bool) -> Floats:
    """What is tested of a column (n,): its numbers or their ranks, less the mean; 0 where it is
    NaN."""
    numbers = np.asarray(numbers, dtype=np.float64)
    known = np.isfinite(numbers)
    kept = numbers[known]
    if ranked and kept.size:
        _, which, ties = np.unique(kept, return_inverse=True, return_counts=True)
        kept = (np.cumsum(ties) - (ties - 1) / 2)[which]
    found = np.zeros(numbers.size)
    found[known] = kept - kept.mean() if kept.size else kept
    return found


def p_values(
    columns: Floats,
    chosen: NDArray[np.bool_],
    clusters: NDArray[np.intp],
    draws: int = 2000,
    seed: int = 0,
) -> Floats:
    """Two-sided p-values (k,) of the association of each column with the group; see the head of
    this file. (1 + as extreme) / (1 + draws), Phipson & Smyth 2010, doi:10.2202/1544-6115.1585.

    Args:
        columns: (n, k) as `scores` gives them.
        chosen: (n,) whether a row belongs to the first group.
        clusters: (n,) index of each row's patient, from 0 without gaps.
        draws: of the groups.
        seed: of these.
    """
    layout = _Layout(clusters)
    values = np.asarray(columns, dtype=np.float64)[layout.order]
    values = values - values.mean(axis=0)
    values /= np.maximum(values.std(axis=0), np.finfo(np.float64).tiny)
    single = (values**2).sum(axis=0)
    patient_sums = np.zeros((layout.sizes.size, values.shape[1]))
    np.add.at(patient_sums, layout.patient, values)
    joint = (patient_sums**2).sum(axis=0)
    group = chosen[layout.order].astype(np.float32)
    held = np.bincount(layout.patient, weights=group).astype(np.float64)

    def statistic(groups: Groups, counts: Floats) -> Floats:
        of_image, of_pair = _moments(counts, layout.sizes)
        variance = np.outer(of_image - of_pair, single) + np.outer(of_pair, joint)
        variance = np.maximum(variance, _LEAST * np.outer(of_image, single))
        covariance = (groups @ values.astype(np.float32)).astype(np.float64)
        squared: Floats = np.divide(
            covariance**2, variance, out=np.zeros_like(variance), where=variance > 0
        )
        return squared

    observed = statistic(group[None], held[None])[0]
    threshold = observed * (1 - _ROUNDING) - _ROUNDING
    generator = np.random.default_rng(seed)
    drawn, extreme = 0, np.zeros(values.shape[1])
    for groups, counts in _drawn(held, group, layout, draws, generator):
        drawn += len(counts)
        extreme += (statistic(groups, counts) >= threshold).sum(axis=0)
    found: Floats = (1 + extreme) / (1 + drawn)
    return found


class _Layout:
    """Rows in the order first image of each patient, second image of each that has one, and so on,
    patients with most images first."""

    def __init__(self, clusters: NDArray[np.intp]) -> None:
        sizes = np.bincount(clusters)
        by_size = np.argsort(-sizes, kind="stable")
        place = np.empty_like(by_size)
        place[by_size] = np.arange(by_size.size)
        patient = place[clusters]
        by_patient = np.argsort(patient, kind="stable")
        starts = np.cumsum(sizes[by_size]) - sizes[by_size]
        turn = np.empty(clusters.size, dtype=np.intp)
        turn[by_patient] = np.arange(clusters.size) - starts[patient[by_patient]]
        self.order = np.lexsort((patient, turn))
        """(n,) rows in this order."""
        self.patient = patient[self.order]
        """(n,) patient of each."""
        self.sizes = sizes[by_size].astype(np.float64)
        """(patient,) images, falling."""


def _drawn(
    held: Floats,
    group: Groups,
    layout: _Layout,
    draws: int,
    generator: np.random.Generator,
) -> Iterator[tuple[Groups, Floats]]:
    """Blocks of groups (b, n) and the patients' counts (b, patient), ``draws`` in all where it can
    be."""
    sizes = layout.sizes
    most = max(1, min(draws, _CELLS // group.size))
    if sizes[0] == sizes[-1]:
        for start in range(0, draws, most):
            yield _exchanged(group.reshape(int(sizes[0]), -1), min(most, draws - start), generator)
        return
    nodes = _posterior(held, sizes)
    wanted, attempts = draws, _ATTEMPTS * draws
    while wanted > 0 and attempts > 0:
        size = min(most, wanted + wanted // 4 + 16)
        groups, counts = _urn(sizes, nodes, size, generator)
        kept = np.flatnonzero(testable(counts, sizes))[:wanted]
        if kept.size:
            yield groups[kept], counts[kept]
        wanted, attempts = wanted - kept.size, attempts - size


def _exchanged(group: Groups, draws: int, generator: np.random.Generator) -> tuple[Groups, Floats]:
    """Groups (image of a patient, patient) exchanged within and between patients."""
    images, patients = group.shape
    to = generator.permuted(np.broadcast_to(np.arange(patients), (draws, patients)), axis=1)
    groups = group.T[to].transpose(0, 2, 1)
    if images > 1:
        groups = generator.permuted(groups, axis=1)
    return groups.reshape(draws, -1), groups.sum(axis=1, dtype=np.float64)


def _urn(
    sizes: Floats,
    nodes: tuple[Floats, Floats, Floats],
    draws: int,
    generator: np.random.Generator,
) -> tuple[Groups, Floats]:
    """Groups of images by Pólya's urn: those that a patient has, count for its next."""
    shares, strengths, weights = nodes
    node = generator.choice(weights.size, draws, p=weights)
    share, strength = (of[node].astype(np.float32)[:, None] for of in (shares, strengths))
    groups = np.empty((draws, int(sizes.sum())), dtype=np.float32)
    counts = np.zeros((draws, sizes.size), dtype=np.float32)
    done = 0
    for turn in range(int(sizes[0])):
        patients = int(np.searchsorted(-sizes, -turn))
        so_far = counts[:, :patients]
        chance = (strength * share + so_far) / (strength + np.float32(turn))
        new = generator.random((draws, patients), dtype=np.float32) < chance
        groups[:, done : done + patients] = new
        so_far += new
        done += patients
    return groups, counts.astype(np.float64)


def _posterior(held: Floats, sizes: Floats) -> tuple[Floats, Floats, Floats]:
    """Nodes of the beta-binomial's parameters given the patients' counts: the share, the strength
    1 / correlation − 1, and the probability, each (nodes,)."""
    most = int(sizes[0])
    first, second, both = (
        np.array([(of > turn).sum() for turn in range(most)], dtype=np.float64)
        for of in (held, sizes - held, sizes)
    )
    centre = (held.sum() + 0.5) / (sizes.sum() + 1)
    logits = np.log(centre / (1 - centre)) + _LOGITS
    shares, strengths = (
        of.ravel()
        for of in np.meshgrid(1 / (1 + np.exp(-logits)), 1 / _ROOTS**4 - 1, indexing="ij")
    )
    turns = np.arange(most)
    likelihood = (
        np.log((strengths * shares)[:, None] + turns) @ first
        + np.log((strengths * (1 - shares))[:, None] + turns) @ second
        - np.log(strengths[:, None] + turns) @ both
    )
    weights = np.exp(likelihood - likelihood.max())
    return shares, strengths, weights / weights.sum()


def _moments(counts: Floats, sizes: Floats) -> tuple[Floats, Floats]:
    """Variance of the group of an image, and the covariance of two images of a patient, from 0 to
    it, of each row of counts (b, patient): the solutions of what the variance of all images and the
    squared deviations of the patients' counts are on average."""
    images = sizes.sum()
    share = counts.sum(axis=1) / images
    of_all = share * (1 - share)
    if sizes[0] == 1:
        return of_all * (images / (images - 1)), np.zeros(len(counts))
    of_patients = ((counts - sizes * share[:, None]) ** 2).sum(axis=1)
    pairs = sizes * (sizes - 1)
    lost = 1 - 2 * sizes / images + (sizes**2).sum() / images**2
    equations = np.array(
        [
            [1 - 1 / images, -pairs.sum() / images**2],
            [(sizes * lost).sum(), (pairs * lost).sum()],
        ]
    )
    of_image, of_pair = np.linalg.solve(equations, np.stack([of_all, of_patients]))
    of_image = np.maximum(of_image, 0)
    return of_image, np.clip(of_pair, 0, of_image)
