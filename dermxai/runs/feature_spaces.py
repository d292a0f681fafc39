"""The feature spaces of a run: where its images lie close that are alike.

The network's own are the inputs of its final head; of a black box, its logits. Others come from
files: embeddings of networks whose weights need not be here, such as PanDerm, MONET or DINOv2. An
imported run has the scores of its classes, too: their probabilities as they were given, else their
logits.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import numpy as np
from numpy.typing import NDArray

from dermxai.core import disk, entries, paths
from dermxai.core.entries import UnusableError
from dermxai.core.errors import InputError
from dermxai.runs.files import RunFiles

if TYPE_CHECKING:
    from dermxai.runs.run import Run

NETWORK, SCORES = "network", "scores"
NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,39}", re.ASCII)
"""What a feature space may be called: its name stands in file names and addresses."""
MOST_DIMENSIONS = 100_000


class Description(TypedDict):
    """What is kept of features from a file.

    Attributes:
        file, digest: where they come from.
        images: of the run that they belong to, see `digest_of`.
    """

    name: str
    file: str
    digest: str
    images: str


@dataclass(frozen=True, eq=False)
class ImportedFeatures:
    """Features (n, d) of the images of a run, in its order, from a file.

    Attributes:
        file, digest: where they come from.
    """

    name: str
    file: str
    digest: str
    features: NDArray[np.float32]


def names(run: "Run") -> tuple[str, ...]:
    """The spaces of a run; the first is the one to begin with."""
    network = (NETWORK,) if run.features.shape[1] else ()
    return (*network, *imported(run), *(() if network else (SCORES,)))


def chosen(run: "Run", name: str | None) -> str:
    """A space by its name; the first one for None.

    Raises:
        InputError: the run has no such space.
    """
    known = names(run)
    if name is not None and name not in known:
        raise InputError(
            f"Run {run.id} has no feature space {name!r}; choose from {', '.join(known)}, or add "
            "embeddings to it (import-embeddings)."
        )
    return name or known[0]


def features(run: "Run", name: str | None = None) -> NDArray[np.floating]:
    """(n, d) features of a run's images in a space, the first one for None.

    Raises:
        InputError: the run has no such space, or its file is damaged.
    """
    name = chosen(run, name)
    if name == NETWORK:
        return run.features
    if name == SCORES:
        return run.scores if run.imported_probabilities is None else run.imported_probabilities
    file = paths.readable(RunFiles(run.root).features(name))
    try:
        entries.check_file(file)
        found: NDArray[np.float32] = np.load(file, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # a damaged file fails in many ways
        raise InputError(
            f"The features {name} of run {run.id} are damaged; import them again."
        ) from error
    if found.ndim != 2 or len(found) != len(run) or found.dtype != np.float32:
        raise InputError(
            f"The features {name} of run {run.id} are {found.dtype} {found.shape} for {len(run)} "
            "images; import them again."
        )
    return found


def title(run: "Run", name: str) -> str:
    """A space for people."""
    if are_outputs(run, name):
        return (
            f"{'Logits' if run.imported_probabilities is None else 'Probabilities'} of the classes"
        )
    return "Features of the final head" if name == NETWORK else name


def are_outputs(run: "Run", name: str) -> bool:
    """Whether a space is that of the logits or probabilities, as also a black box has it."""
    return name == SCORES or (name == NETWORK and run.black_box)


def version(run: "Run", name: str) -> str:
    """Tells the features of a space from others of its name; "" for those that a run never
    changes."""
    about = imported(run).get(name)
    return "" if about is None else str(about["digest"])


def imported(run: "Run") -> Mapping[str, Description]:
    """What is kept of each space that came from a file, by name; those of other images, or without
    features, are left out."""
    files, found = RunFiles(run.root), {}
    here = entries.listed(files.spaces)[0] if files.spaces.is_dir() else []
    for place in here:
        if place.suffix != ".json" or not NAME.fullmatch(place.stem):
            continue
        try:
            about = entries.read_json(place, Description)
            entries.check_file(files.features(place.stem))
        except (UnusableError, OSError):
            continue
        if about["images"] == run.images:
            found[place.stem] = about
    return found


def write(files: RunFiles, sample_ids: Iterable[str], space: ImportedFeatures) -> None:
    """Keeps a space with a run; one of the same name makes way.

    Args:
        sample_ids: (n,) of the run.

    Raises:
        InputError: the name or the features are of no use.
    """
    check_name(space.name)
    values = np.asarray(space.features, dtype=np.float32)
    broken = ~np.isfinite(values).all(axis=1)
    if broken.any():
        first = list(sample_ids)[int(np.flatnonzero(broken)[0])]
        raise InputError(
            f"The features {space.name} of {int(broken.sum()):,} images ({first} first) are not "
            "finite numbers; expected a number in each place."
        )
    if not 1 <= values.shape[1] <= MOST_DIMENSIONS:
        raise InputError(
            f"Features of {values.shape[1]:,} dimensions came; expected 1 to {MOST_DIMENSIONS:,}."
        )
    about = {
        "name": space.name,
        "file": space.file,
        "digest": space.digest,
        "dimensions": values.shape[1],
        "images": digest_of(sample_ids),
    }
    files.spaces.mkdir(parents=True, exist_ok=True)
    with disk.replacing(files.features(space.name)) as path, path.open("wb") as file:
        np.save(file, values)
    with disk.replacing(files.about_features(space.name)) as path:
        path.write_text(json.dumps(about, ensure_ascii=False), encoding="utf-8")


def check_name(name: str) -> None:
    """
    Raises:
        InputError: no space can be called so.
    """
    if not NAME.fullmatch(name) or name in (NETWORK, SCORES):
        raise InputError(
            f"A feature space cannot be called {name[:60]!r}; expected up to 40 letters, digits, "
            f"_, . or -, and neither {NETWORK} nor {SCORES}."
        )


def named_after(file: Path) -> str:
    """A name for the space of a file."""
    plain = re.sub(r"[^\w.-]+", "-", file.stem, flags=re.ASCII).strip("-._")[:40]
    return plain if NAME.fullmatch(plain) and plain not in (NETWORK, SCORES) else "embeddings"


def digest_of(sample_ids: Iterable[str]) -> str:
    """Tells the images of a run, and their order, from those of another."""
    return hashlib.sha256("\0".join(map(str, sample_ids)).encode("utf-8", "replace")).hexdigest()
