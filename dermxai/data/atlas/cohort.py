"""Who is photographed: patients, lesions, images; without settings, as in Zhu 2021, Table 1."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from dermxai.data.atlas.settings import IMAGES, PATIENTS, AtlasSettings

SPREAD = 0.08
"""Standard deviation of a sign's share between the images of a patient, relative to the largest."""
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
    other: str = ""
    """Class whose signs the image may show, too; empty: none."""
    other_share: float = 0.0
    """Their share of the image's signs."""
    mislabelled: bool = False
    """Whether the image bears the label of ``other``."""
    written: str = ""
    """Label that it bears whatever it shows; empty: none."""

    @property
    def label(self) -> str:
        """Class code as written."""
        return self.written or (self.other if self.mislabelled else self.patient.label)

    @property
    def shares(self) -> dict[str, float]:
        """Share of the signs that speaks for each class."""
        others = {self.other: self.other_share} if self.other else {}
        return {self.patient.label: 1 - self.other_share} | others


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


def cohort(settings: AtlasSettings) -> list[Shot]:
    """Every image of an atlas, ordered by patient.

    From 42 images on, each class has at least 3 patients, one a split; from 14 on at least one.
    Fewer images go to the most frequent classes. No class has more patients than its images
    suffice for.
    """
    rng = np.random.default_rng([settings.seed, 0])
    least = min(MINIMUM_PATIENTS, settings.images // len(settings.class_mix))
    per_class = apportion(settings.class_mix, settings.images, least)
    patients_of = _patients(per_class, settings, least)
    wards = [
        (label, split, int(count))
        for label, number in per_class.items()
        if number
        for split, count in _ward(rng, label, patients_of[label], number, settings)
    ]
    shots = []
    for number, place in enumerate(rng.permutation(len(wards)), 1):
        label, split, count = wards[place]
        shots += _visits(_patient(rng, number, label, split), count, rng)
    for label, others in settings.overlap.items():
        for split in settings.splits:
            places = _places(shots, label, split)
            _overlap(shots, places, others, rng)
            _mislabel(shots, places, settings.label_noise, rng)
    return _planted(shots, settings)


def _planted(shots: list[Shot], settings: AtlasSettings) -> list[Shot]:
    """Shots with the labels of other classes, and without training patients, as settings say; its
    draws move no other."""
    rng = np.random.default_rng([settings.seed, 1])
    for label, others in settings.mislabelled.items():
        for split in settings.splits:
            places = _places(shots, label, split)
            free = [int(place) for place in rng.permutation(places)]
            for other, share in others.items():
                taken = round(share * len(places))
                for place in free[:taken]:
                    shots[place] = replace(shots[place], written=other)
                free = free[taken:]
    missing: set[int] = set()
    for label, share in settings.training_shares.items():
        numbers = sorted({shots[at].patient.number for at in _places(shots, label, "train")})
        kept = max(1, round(share * len(numbers)))
        missing |= {int(number) for number in rng.permutation(numbers)[kept:]}
    return [shot for shot in shots if shot.patient.number not in missing]


def _places(shots: Sequence[Shot], label: str, split: str) -> list[int]:
    """Of the shots that show a class in a split."""
    return [
        place
        for place, shot in enumerate(shots)
        if (shot.patient.label, shot.patient.split) == (label, split)
    ]


def _patients(per_class: Mapping[str, int], settings: AtlasSettings, least: int) -> dict[str, int]:
    """Patients of each class: as asked for, else by the mean, else as many as Table 1's."""
    known = {code: PATIENTS[code] for code in per_class}
    wanted = round(settings.images * sum(PATIENTS.values()) / sum(IMAGES.values()))
    of_table = apportion(known, max(least * len(known), wanted), least)
    found = {}
    for code, number in per_class.items():
        mean = settings.images_a_patient
        usual = max(least, round(number / mean)) if mean else of_table[code]
        most = number // settings.fewest_images.get(code, 1)
        found[code] = max(1, min(settings.patients.get(code, usual), most))
    return found


def _overlap(
    shots: list[Shot], places: Sequence[int], others: Mapping[str, float], rng: Generator
) -> None:
    """Give each patient among those shots another class, as often as its largest share is high.

    The patients' mean shares lie evenly between none and the largest; the images of a patient
    differ a little.
    """
    numbers = rng.permutation(list(dict.fromkeys(shots[place].patient.number for place in places)))
    counts = apportion(others, len(numbers)) if any(others.values()) else {}
    means: dict[int, tuple[str, float]] = {}
    for code, count in counts.items():
        chosen = numbers[len(means) : len(means) + count]
        grades = (np.arange(count) + rng.random(count)) / max(count, 1)
        means |= {int(number): (code, grade) for number, grade in zip(chosen, grades, strict=True)}
    for place in places:
        grade = rng.normal(0, SPREAD)
        if given := means.get(shots[place].patient.number):
            code, mean = given
            share = others[code] * float(np.clip(mean + grade, 0, 1))
            shots[place] = replace(shots[place], other=code, other_share=round(share, 3))


def _mislabel(shots: list[Shot], places: Sequence[int], noise: float, rng: Generator) -> None:
    """Give that share of the shots, rounded, the label of the class that they share signs with."""
    able = [place for place in places if shots[place].other]
    for place in rng.permutation(able)[: round(noise * len(able))]:
        shots[place] = replace(shots[place], mislabelled=True)


def _ward(
    rng: Generator, label: str, patients: int, images: int, settings: AtlasSettings
) -> list[tuple[str, int]]:
    """Split and number of images for each patient of a class."""
    ward = []
    fewest = min(settings.fewest_images.get(label, 1), images // patients)
    patients_in = apportion(settings.splits, patients, min(1, patients // len(settings.splits)))
    used = {split: settings.splits[split] for split, number in patients_in.items() if number}
    for split, spare in apportion(used, images - fewest * patients).items():
        count = patients_in[split]
        extra = rng.multinomial(spare, rng.dirichlet(np.full(count, 2.0)))
        ward += [(split, fewest + int(more)) for more in extra]
    return ward


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
