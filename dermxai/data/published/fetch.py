"""What a public set consists of, as its host tells, and bringing it into the workspace."""

import csv
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NotRequired, TypedDict
from urllib.parse import urlencode, urlsplit

from dermxai.core import disk, paths
from dermxai.core.errors import InputError
from dermxai.data.archives.bounds import safe
from dermxai.data.published.download import (
    Network,
    UnreachableError,
    download,
    get_json,
    size_of,
)
from dermxai.data.published.sets import File, Published

ALLOWED = "DERMXAI_FETCH"
MOST_IMAGES = 500_000
"""Of a collection."""
_ISIC_API = "https://api.isic-archive.com/api/v2"
_DATAVERSE_FILE = "/api/access/datafile/"
_PAGE = 100
_ISIC_ID = re.compile(r"ISIC_\d{1,12}")
_MD5 = re.compile(r"[0-9a-f]{32}")

Report = Callable[[str, int, int], None]


class _DataFile(TypedDict):
    """What a Dataverse says of a file; of a table also as what it was uploaded."""

    id: int
    filename: str
    filesize: NotRequired[object]
    originalFileName: NotRequired[object]
    originalFileSize: NotRequired[object]
    md5: NotRequired[object]


class _Listed(TypedDict):
    dataFile: _DataFile


class _Version(TypedDict):
    files: list[_Listed]


class _Data(TypedDict):
    latestVersion: _Version


class _Dataverse(TypedDict):
    data: _Data


class _Full(TypedDict):
    url: str
    size: NotRequired[int]


class _Files(TypedDict):
    full: _Full


class _Image(TypedDict):
    """What the ISIC archive says of an image."""

    isic_id: str
    files: _Files
    copyright_license: NotRequired[object]
    attribution: NotRequired[object]
    metadata: NotRequired[object]


class _Page(TypedDict):
    results: list[_Image]
    next: NotRequired[str | None]
    count: NotRequired[object]


@dataclass(frozen=True)
class Contents:
    """What is to be fetched of a set.

    Attributes:
        files: that are fetched.
        rows: a table of them, which is written beside; empty where one is among the files.
    """

    files: tuple[File, ...]
    rows: tuple[dict[str, str], ...] = ()

    @property
    def size(self) -> int | None:
        """Bytes; None where a host does not tell."""
        sizes = [file.size for file in self.files]
        return None if None in sizes else sum(size for size in sizes if size is not None)


def allowed() -> bool:
    """Whether this process may fetch: the command line may; a server where `ALLOWED` is set, since
    what visitors fetch takes its disk and speaks in its name."""
    return not paths.is_confined() or os.environ.get(ALLOWED) == "1"


def check_allowed() -> None:
    """
    Raises:
        InputError: `allowed` says no.
    """
    if not allowed():
        raise InputError(f"This server fetches no public sets; start it with {ALLOWED}=1.")


def place(wanted: Published) -> Path:
    """Where a set lies once it is fetched: its path as a dataset."""
    single = len(wanted.files) == 1
    return paths.datasets() / (wanted.files[0].name if single else wanted.name)


def contents(
    wanted: Published,
    network: Network,
    most: int | None = None,
    report: Report = lambda *_: None,
) -> Contents:
    """
    Args:
        most: images of a collection.

    Raises:
        InputError: the host cannot be reached, or answers otherwise than expected; the sentence
            says what to put where by hand.
    """
    try:
        if wanted.files:
            told = (replace(file, size=size_of(file.url, network)) for file in wanted.files)
            return Contents(tuple(told))
        if wanted.isic:
            return _collection(wanted, network, min(most or MOST_IMAGES, MOST_IMAGES), report)
        return Contents(tuple(_in_dataverse(wanted, network)))
    except UnreachableError as error:
        raise by_hand(wanted, error) from error


