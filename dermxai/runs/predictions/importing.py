"""Predictions that another program has made become a run."""

import hashlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TypedDict

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.core import disk, entries, paths
from dermxai.core.activation import SOFTMAX
from dermxai.core.entries import UnusableError
from dermxai.core.errors import InputError
from dermxai.core.formatting import count
from dermxai.data import Dataset, Problem, workbooks, xml_tables
from dermxai.data.table_files import SUFFIXES as SUFFIXES_OF_TABLES
from dermxai.runs import feature_spaces
from dermxai.runs.assembly import ImportedRun, assemble_imported, follow_dataset
from dermxai.runs.files import RunFiles
from dermxai.runs.manifest import ActivationEntry
from dermxai.runs.near_duplicates import find_near_duplicates
from dermxai.runs.picture_hashes import with_picture_hashes
from dermxai.runs.predictions import archive, table
from dermxai.runs.predictions.file_content import FileContent, ImportOptions, title
from dermxai.runs.predictions.matching import NONE, SEVERAL, Matching
from dermxai.runs.predictions.outputs import Classes
from dermxai.runs.predictions.scores import Kind, Scores, mean, number_kind, scores
from dermxai.runs.run import Run, open_run, run_id

VERSION = 1  # raised where the same file gives another run
SUFFIXES = (SUFFIXES_OF_TABLES - xml_tables.SUFFIXES) | {archive.SUFFIX}
_BLOCK = 1 << 22
_FEW = 3  # names in a sentence


