"""Measures in groups of a run's images, and what errors have in common."""

from dermxai.metrics.decision import OperatingPoint
from dermxai.metrics.groups import CUTS
from dermxai.metrics.regrouping import Regrouping
from dermxai.report import errors
from dermxai.report import shift as shifts
from dermxai.report import subgroups as report
from dermxai.report.errors import FoundSlices, GrownTree
from dermxai.report.evaluated import AS_IT_IS
from dermxai.report.shift import Shift
from dermxai.report.subgroups import Grouped
from dermxai.subgroups import columns
from dermxai.subgroups.clusters import COUNT
from dermxai.ui.session.caches.memory import kept
from dermxai.ui.session.caches.stored_runs import run


@kept()
def column_names(run_id: str, split: str | None, leaks: bool, _quality: int) -> tuple[str, ...]:
    """What the images of a split can be grouped by."""
    opened = run(run_id)
    return tuple(map(str, columns(opened, report.rows_of(opened, split, leaks))))


@kept("Measuring …")
def grouped(
    run_id: str,
    split: str | None,
    names: tuple[str, ...],
    *,
    measure: str,
    code: str = "",
    point: OperatingPoint | None = None,
    cuts: int = CUTS,
    clusters: int = COUNT,
    space: str | None = None,
    leaks: bool = True,
    regrouping: Regrouping = AS_IT_IS,
    _quality: int,
) -> Grouped:
    """See `dermxai.report.subgroups.grouped`.

    Raises:
        InputError: as that.
    """
    return report.grouped(
        run(run_id),
        split,
        names,
        measure=measure,
        code=code,
        point=point,
        cuts=cuts,
        clusters=clusters,
        space=space,
        leaks=leaks,
        regrouping=regrouping,
    )


@kept("Searching …")
def found_slices(
    run_id: str,
    split: str | None,
    code: str,
    conditions: int,
    *,
    leaks: bool = True,
    regrouping: Regrouping = AS_IT_IS,
    _quality: int,
) -> FoundSlices:
    """See `dermxai.report.errors.found_slices`.

    Raises:
        InputError: as that, and `errors_of`.
    """
    of = errors.errors_of(run(run_id), split, code, leaks=leaks, regrouping=regrouping)
    return errors.found_slices(of, conditions=conditions)


@kept("Growing …")
def grown_tree(
    run_id: str,
    split: str | None,
    code: str,
    depth: int,
    *,
    leaks: bool = True,
    regrouping: Regrouping = AS_IT_IS,
    _quality: int,
) -> GrownTree:
    """See `dermxai.report.errors.grown_tree`.

    Raises:
        InputError: as that, and `errors_of`.
    """
    of = errors.errors_of(run(run_id), split, code, leaks=leaks, regrouping=regrouping)
    return errors.grown_tree(of, depth=depth)


@kept("Comparing …")
def shift(run_id: str, second: str, space: str | None, _quality: int) -> Shift:
    """See `dermxai.report.shift.shift`.

    Raises:
        InputError: as that.
    """
    return shifts.shift(run(run_id), second, space)
