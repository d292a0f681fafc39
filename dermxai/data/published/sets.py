"""Which public sets are known by name: where each is published, and under which licence."""

from collections.abc import Mapping
from dataclasses import dataclass

from dermxai.core.errors import InputError

ISIC = "isic-"
"""Before the number of a collection of the ISIC archive."""
_ZENODO = "https://zenodo.org/records/10519652/files"


@dataclass(frozen=True)
class File:
    """A file that is published.

    Attributes:
        name: that it is kept under.
        url: where it lies.
        size: bytes, None where its host tells.
        md5: checksum, None where its host tells none.
    """

    name: str
    url: str
    size: int | None = None
    md5: str | None = None


@dataclass(frozen=True)
class Published:
    """
    Attributes:
        title: what it is.
        licence: its name, and where its terms stand.
        source: to cite.
        files: what is fetched; empty where a host lists them.
        dataverse: address of the list of a Dataverse dataset.
        isic: number of a collection of the ISIC archive.
        home: the page from which a person can fetch it.
    """

    name: str
    title: str
    licence: str
    source: str
    home: str
    files: tuple[File, ...] = ()
    dataverse: str = ""
    isic: str = ""


def _dermamnist(name: str, side: int, file: str, md5: str) -> Published:
    return Published(
        name,
        f"DermaMNIST, 10,015 dermoscopic images of HAM10000 at {side} × {side} px, 7 classes",
        "CC BY-NC 4.0, https://creativecommons.org/licenses/by-nc/4.0/",
        "Yang et al. 2023, MedMNIST v2, doi:10.1038/s41597-022-01721-8; Tschandl et al. 2018",
        "https://zenodo.org/records/10519652",
        (File(f"{name}.npz", f"{_ZENODO}/{file}?download=1", None, md5),),
    )


SETS: Mapping[str, Published] = {
    each.name: each
    for each in (
        _dermamnist("dermamnist", 28, "dermamnist.npz", "0744692d530f8e62ec473284d019b0c7"),
        _dermamnist(
            "dermamnist_224", 224, "dermamnist_224.npz", "8974907d8e169bef5f5b96bc506ae45d"
        ),
        Published(
            "ham10000",
            "HAM10000, 10,015 dermoscopic images at 600 × 450 px, 7 classes, with lesion masks",
            "CC BY-NC 4.0, https://creativecommons.org/licenses/by-nc/4.0/",
            "Tschandl et al. 2018, The HAM10000 dataset, doi:10.1038/sdata.2018.161",
            "https://doi.org/10.7910/DVN/DBW86T",
            dataverse="https://dataverse.harvard.edu/api/datasets/:persistentId/"
            "?persistentId=doi:10.7910/DVN/DBW86T",
        ),
    )
}


def find(name: str) -> Published:
    """
    Raises:
        InputError: no set bears this name.
    """
    if name in SETS:
        return SETS[name]
    number = name.removeprefix(ISIC)
    if name.startswith(ISIC) and number.isascii() and number.isdigit() and len(number) < 10:
        return Published(
            name,
            f"Collection {number} of the ISIC archive, with its metadata",
            "that of each image (CC0, CC BY or CC BY-NC), in the column copyright_license; "
            "https://www.isic-archive.com/terms-of-use",
            "the attribution of each image, in the column attribution",
            f"https://api.isic-archive.com/collections/{number}/",
            isic=number,
        )
    raise InputError(
        f"No public set is known as {name[:60]!r}; expected {', '.join(SETS)}, or {ISIC}NUMBER for "
        "a collection of the ISIC archive."
    )
