"""Everything that is kept between reruns, for all visitors. Keys are ids, paths and times."""

# ruff: noqa: ARG001 (arguments that are keys only)

import os
from collections.abc import Callable, Hashable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, wraps
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, ParamSpec, TypeVar, cast

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray
from pandas.api.types import is_numeric_dtype

from dermxai import doctor, figures
from dermxai.core import entries, paths
from dermxai.core.bounded import Bounded
from dermxai.core.entries import Unusable, UnusableError
from dermxai.core.errors import InputError
from dermxai.core.spreadsheet import read_csv
from dermxai.data import Problem, audit, load_dataset, overview, split_words
from dermxai.data import selection as selections
from dermxai.data.files import last_change
from dermxai.data.images import image_shape, read_image, read_mask
from dermxai.data.selection import Selection
from dermxai.data.transforms import fit_mask, fitted
from dermxai.explain.confusion.pair_maps import PairMaps, open_maps
from dermxai.figures.confusion import Show
from dermxai.figures.overlay import Line, line
from dermxai.metrics.evaluation import Evaluation
from dermxai.metrics.leakage import Premium
from dermxai.models import ModelInfo, read_info
from dermxai.projection import Projection, open_projection
from dermxai.report import ConfusionAnalysis
from dermxai.report import confusion_analysis as analyse
from dermxai.report.evaluated import evaluated
from dermxai.report.evaluated import premium as evaluated_premium
from dermxai.runs import Run, alike, open_run
from dermxai.runs.run import NAME, read_manifest
from dermxai.ui.app.collector import COLLECTOR
from dermxai.ui.components import filters
from dermxai.ui.components.look import Plot
from dermxai.ui.components.text import MEAN_INTERVAL
from dermxai.ui.components.thumbnails import jpeg

if TYPE_CHECKING:
    from dermxai.explain import Attribution, Diagnosis
    from dermxai.explain.faithfulness.badge import Check
    from dermxai.explain.faithfulness.results import Results
    from dermxai.models import Classifier

LEFT_OUT_SECONDS = 10.0  # so old may the list of what is left out be
_OF_HISTORY = (
    *("epoch", "loss", "validation_loss", "balanced_accuracy", "macro_auc"),
    *("images_per_second", "seconds"),
)
_STUDY = {
    "table": [{"network": str, "members": (int, str)}],
    "differences": [{"network": str, "less": str, "balanced_accuracy": (float, type(None))}],
    "note": str,
    "doubts?": [str],
}
"""What history.csv and study.json hold, see `entries.check_shape`."""

DEVICE = "DERMXAI_DEVICE"
"""Where the dashboard itself computes. The processor unless this says otherwise: it takes no lock,
so a job would share its GPU with it."""

ROOM = "DERMXAI_CACHE_MB"
"""What results may take of the server's memory, all together; models have as much once more."""
_ROOM = 160  # MB, unless this says otherwise
_ROOM_OF_PIXELS = 24 * 2**20  # bytes: small files are read again in milliseconds, and fill any room
LARGE_IMAGE = 2_000_000  # pixels

P = ParamSpec("P")
T = TypeVar("T")


class Source(NamedTuple):
    """Where a sample table comes from: a run, or a dataset that has none yet; and when that was
    last changed, in ns."""

    run: str | None
    dataset: str | None
    changed: int


@dataclass(frozen=True)
class Table:
    name: str
    samples: pd.DataFrame
    """The sample table by sample id."""
    problems: tuple[Problem, ...]
    files: NDArray[np.bytes_] | None
    """(n,) what tells each image's file from another; None where that is not known."""

    @cached_property
    def sample_ids(self) -> tuple[str, ...]:
        return tuple(self.samples.index)


class Held(NamedTuple, Generic[T]):
    """A result, which may be None."""

    value: T


def _room() -> int:
    """Bytes that all results together may take."""
    try:
        return round(float(os.environ.get(ROOM) or _ROOM) * 2**20)
    except ValueError:
        return _ROOM * 2**20


