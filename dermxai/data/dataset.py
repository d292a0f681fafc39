"""A dataset: its sample table, what could not be used, and its images."""

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.core import entries, paths
from dermxai.core.components import error_text
from dermxai.core.entries import Unusable, UnusableError
from dermxai.core.errors import InputError
from dermxai.data import audit, dicom, images, inventory, kept_options, labels
from dermxai.data.formats import FORMATS, Format, by_priority
from dermxai.data.table import Options, Problem, Reading, Table, validated
from dermxai.data.transforms import fit_mask

_SOURCE = "source_label"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Dataset:
    """Images and what is known about them.

    Attributes:
        name: of its folder or file.
        root: the folder it lies in.
        samples: the sample table, one row an image that exists, RangeIndex; columns ``sample_id``
            (unique), ``path``, ``label`` (class code or missing), those of
            ``dermxai.data.table.COLUMNS`` that the data have, and all others they have.
        problems: what cannot be used, and why. Images that turn out to be damaged are found when
            they are read.
        fingerprint: the same for the same data in another place or copied again, different
            when a row or an image changes. Hash of the table and of each image file's size, first
            and last 4 kB; only BMP, TIFF, PPM, DICOM and rare files are read as a whole.
        source, options: what ``load_dataset`` was called with, so that it can be called again.
        file_fingerprints: by sample id what tells its image's file from another.
        reading: how folders and columns were understood where that was not plain.
    """

    name: str
    root: Path
    samples: pd.DataFrame
    problems: tuple[Problem, ...]
    fingerprint: str
    source: Path = Path()
    options: Mapping[str, str | dict[str, str]] = field(default_factory=dict)
    file_fingerprints: Mapping[str, str] = field(default_factory=dict, repr=False)
    reading: Reading = field(default_factory=Reading, repr=False)

    def __len__(self) -> int:
        return len(self.samples)

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {sample_id: index for index, sample_id in enumerate(self.samples["sample_id"])}

    def row(self, sample_id: str) -> pd.Series:
        """The row of the sample table.

        Raises:
            InputError: no sample has this id.
        """
        if sample_id not in self._positions:
            raise InputError(f"{self.name} has no image {sample_id!r}.")
        return self.samples.iloc[self._positions[sample_id]]

    def image(self, sample_id: str, *, profiles: bool = False) -> NDArray[np.uint8]:
        """(height, width, 3) RGB, upright.

        Args:
            profiles: applies an embedded colour profile, see `images.read_image`.

        Raises:
            InputError: no such sample, or its file cannot be read.
        """
        return images.read_image(self.row(sample_id)["path"], profiles=profiles)

    def mask(self, sample_id: str) -> NDArray[np.bool_] | None:
        """The lesion as (height, width) of the image; None where there is no mask.

        Raises:
            InputError: no such sample, or the mask or image cannot be read.
        """
        return self._mask(sample_id, "mask_path")

    def evidence(self, sample_id: str) -> NDArray[np.bool_] | None:
        """The signs that define the class, as ``mask``."""
        return self._mask(sample_id, "evidence_path")

    def _mask(self, sample_id: str, column: str) -> NDArray[np.bool_] | None:
        row = self.row(sample_id)
        path = row.get(column)
        if not isinstance(path, str):
            return None
        return fit_mask(images.read_mask(path), images.image_shape(row["path"]))


def load_dataset(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    label_map: str | Path | Mapping[str, str] | None = None,
    levels: Mapping[str, str] | None = None,
    confine: bool = False,
) -> Dataset:
    """Opens a dataset of any known format, recognised automatically from the path. No image is
    decoded.

    Args:
        path: a folder, table or archive; see ``expects`` of `dermxai.data.formats.FORMATS`.
        columns: our column name → the table's, such as ``{"label": "diagnosis"}``.
        label_map: label → class code, or a table of two columns ``from`` and ``to``; labels that
            it does not name are mapped as without it.
        levels: level of folders → class, patient, split or nothing, such as ``{"1": "class"}``;
            the outermost is 1.

            Of these three, what is not given is as it is kept for the dataset
            (`dermxai.data.kept_options`); give ``{}`` to read it as it is recognised.
        confine: reads nothing outside the folders that visitors may open (``paths.roots``), as a
            server always does.

    Raises:
        InputError: nothing is there, no format recognises it, or not one image can be used.

    Examples:
        >>> import dermxai
        >>> dataset = dermxai.load_dataset("images")
        >>> len(dataset), sorted(set(dataset.samples["label"])), dataset.problems
        (12, ['BCC', 'MN'], ())
        >>> dataset.image(dataset.samples["sample_id"][0]).shape  # RGB, upright
        (61, 83, 3)
    """
    with paths.confining(confine):
        return _loaded(path, columns, label_map, levels)