def fetch(
    wanted: Published, found: Contents, network: Network, report: Report = lambda *_: None
) -> Path:
    """Fetches what is not there yet, and goes on with what broke off.

    Args:
        report: called with a phase, what is done and all.

    Raises:
        InputError: as `contents` and `download`.
    """
    target = place(wanted)
    folder = target.parent if len(wanted.files) == 1 else target
    try:
        for number, file in enumerate(found.files):
            if wanted.isic:
                report("images", number, len(found.files))
                download(file, folder / "images", network, lambda *_: None)
            else:
                download(
                    file, folder, network,
                    lambda done, whole, name=file.name: report(name, done, whole or 0),  # type: ignore[misc]
                )  # fmt: skip
    except UnreachableError as error:
        raise by_hand(wanted, error) from error
    if found.rows:
        _write(found.rows, folder / "metadata.csv")
    return target


def by_hand(wanted: Published, error: InputError) -> InputError:
    """What to do without a network."""
    if wanted.files:
        what = f"download {wanted.files[0].url} on a computer with a network"
        where = f"put it at {place(wanted)}"
    else:
        what = f"download the set from {wanted.home} on a computer with a network"
        where = f"put its files, zip archives as they are, into {place(wanted)}"
    return InputError(
        f"{str(error).rstrip('.')}. What was fetched is kept. Without a way there, {what} and "
        f"{where}; its licence is {wanted.licence}."
    )


def _in_dataverse(wanted: Published, network: Network) -> Iterator[File]:
    """The files of a Dataverse dataset; tables as they were uploaded."""
    answer = get_json(wanted.dataverse, _Dataverse, network)
    parts = urlsplit(wanted.dataverse)
    for each in answer["data"]["latestVersion"]["files"]:
        about = each["dataFile"]
        original = about.get("originalFileName")
        name = _file_name(original if isinstance(original, str) and original else about["filename"])
        url = f"{parts.scheme}://{parts.netloc}{_DATAVERSE_FILE}{about['id']}"
        size = about.get("originalFileSize") if original else about.get("filesize")
        md5 = about.get("md5")
        known = not original and isinstance(md5, str) and _MD5.fullmatch(md5) is not None
        yield File(
            name,
            f"{url}?format=original" if original else url,
            size if isinstance(size, int) and size > 0 else None,
            str(md5) if known else None,
        )


def _collection(wanted: Published, network: Network, most: int, report: Report) -> Contents:
    """The images of a collection of the ISIC archive, page by page."""
    base = wanted.dataverse or _ISIC_API
    asked = urlencode({"collections": wanted.isic, "limit": min(_PAGE, most)})
    url: str | None = f"{base}/images/?{asked}"
    host = urlsplit(base).hostname
    files: dict[str, File] = {}
    rows: list[dict[str, str]] = []
    while url and len(files) < most:
        page = get_json(url, _Page, network)
        before = len(files)
        for image in page["results"][: most - len(files)]:
            name, full = image["isic_id"], image["files"]["full"]
            if not _ISIC_ID.fullmatch(name):
                raise InputError(f"{host} names an image {name[:60]!r}; expected such as ISIC_1.")
            if name not in files:
                files[name] = File(f"{name}.jpg", full["url"], full.get("size"))
                rows.append(_described(image))
        following = page.get("next")
        if len(files) == before or (following and urlsplit(following).hostname != host):
            break
        url = following
        count = page.get("count")
        report("pages", len(files), min(most, count if isinstance(count, int) and count else most))
    if not files:
        raise InputError(f"{host} has no images in the collection {wanted.isic}.")
    return Contents(tuple(files.values()), tuple(rows))


def _described(image: _Image) -> dict[str, str]:
    """A row of the table: what is known of an image, without the addresses of its files."""
    row = {
        "isic_id": image["isic_id"],
        "copyright_license": str(image.get("copyright_license") or ""),
        "attribution": str(image.get("attribution") or ""),
    }
    known = image.get("metadata")
    for part in known.values() if isinstance(known, dict) else ():
        if isinstance(part, dict):
            row |= {
                str(key): str(value) for key, value in part.items()
                if isinstance(value, str | int | float) and str(key).isidentifier()
            }  # fmt: skip
    return row


def _file_name(name: str) -> str:
    found = safe(name)
    if found is None or "/" in found or found.startswith("."):
        raise InputError(f"A host names a file {name[:60]!r}, which is no name to keep it under.")
    return found


def _write(rows: tuple[dict[str, str], ...], at: Path) -> None:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with disk.replacing(at) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