def _of_model(held: "Held[Classifier]") -> int:
    """Bytes of a model, whose weights are there three times: as they are, and folded for passes
    without and with gradients."""
    return 3 * sum(each.nbytes for each in held.value.network.parameters())


_results: Bounded[Any] = Bounded(_room())
"""Of all functions here. One room for all: what is used most has most of it."""
_models: Bounded[Any] = Bounded(_room(), _of_model)
_pixels: Bounded[Any] = Bounded(_ROOM_OF_PIXELS)
"""Of what is read from images and masks, so that it does not crowd out results of work."""


def kept(
    spinner: str | bool = False, *, where: Bounded[Any] = _results
) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """A function's results, kept by its arguments and shared by all visitors; one thread computes
    what several ask for.

    Args:
        spinner: what is shown meanwhile.
    """

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        name, parameters = function.__qualname__, signature(function)

        @wraps(function)
        def keeping(*args: P.args, **kwargs: P.kwargs) -> T:
            given = parameters.bind(*args, **kwargs)
            given.apply_defaults()
            key = (name, *map(_hashable, given.arguments.values()))
            found = where.get(key)
            if found is not None:
                return cast(Held[T], found).value

            def make() -> Held[T]:
                if not spinner:
                    return Held(function(*args, **kwargs))
                with st.spinner(str(spinner)):
                    return Held(function(*args, **kwargs))

            return cast(Held[T], where.made(key, make)).value

        return keeping

    return decorate


def _hashable(value: Any) -> Hashable:
    """An argument as part of a key."""
    if isinstance(value, Mapping):
        return tuple(sorted((name, _hashable(each)) for name, each in value.items()))
    return tuple(map(_hashable, value)) if isinstance(value, list) else value


def clear() -> None:
    """Forgets everything."""
    from dermxai.explain.attribution import recent

    recent.forget()
    for each in (_results, _models, _pixels):
        each.forget()
    left_out.clear()


class Kept(Generic[T]):
    """Results of slow work that reports its progress, in the room of all results."""

    def __init__(self, name: str) -> None:
        self._name = name

    def get(self, key: Hashable) -> T | None:
        found: T | None = _results.get((self._name, key))
        return found

    def put(self, key: Hashable, result: T) -> T:
        _results.put((self._name, key), result)
        return result


def run(run_id: str) -> Run:
    """An opened run of the workspace.

    Raises:
        InputError: there is none of this id.
    """
    folder = paths.runs() / run_id
    file = paths.RunFiles(folder).manifest
    if not NAME.fullmatch(run_id) or not paths.is_readable(file) or not _is_there(file):
        raise InputError(
            "The run of this link is not in this workspace; choose a checkpoint and a dataset at "
            "the left."
        )
    return _run(str(folder), file.stat().st_mtime_ns)


def _is_there(file: Path) -> bool:
    """Whether there is a run over data that this server may read, asked each time: who may not read
    them does not learn where they lie."""
    try:
        return paths.is_readable(manifest(file.parent)["dataset"]["path"])
    except (OSError, ValueError, KeyError, TypeError):
        return os.path.isfile(file)  # noqa: PTH113  # damaged: opening it says why


@kept()
def _run(folder: str, changed: int) -> Run:
    return open_run(folder)


def manifest(folder: Path) -> Mapping[str, Any]:
    """run.json of a run's folder.

    Raises:
        UnusableError: it is missing, or holds something else.
    """
    return read_manifest(folder)


@st.cache_resource(ttl=LEFT_OUT_SECONDS, max_entries=4, show_spinner=False)
def left_out(home: str) -> list[Unusable]:
    """What of the workspace is in no list."""
    return doctor.left_out()


