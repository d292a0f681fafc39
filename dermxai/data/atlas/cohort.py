"""Who is photographed: patients, lesions, images, in the proportions of Zhu 2021, Table 1."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

IMAGES: Mapping[str, int] = {
    "LP": 804, "Rosa": 597, "VW": 1110, "AV": 2023, "KAHS": 438, "EAD": 2440, "DF": 343,
    "SD": 767, "SK": 553, "MN": 1214, "Hem": 200, "Pso": 1707, "PWS": 920, "BCC": 487,
}  # fmt: skip
"""Images a class in the development set (Table 1; its 14.70 % for hemangioma is a misprint)."""
PATIENTS: Mapping[str, int] = {
    "LP": 126, "Rosa": 80, "VW": 298, "AV": 277, "KAHS": 96, "EAD": 419, "DF": 116,
    "SD": 124, "SK": 143, "MN": 345, "Hem": 61, "Pso": 234, "PWS": 112, "BCC": 107,
}  # fmt: skip
"""Patients a class in the development set (Table 1)."""
SHARES: Mapping[str, float] = {"train": 0.60, "validation": 0.15, "test": 0.25}
OVERLAP: Mapping[str, float] = {"EAD": 0.25, "SD": 0.25}
"""Share of a class's images, in each split, drawn with signs of both: the two are confused in
practice, so here, too. Eczema changes between visits: it is the image that shows signs of both."""
MINIMUM_PATIENTS = 3

_FACE, _BODY = ("face",), ("trunk", "arm", "leg")


@dataclass(frozen=True)
class Profile:
    """Whom a disease meets: age (years, mean and standard deviation), share of women, sites."""

    age: float
    spread: float
    female: float
    sites: tuple[str, ...]


# Plausible figures, chosen for the demo and not taken from a study; women are about 60 % overall
# as in Table 1.
PROFILES: Mapping[str, Profile] = {
    "LP": Profile(48, 14, 0.60, ("arm", "leg", "trunk")),
    "Rosa": Profile(45, 12, 0.75, _FACE),
    "VW": Profile(28, 14, 0.52, ("hand", "foot", "face")),
    "AV": Profile(22, 5, 0.62, _FACE),
    "KAHS": Profile(33, 12, 0.58, ("trunk", "shoulder", "ear")),
    "EAD": Profile(44, 18, 0.58, ("hand", "arm", "leg", "trunk", "face")),
    "DF": Profile(42, 12, 0.68, ("leg", "arm")),
    "SD": Profile(40, 15, 0.50, ("face", "scalp")),
    "SK": Profile(64, 11, 0.58, ("face", "trunk", "scalp")),
    "MN": Profile(32, 14, 0.66, (*_BODY, "face")),
    "Hem": Profile(50, 17, 0.60, ("trunk", "arm", "face")),
    "Pso": Profile(46, 15, 0.45, ("arm", "leg", "trunk", "scalp")),
    "PWS": Profile(22, 13, 0.62, ("face", "arm", "trunk")),
    "BCC": Profile(68, 10, 0.55, ("face", "scalp", "trunk")),
}


@dataclass(frozen=True)
class Patient:
    number: int
    label: str
    split: str
    age: int
    sex: str
    site: str
    skin_type: str


@dataclass(frozen=True)
class Shot:
    """One image to be drawn; with the seed, all that its pixels depend on."""

    patient: Patient
    lesion: int
    image: int
    presentation: str = "typical"  # or "overlap"


def apportion(weights: Mapping[str, float], total: int, least: int = 0) -> dict[str, int]:
    """``total`` in whole shares by the largest remainder, no share below ``least``.

    Raises ValueError where ``least`` for everyone is more than the total.
    """
    if least * len(weights) > total:
        raise ValueError(f"{total} cannot give {least} to each of {len(weights)}.")
    free = total - least * len(weights)
    wanted = {key: total * weight / sum(weights.values()) for key, weight in weights.items()}
    above = {key: max(0.0, value - least) for key, value in wanted.items()}
    scale = free / sum(above.values()) if free else 0.0
    shares = {key: least + int(value * scale) for key, value in above.items()}
    remainder = sorted(above, key=lambda key: (above[key] * scale) % 1, reverse=True)
    for key in remainder[: total - sum(shares.values())]:
        shares[key] += 1
    return shares


def cohort(images: int, seed: int) -> list[Shot]:
    """Every image of an atlas, ordered by patient.

    From 42 images on, each class has at least 3 patients, one a split; from 14 on at least one.
    Fewer images go to the most frequent classes.
    """
    rng = np.random.default_rng([seed, 0])
    least = min(MINIMUM_PATIENTS, images // len(IMAGES))
    per_class = apportion(IMAGES, images, least)
    wanted = round(images * sum(PATIENTS.values()) / sum(IMAGES.values()))
    patients_of = apportion(PATIENTS, max(least * len(IMAGES), wanted), least)
    wards = [
        (label, split, int(count))
        for label, number in per_class.items()
        if number
        for split, count in _ward(rng, min(max(1, patients_of[label]), number), number)
    ]
    shots = []
    for number, place in enumerate(rng.permutation(len(wards)), 1):
        label, split, count = wards[place]
        shots += _visits(_patient(rng, number, label, split), count, rng)
    for label, share in OVERLAP.items():
        for split in SHARES:
            _overlap(shots, label, split, share, rng)
    return shots


def _overlap(shots: list[Shot], label: str, split: str, share: float, rng: Generator) -> None:
    """Replace that share of a class's shots in a split, rounded, by overlapping presentations."""
    places = [
        place
        for place, shot in enumerate(shots)
        if (shot.patient.label, shot.patient.split) == (label, split)
    ]
    for place in rng.permutation(places)[: round(share * len(places))]:
        shots[place] = replace(shots[place], presentation="overlap")


def _ward(rng: Generator, patients: int, images: int) -> list[tuple[str, int]]:
    """Split and number of images for each patient of a class."""
    ward = []
    patients_in = apportion(SHARES, patients, min(1, patients // len(SHARES)))
    for split, spare in _spare(patients_in, images - patients).items():
        count = patients_in[split]
        extra = rng.multinomial(spare, rng.dirichlet(np.full(count, 2.0)))
        ward += [(split, 1 + int(more)) for more in extra]
    return ward


def _spare(patients_in: Mapping[str, int], images: int) -> dict[str, int]:
    """Images beyond the first of each patient, by split; none where no patient is."""
    return apportion({split: SHARES[split] for split, n in patients_in.items() if n}, images)


def _patient(rng: Generator, number: int, label: str, split: str) -> Patient:
    profile = PROFILES[label]
    return Patient(
        number,
        label,
        split,
        age=int(np.clip(rng.normal(profile.age, profile.spread), 3, 92)),
        sex="female" if rng.random() < profile.female else "male",
        site=str(rng.choice(profile.sites)),
        skin_type=str(rng.choice(["III", "IV"], p=[0.6, 0.4])),
    )


def _visits(patient: Patient, images: int, rng: Generator) -> list[Shot]:
    """A patient's images: mostly one lesion, a second one in a quarter of those who can."""
    lesions = 2 if images > 3 and rng.random() < 0.25 else 1
    return [Shot(patient, 1 + index % lesions, 1 + index) for index in range(images)]