def import_predictions(
    path: str | Path,
    dataset: Dataset,
    *,
    numbers: str | None = None,
    activation: str | None = None,
    classes: tuple[str, ...] | list[str] | None = None,
    ids: str | None = None,
    folds: str | None = None,
    roles: Mapping[str, str] | None = None,
    name: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Run:
    """A run of predictions that another program has made of a dataset's images, without a network.

    Rows are joined to images by sample id or file name. What the numbers are is told by their
    ranges and sums, unless ``numbers`` says it; the run's manifest says how they were read. The
    same file again is the same run.

    Args:
        path: a table (CSV, TSV, Parquet) with a row for each image and a column for each class, or
            an ``.npz`` file as `dermxai.runs.predictions.archive` describes it.
        numbers: "logits", "probabilities" or "percent".
        activation: "softmax", or "sigmoid" where each class stands for itself.
        classes: names of the outputs, in their order where the file has none; two for a single
            number, the class that it speaks for last.
        ids: the column that names the image.
        folds: the column that tells rows of one image apart, whose mean is taken.
        roles: of a table's columns that are not recognised right: image, fold, output, embedding,
            concept or nothing; where some are outputs, they are all of them.
        name: what the predictions are called; the file's name if not given.
        progress: called with images done and in all; whatever it raises stops the import.

    Raises:
        InputError: the file cannot be read, names no image of the dataset or one of them twice, or
            nobody can tell what its numbers are.

    Examples:
        >>> import dermxai
        >>> from dermxai.runs.predictions import import_predictions
        >>> dataset = dermxai.load_dataset("images")
        >>> rows = [f"{name},0.75,0.25" for name in dataset.samples["sample_id"]]
        >>> from pathlib import Path
        >>> text = "\\n".join(["image,prob_BCC,prob_MN", *rows])
        >>> _ = Path("predictions.csv").write_text(text)
        >>> run = import_predictions("predictions.csv", dataset)
        >>> run.classes, run.probabilities[0].tolist()
        (('BCC', 'MN'), [0.75, 0.25])
    """
    options = import_options(
        numbers=numbers, activation=activation, classes=classes, ids=ids, folds=folds, roles=roles
    )
    file = paths.readable(paths.named(path))
    digest = digest_of(file)
    settings = {
        "version": VERSION,
        **{key: value for key, value in asdict(options).items() if value},
    }
    identity = run_id(digest, dataset.fingerprint, {"predictions": settings})
    files = RunFiles(paths.runs() / identity)
    tell = progress or (lambda *_: None)
    with disk.locked(files.lock, waiting=lambda: tell(0, len(dataset))):
        if not files.manifest.is_file():
            try:
                _write(files, file, dataset, options, digest=digest, name=name)
            except BaseException:
                _discard(files)
                raise
        run = follow_dataset(open_run(files.root), dataset)
        if run.picture_hashes is None:
            run = with_picture_hashes(run, progress)
        find_near_duplicates(run)  # so that no page has to look for them
        return run


class Options(TypedDict, total=False):
    """What a person says of a file of predictions, see `import_predictions`."""

    numbers: str
    activation: str
    classes: list[str]
    ids: str
    folds: str
    roles: dict[str, str]


def import_options(
    *,
    numbers: str | None = None,
    activation: str | None = None,
    classes: Sequence[str] | None = None,
    ids: str | None = None,
    folds: str | None = None,
    roles: Mapping[str, str] | None = None,
) -> ImportOptions:
    """As `import_predictions` is told.

    Raises:
        InputError: a kind of number, an activation or a role that is not known; classes twice.
    """
    named = None if classes is None else tuple(classes)
    known = dict(sorted(roles.items())) if roles else None
    return ImportOptions(numbers, activation, named, ids, folds, known)


def _write(
    files: RunFiles,
    file: Path,
    dataset: Dataset,
    options: ImportOptions,
    *,
    digest: str,
    name: str | None,
) -> None:
    if suffix_of(file) == archive.SUFFIX:
        given = archive.read_archive(file, options)
    else:
        given = table.read_predictions(file, dataset.samples, options)
    joined = Joined(file, given, dataset.samples, dataset.name, options)
    made = joined.scores
    assemble_imported(
        files,
        ImportedRun(
            _with_concepts(dataset.samples.iloc[joined.images], given, joined.rows),
            made.logits[joined.usable],
            None if made.probabilities is None else made.probabilities[joined.usable],
            tuple(
                feature_spaces.ImportedFeatures(space, file.name, digest, values[joined.rows])
                for space, values in given.spaces.items()
            ),
        ),
        dataset,
        {
            "predictions": {
                "path": str(file),
                "name": (name or file.name)[:200],
                "hash": hashlib.sha256(f"{digest} {files.root.name}".encode()).hexdigest()[:16],
                "file": digest,
                "read": {"kind": joined.kind.kind, **given.read, "outputs": list(given.outputs)},
                "notes": list(joined.notes),
            },
            "settings": {key: value for key, value in asdict(options).items() if value},
            "heads": [{"name": head, "channels": 0} for head in given.heads],
            "classes": list(joined.classes),
            **_activation(joined.kind),
            "problems": [
                {"item": problem.item, "reason": problem.reason}
                for problem in (*dataset.problems, *joined.problems)
            ],
        },
    )


def _activation(kind: Kind) -> ActivationEntry:
    return {} if kind.activation == SOFTMAX else {"activation": kind.activation}


def _with_concepts(
    samples: pd.DataFrame, given: FileContent, rows: NDArray[np.intp]
) -> pd.DataFrame:
    """The sample table with a column for each concept, none of which takes another's place."""
    columns = {f"concept {name}": values[rows] for name, values in given.concepts.items()}
    new = {name: values for name, values in columns.items() if name not in samples}
    return samples.reset_index(drop=True).assign(**new)


def suffix_of(file: Path) -> str:
    """
    Raises:
        InputError: no file of predictions has it.
    """
    suffix = file.suffix.lower()
    if suffix not in SUFFIXES:
        read = ", ".join(sorted(SUFFIXES - workbooks.OLD))
        raise InputError(f"{title(file)} is no file of predictions; expected {read}.")
    return suffix


class Joined:
    """Predictions on the images of a dataset.

    Attributes:
        images: positions in the dataset of the images that have one.
        rows: of each of them its (first) row in the file.
        usable: which of ``scores`` they are.
        problems: images without a prediction that can be used.
    """

    def __init__(
        self,
        file: Path,
        given: FileContent,
        samples: pd.DataFrame,
        dataset: str,
        options: ImportOptions,
    ) -> None:
        """
        Args:
            samples, dataset: sample table and name of the dataset.

        Raises:
            InputError: no prediction is of its images, or can be used; an image has several.
        """
        self.kind: Kind = number_kind(given.numbers, given.kind, options)
        at = Matching(samples).positions(given.names)
        known = np.flatnonzero(at >= 0)
        ids = samples["sample_id"].to_numpy(dtype=object)
        if not known.size:
            raise InputError(
                f"None of the {len(at):,} rows of {title(file)} is of an image of {dataset} "
                f"({given.names[0]} first, where it has {ids[0]}); expected its sample ids or file "
                "names."
            )
        images, first, groups = np.unique(at[known], return_index=True, return_inverse=True)
        averaged = _checked_folds(file, given, ids, at, known)
        values = mean(given.numbers[known], groups, len(images))
        self.scores: Scores = scores(values, self.kind)
        self.usable: NDArray[np.intp] = np.flatnonzero(self.scores.reasons == "")
        if not self.usable.size:
            raise InputError(
                f"None of the predictions of {title(file)} can be used ({ids[images[0]]}: "
                f"{self.scores.reasons[0]})."
            )
        self.images, self.rows = images[self.usable], known[first][self.usable]
        self.classes = Classes(samples).codes(given.outputs)
        self.problems = (
            *_missing(file, ids, images),
            *(
                Problem(str(ids[images[row]]), str(self.scores.reasons[row]))
                for row in np.flatnonzero(self.scores.reasons != "")
            ),
        )
        self.notes = (
            *_unmatched_rows(given, at, dataset),
            *averaged,
            *self.scores.notes,
            *given.notes,
        )


def _checked_folds(
    file: Path,
    given: FileContent,
    ids: NDArray[np.object_],
    at: NDArray[np.intp],
    known: NDArray[np.intp],
) -> tuple[str, ...]:
    """What is said of images that have several rows.

    Raises:
        InputError: nothing tells them apart.
    """
    rows = pd.DataFrame({"image": at[known]})
    rows["fold"] = "" if given.folds is None else pd.Series(given.folds[known]).fillna("")
    twice = rows.duplicated(keep=False)
    if twice.any():
        image = rows["image"][twice].iloc[0]
        number = int((rows["image"] == image).sum())
        same = "" if given.folds is None else " of one fold"
        raise InputError(
            f"{title(file)} has {number} rows{same} for the image {ids[image]}; expected one for "
            "each image, or a column that tells folds or models apart (--folds COLUMN), whose "
            "mean is taken."
        )
    sizes = rows["image"].value_counts()
    if sizes.max() == 1:
        return ()
    most, fewer = int(sizes.max()), int((sizes < sizes.max()).sum())
    note = f"The mean of {most} folds was taken of each image."
    return (note, *([f"{count(fewer, 'image')} have fewer folds."] if fewer else []))


def _missing(file: Path, ids: NDArray[np.object_], images: NDArray[np.intp]) -> list[Problem]:
    missing = np.setdiff1d(np.arange(len(ids)), images)
    return [Problem(str(ids[row]), f"has no prediction in {title(file)}") for row in missing]


def _unmatched_rows(given: FileContent, at: NDArray[np.intp], dataset: str) -> list[str]:
    """Rows that are of no image of the dataset."""
    said = []
    for what, words in (
        (NONE, f"no image of {dataset}"),
        (SEVERAL, f"several images of {dataset} alike"),
    ):
        rows = np.flatnonzero(at == what)
        if rows.size:
            named = ", ".join(str(each)[:60] for each in given.names[rows[:_FEW]])
            more = ", …" * (rows.size > _FEW)
            said.append(f"{count(int(rows.size), 'row')} of {words}: left out ({named}{more}).")
    return said


def digest_of(file: Path) -> str:
    """Tells a file from all others.

    Raises:
        InputError: it cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with entries.opened(file) as opened:
            while block := opened.read(_BLOCK):
                digest.update(block)
    except (UnusableError, OSError) as error:
        raise InputError(
            f"{title(file)} {error}; expected a table or .npz file of predictions."
        ) from error
    return digest.hexdigest()[:16]


def _discard(files: RunFiles) -> None:
    """Leaves nothing of an import that failed."""
    if not files.manifest.is_file():
        shutil.rmtree(files.root, ignore_errors=True)