def source(run_id: str | None, dataset: str | None) -> Source:
    """The run, or else the dataset, as it is now; what is not there, or may not be read, never
    changes."""
    try:
        if run_id:
            manifest = paths.readable(paths.RunFiles(paths.runs() / run_id).manifest)
            return Source(run_id, None, manifest.stat().st_mtime_ns)
        return Source(None, dataset, last_change(paths.readable(dataset)) if dataset else 0)
    except (OSError, ValueError):
        return Source(run_id, dataset, 0)


@kept("Reading the dataset …")
def table(source: Source) -> Table:
    """
    Raises:
        InputError: the run or dataset cannot be opened.
    """
    if source.run is not None:
        opened = run(source.run)
        name, samples, problems, files = (
            opened.manifest["dataset"]["name"],
            opened.samples,
            opened.problems,
            opened.fingerprints,
        )
    elif source.dataset is not None:
        dataset = load_dataset(source.dataset, confine=True)
        name, samples, problems = dataset.name, dataset.samples, dataset.problems
        known = dataset.file_fingerprints
        files = np.array([known[sample_id] for sample_id in samples["sample_id"]], np.bytes_)
    else:
        raise InputError("No dataset is open: choose one at the left.")
    return Table(name, samples.set_index("sample_id", drop=False), problems, files)


@kept()
def summary(source: Source) -> tuple[pd.Series, pd.DataFrame]:
    """`overview.whole` and `overview.by_class`."""
    samples = table(source).samples.reset_index(drop=True)
    return overview.whole(samples), overview.by_class(samples)


@kept()
def leaks(source: Source) -> pd.DataFrame:
    """Patients, lesions of unknown patients, and copies of an image, in several splits."""
    opened = table(source)
    return audit.torn(opened.samples, opened.files)


@kept()
def splits(source: Source) -> Mapping[str, int]:
    """Images of each split, in the usual order; empty where there are no splits."""
    return _counted(table(source).samples.get("split"))


@kept()
def run_splits(run_id: str) -> Mapping[str, int]:
    """The same of a run, where the dataset has none those of its checkpoint's training."""
    return _counted(run(run_id).split)


def _counted(split: "pd.Series[Any] | None") -> Mapping[str, int]:
    counts = pd.Series(dtype=int) if split is None else split.value_counts()
    usual = [name for name in ("train", "validation", "test") if name in counts]
    return {name: int(counts[name]) for name in [*usual, *sorted(set(counts.index) - set(usual))]}


@kept()
def choices(source: Source) -> Mapping[str, list[str]]:
    """What a sample table can be filtered by."""
    return filters.choices(table(source).samples)


@kept()
def balance(source: Source, dark: bool) -> Plot:
    samples = table(source).samples
    patients, splits_ = samples.get("patient_id"), samples.get("split")
    return Plot.of(
        figures.balance(
            samples["label"].tolist(),
            None if patients is None else patients.tolist(),
            None if splits_ is None else splits_.tolist(),
            dark=dark,
        )
    )


@kept()
def selection(key: str) -> Selection:
    """
    Raises:
        InputError: there is none under this key.
    """
    return selections.read(key)


@kept("Measuring …")
def evaluation(run_id: str, split: str | None, leaks: bool = True) -> Evaluation:
    """What a run is worth on a split of its dataset, or on everything, with the images that leak
    from training or without."""
    return evaluated(run(run_id), split, leaks=leaks)


@kept("Measuring what leaks …")
def premium(run_id: str, split: str | None) -> Premium | None:
    """What images that leak from training add to the measures; None where none does."""
    return evaluated_premium(run(run_id), split, evaluation(run_id, split))


@kept("Looking for near-duplicates …")
def near_duplicates(run_id: str) -> pd.DataFrame:
    """See `alike.near_duplicates`."""
    return alike.near_duplicates(run(run_id))


@kept()
def split_notes(source: Source) -> tuple[str, ...]:
    """What of a dataset's splits is not understood."""
    return tuple(split_words.notes(table(source).samples))


