from collections.abc import Callable

import pytest

from dermxai.data.atlas.cohort import Patient, Shot


@pytest.fixture(scope="session")
def shot() -> Callable[..., Shot]:
    """A photograph of a patient who differs in the label alone."""

    def make(
        label: str, image: int = 1, other: str = "", other_share: float = 0.0, number: int = 3
    ) -> Shot:
        patient = Patient(number, label, "train", 40, "female", "trunk", "III")
        return Shot(patient, 1, image, other, other_share)

    return make