def _loaded(
    path: str | Path,
    columns: Mapping[str, str] | None,
    label_map: str | Path | Mapping[str, str] | None,
    levels: Mapping[str, str] | None,
) -> Dataset:
    source = paths.readable(paths.named(path))
    if not os.path.exists(source):  # noqa: PTH110  # false, not an error, where it is forbidden
        raise InputError(f"There is no file or folder {entries.shown(str(source))}.")
    if (what := entries.kind(source)) not in ("a file", "a folder"):
        raise InputError(f"{source} is {what}; expected a folder, table or archive of images.")
    kept = kept_options.kept(source)
    columns = kept.get("columns") if columns is None else columns
    label_map = kept.get("label_map") if label_map is None else label_map
    levels = kept.get("levels") if levels is None else levels
    chosen = _format(source)
    table = _read(chosen, source, Options(columns or {}, levels or {}))
    headers, told = dicom.described(table.rows)
    rows, repeated = validated(headers)
    own = labels.own_labels(label_map)
    told_of_labels = labels.notes(rows["label"], own)
    rows = _with_codes(rows, own)
    stock = inventory.take(rows, table.root, paths.roots() if paths.is_confined() else None)
    problems = (*table.problems, *told, *repeated, *stock.problems)
    if stock.rows.empty:
        first = f" ({problems[0].item}: {problems[0].reason})" if problems else ""
        raise InputError(
            f"{source}, taken as {chosen.name}, holds no image that can be used{first}. "
            f"{_known_formats()}"
        )
    told_of_labels = (*told_of_labels, *audit.contradictions(stock.rows, stock.files))
    name = source.name if source.is_dir() else source.stem
    return Dataset(
        name=name,
        root=table.root,
        samples=stock.rows,
        problems=problems,
        fingerprint=stock.fingerprint,
        source=source,
        options=_plain({"columns": columns, "label_map": label_map, "levels": levels}),
        file_fingerprints=stock.files,
        reading=replace(table.reading, notes=(*table.reading.notes, *told_of_labels)),
    )


def find_datasets() -> tuple[list[Path], list[Unusable]]:
    """What lies in the workspace's folder of datasets, by name; and what can be none of them."""
    found = []
    here, odd = entries.listed(paths.datasets())
    for place in here:
        try:
            if (what := entries.kind(place)) == "a folder":
                entries.check_folder(place)
            elif what == "a file":
                with entries.opened(place):
                    pass
            else:
                raise UnusableError(f"is {what}, no dataset")
            found.append(place)
        except UnusableError as error:
            odd.append(Unusable(place, str(error)))
    return found, odd


def _plain(
    options: Mapping[str, str | Path | Mapping[str, str] | None],
) -> dict[str, str | dict[str, str]]:
    """The options that were given, as JSON can hold them."""
    return {
        name: dict(value) if isinstance(value, Mapping) else str(Path(value).absolute())
        for name, value in options.items()
        if value
    }


def _format(source: Path) -> Format:
    for each in by_priority():
        try:
            if each.recognises(source):
                return each
        except InputError:
            raise
        except Exception as error:
            raise _broken(each, source, error) from error
    raise InputError(f"{source} is not a dataset of a known format. {_known_formats()}")


def _read(chosen: Format, source: Path, options: Options) -> Table:
    try:
        table: object = chosen.read(source, options)
    except (InputError, OSError, MemoryError):
        raise
    except Exception as error:
        raise _broken(chosen, source, error) from error
    if not isinstance(table, Table):
        raise InputError(f"The dataset format {chosen.name} gives no table of {source}.")
    return table


def _broken(chosen: Format, source: Path, error: Exception) -> InputError:
    log.error("The dataset format %s fails.", chosen.name, exc_info=error)
    return InputError(f"The dataset format {chosen.name} fails on {source} ({error_text(error)}).")


def _known_formats() -> str:
    found = FORMATS.all().values()
    return "Known formats: " + "; ".join(each.expects for each in found) + "."


def _with_codes(rows: pd.DataFrame, own: Mapping[str, str]) -> pd.DataFrame:
    """Labels as class codes; where that changes one, ``source_label`` keeps them as written, and a
    column of that name becomes ``source_label (table)``."""
    codes = labels.mapped(rows["label"], own)
    if not codes.equals(rows["label"]):
        rows = rows.rename(columns={_SOURCE: f"{_SOURCE} (table)"})
        rows[_SOURCE] = rows["label"]
    return rows.assign(label=codes)