@kept()
def confusion_matrix(
    run_id: str, split: str | None, show: Show, dark: bool, leaks: bool = True
) -> Plot:
    counts = evaluation(run_id, split, leaks).cross_table
    return Plot.of(figures.confusion_matrix(counts, show, dark))


@kept()
def roc(run_id: str, split: str | None, dark: bool, leaks: bool = True) -> Plot:
    return Plot.of(figures.roc(evaluation(run_id, split, leaks), dark=dark))


@kept("Comparing …")
def confusion_analysis(
    run_id: str, split: str | None, first: str, second: str
) -> ConfusionAnalysis:
    """What is known of two classes.

    Raises:
        InputError: a class is not the model's, or both are the same.
    """
    return analyse(run(run_id), evaluation(run_id, split), first, second, split=split)


@kept()
def set_decomposition(
    run_id: str, split: str | None, pair: tuple[str, str], direction: int, dark: bool
) -> Plot | None:
    """The mean votes of the images that are confused in a direction (index of
    `ConfusionAnalysis.ways`), beside those that are predicted correctly; None without any."""
    way = confusion_analysis(run_id, split, *pair).ways[direction]
    if way.errors is None:
        return None
    return Plot.of(
        figures.set_decomposition(
            way.errors,
            way.right,
            name=f"{way.true} predicted as {way.predicted}",
            reference_name=f"{way.true} predicted correctly",
            dark=dark,
        )
    )


def pair_maps(opened: Run, first: str, second: str, split: str | None) -> PairMaps | None:
    """Stored averages of contrast maps; None where there are none yet."""
    key = (opened.id, first, second, split)
    known = _pair_maps().get(key)
    if known is None or known.problems:  # which may have been mended meanwhile
        known = open_maps(opened, first, second, split)
        if known is not None:
            _pair_maps().put(key, known)
    return known


def _pair_maps() -> Kept[PairMaps]:
    return Kept("_pair_maps")


def model_info(folder: str) -> ModelInfo:
    """
    Raises:
        InputError: there is no checkpoint.
    """
    file = paths.readable(paths.CheckpointFiles(Path(folder)).model)
    return _model_info(folder, _changed(file))


def _changed(file: Path) -> int:
    """When a file was last changed, in ns; 0 where it cannot be looked at."""
    try:
        return file.stat().st_mtime_ns
    except (OSError, ValueError):
        return 0


@kept()
def _model_info(folder: str, changed: int) -> ModelInfo:
    return read_info(folder)


def classifier(opened: Run) -> "Classifier":
    """The classifier that made a run.

    Raises:
        InputError: its checkpoint is gone, or is no longer the one that made the run; or the device
            that `DEVICE` names cannot be used.
    """
    made_by = opened.manifest["checkpoint"]
    paths.check_readable(made_by["path"])
    asked = made_by["path"], made_by["hash"], made_by.get("options", {})
    loaded = _classifier(*asked)
    if loaded.hash != made_by["hash"]:
        _models.forget()
        raise InputError(
            f"The checkpoint {made_by['name']} has changed since this run; run inference again."
        )
    return loaded


@kept("Loading the model …", where=_models)
def _classifier(path: str, wanted: str, options: Mapping[str, Any]) -> "Classifier":
    from dermxai.models import load_classifier
    from dermxai.models.devices import usable_device

    device = usable_device(os.environ.get(DEVICE) or "cpu")
    loaded = load_classifier(path, **options).to(device).prepare(among_threads=True)
    COLLECTOR.loaded()
    return loaded


@kept()
def has_changed(run_id: str, sample_id: str, path: str, written: int) -> bool:
    """Whether an image's file is another than the run has seen.

    Raises:
        InputError: it cannot be opened.
    """
    return run(run_id).has_changed(sample_id)


def image(path: str, changed: int) -> NDArray[np.uint8]:
    """
    Raises:
        InputError: it cannot be read.
    """
    height, width = _shape(path, changed)
    return (_large_image if height * width > LARGE_IMAGE else _image)(path, changed)


@kept()
def _shape(path: str, changed: int) -> tuple[int, int]:
    return image_shape(path)


@kept(where=_pixels)
def _image(path: str, changed: int) -> NDArray[np.uint8]:
    return read_image(path)


@kept()
def _large_image(path: str, changed: int) -> NDArray[np.uint8]:
    """In the room of all results: it takes long to decode, and would fill that of pixels alone."""
    return read_image(path)


@kept(where=_pixels)
def mask(path: str, changed: int, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """A mask at the shape of its image as shown."""
    return fit_mask(read_mask(path), shape)


@kept(where=_pixels)
def outline(path: str, changed: int, shape: tuple[int, int]) -> Line:
    """The outline of a mask at the shape of its image as shown."""
    return line(mask(path, changed, shape))


def diagnoses() -> "Kept[Diagnosis]":
    return Kept("diagnoses")


def attributions() -> "Kept[Attribution]":
    """Maps at their methods' own resolution."""
    return Kept("attributions")


def probes() -> Kept[Any]:
    """Results of the pages that change an image, by what went in."""
    return Kept("probes")


def picture(key: Hashable, draw: Callable[[], bytes]) -> bytes:
    """An image as it is shown, by all that it depends on; drawn where nobody has seen it so."""
    return cast(bytes, _results.made(("picture", key), draw))


@kept()
def small_picture(path: str, changed: int, longest: int) -> bytes:
    """`small_image` as JPEG."""
    return jpeg(small_image(path, changed, longest))


@kept(where=_pixels)
def small_image(path: str, changed: int, longest: int) -> NDArray[np.uint8]:
    """An image whose longer side has so many pixels, for several beside each other.

    Raises:
        InputError: it cannot be read.
    """
    return fitted(read_image(path, at_least=longest), longest)


def history(output: str) -> pd.DataFrame:
    """The epochs of a training, by its output folder; no row before the first has ended, or where
    the file holds something else."""
    path = paths.TrainingFiles(Path(output)).history
    found = series(path) if output else pd.DataFrame()
    return found if set(_OF_HISTORY) <= set(found) else pd.DataFrame()


def cross_validation(output: str) -> Mapping[str, Any] | None:
    """study.json of a cross-validation that has ended; None where it was removed, or holds
    something else."""
    path = paths.StudyFiles(Path(output)).about
    try:
        content: Mapping[str, Any] = entries.read_json(path, _STUDY)
    except UnusableError:
        return None
    return content


def series(path: Path) -> pd.DataFrame:
    """A table of numbers that grows; empty where there is none, or something else."""
    try:
        entries.check_file(path)
        return _series(str(path), path.stat().st_size, path.stat().st_mtime_ns)
    except (UnusableError, OSError):
        return pd.DataFrame()


@kept()
def _series(path: str, size: int, changed: int) -> pd.DataFrame:
    try:
        found = read_csv(Path(path))
    except Exception:  # a damaged table fails in many ways
        return pd.DataFrame()
    texts = [name for name in found if not is_numeric_dtype(found[name])]
    return found if set(texts) <= {"keep_by", "kept_by", "phase"} else found.drop(columns=texts)


def reported(path: Path) -> pd.DataFrame:
    """``step`` and ``loss`` that a job has reported, at most some thousand of them."""
    try:
        entries.check_file(path)
        return _reported(str(path), path.stat().st_size)
    except (UnusableError, OSError):
        return pd.DataFrame(columns=["step", "loss"])


@kept()
def _reported(path: str, size: int) -> pd.DataFrame:
    lines = entries.read_bytes(Path(path)).splitlines()
    told = []
    for each in lines[:: 1 + len(lines) // 4000]:
        with suppress(UnusableError):  # the last may be half written
            told.append(entries.parse_json(each, {"step": float, "loss": float}))
    return pd.DataFrame(told, columns=["step", "loss"], dtype=float).dropna()


def projection(opened: Run, method: str, settings: Mapping[str, Any]) -> Projection | None:
    """A stored projection of a run; None where there is none yet."""
    key = (opened.id, method, tuple(sorted(settings.items())))
    known = _projections().get(key)
    if known is None:
        known = open_projection(opened, method, settings)
        if known is not None:
            _projections().put(key, known)
    return known


def _projections() -> Kept[Projection]:
    return Kept("_projections")


def feature_maps() -> Kept[Plot]:
    return Kept("feature_maps")


@kept()
def hover_lines(run_id: str) -> list[str]:
    """What each point of a run's map says."""
    opened = run(run_id)
    return figures.hover_lines(
        opened.samples["sample_id"].tolist(),
        opened.samples["label"].tolist(),
        opened.predicted.tolist(),
        opened.probabilities.max(axis=1),
    )


def badges() -> "Kept[tuple[Check, ...]]":
    return Kept("badges")


def faithfulness_names(run_id: str) -> list[str]:
    """Names of a run's evaluations of maps, newest first."""
    from dermxai.explain.faithfulness.results import list_results

    return list_results(run(run_id))


class EvaluatedMaps(NamedTuple):
    """An evaluation of maps: the run's id, its own name, and when it was last written, in ns;
    written again when what failed has been tried once more."""

    run: str
    name: str
    changed: int


def evaluated_maps(run_id: str, name: str) -> EvaluatedMaps:
    file = paths.RunFiles(run(run_id).root).faithfulness.asked(name)
    return EvaluatedMaps(run_id, name, _changed(file))


@kept()
def faithfulness_results(evaluation: EvaluatedMaps) -> "Results":
    """
    Raises:
        InputError: the evaluation is gone.
    """
    from dermxai.explain.faithfulness.results import open_results

    found = open_results(run(evaluation.run), evaluation.name)
    if found is None:
        raise InputError("This evaluation is no longer with its run; start it again.")
    return found


@kept("Computing intervals …")
def faithfulness_summary(evaluation: EvaluatedMaps) -> pd.DataFrame:
    from dermxai.report import faithfulness as report

    return report.summary(run(evaluation.run), faithfulness_results(evaluation))


@kept()
def faithfulness(evaluation: EvaluatedMaps, dark: bool) -> Plot:
    from dermxai.report import faithfulness as report

    titles = report.titles(faithfulness_results(evaluation))
    summary = faithfulness_summary(evaluation)
    units = report.units(run(evaluation.run))
    return Plot.of(figures.faithfulness(summary, *titles, report.CONTROLS, units=units, dark=dark))


@kept()
def faithfulness_measure(evaluation: EvaluatedMaps, measure: str, dark: bool) -> Plot:
    from dermxai.explain.faithfulness.measure import find_measure
    from dermxai.report import faithfulness as report

    known, summary = find_measure(measure), faithfulness_summary(evaluation)
    return Plot.of(
        figures.faithfulness_measure(
            summary[summary["measure"] == measure],
            report.titles(faithfulness_results(evaluation))[0],
            report.CONTROLS,
            title=known.title,
            help_=f"Mean; {'higher' if known.higher else 'lower'} is better. {MEAN_INTERVAL} "
            "Hollow: control maps." + (" Dashed: the limit." if known.limit is not None else ""),
            unit=known.unit,
            limit=known.limit,
            units=report.units(run(evaluation.run)),
            dark=dark,
        )
    )


@kept()
def faithfulness_curves(evaluation: EvaluatedMaps, measure: str, dark: bool) -> Plot | None:
    """None where the measure has no curves."""
    from dermxai.report import faithfulness as report

    curves = report.mean_curves(faithfulness_results(evaluation), measure)
    if not curves:
        return None
    return Plot.of(
        figures.faithfulness_curves(
            curves,
            [report.title(each) for each in report.CONTROLS],
            title="The curve behind it",
            help_="Averaged over the images. Grey: control maps.",
            dark=dark,
        )
    )
