"""Tables 1 to 5 of Zhu et al. 2021, as they are printed (doi:10.3389/fmed.2021.626369)."""

from collections.abc import Mapping
from typing import NamedTuple

SOURCE = (
    "Zhu C-Y, Wang Y-K, Chen H-P, et al. A Deep Learning Based Framework for Diagnosing Multiple "
    "Skin Diseases in a Clinical Environment. Front. Med. 2021; 8:626369. "
    "doi:10.3389/fmed.2021.626369"
)


class Counted(NamedTuple):
    """A row of Table 1: numbers and their printed percentages."""

    images: int
    images_percent: float
    patients: int
    patients_percent: float


IMAGES, PATIENTS = 13_603, 2_538
FEMALE, FEMALE_PERCENT = 1_532, 60.36
TABLE_1: Mapping[str, Counted] = {
    "LP": Counted(804, 5.91, 126, 4.96),
    "Rosa": Counted(597, 4.39, 80, 3.15),
    "VW": Counted(1_110, 8.16, 298, 11.74),
    "AV": Counted(2_023, 14.87, 277, 10.91),
    "KAHS": Counted(438, 3.22, 96, 3.78),
    "EAD": Counted(2_440, 17.94, 419, 16.51),
    "DF": Counted(343, 2.52, 116, 4.57),
    "SD": Counted(767, 5.64, 124, 4.89),
    "SK": Counted(553, 4.07, 143, 5.63),
    "MN": Counted(1_214, 8.92, 345, 13.59),
    "Hem": Counted(200, 14.70, 61, 2.40),
    "Pso": Counted(1_707, 12.55, 234, 9.22),
    "PWS": Counted(920, 6.76, 112, 4.41),
    "BCC": Counted(487, 3.58, 107, 4.22),
}
"""Development set."""
TEST_CASES, TEST_OF_CLASS = 200, 25
TEST_FEMALE, TEST_FEMALE_PERCENT = 123, 61.50
DERMATOLOGISTS = 280


class Measured(NamedTuple):
    """Accuracy, sensitivity and specificity, shares."""

    accuracy: float
    sensitivity: float
    specificity: float


OVERALL = Measured(0.948, 0.934, 0.950)
"""Table 2, its first row."""
TABLE_2: Mapping[str, Measured] = {
    "LP": Measured(0.969, 0.873, 0.975),
    "Rosa": Measured(0.959, 0.920, 0.961),
    "VW": Measured(0.932, 0.944, 0.930),
    "AV": Measured(0.935, 0.974, 0.927),
    "KAHS": Measured(0.969, 0.934, 0.970),
    "EAD": Measured(0.877, 0.924, 0.866),
    "DF": Measured(0.987, 1.000, 0.987),
    "SD": Measured(0.926, 0.811, 0.933),
    "SK": Measured(0.953, 0.858, 0.957),
    "MN": Measured(0.960, 0.961, 0.960),
    "Hem": Measured(0.984, 0.975, 0.984),
    "Pso": Measured(0.886, 0.920, 0.882),
    "PWS": Measured(0.963, 0.989, 0.961),
    "BCC": Measured(0.979, 0.971, 0.979),
}
OURS, ORIGINAL, RESNET, INCEPTION = (
    "Our model",
    "Original EfficientNet",
    "ResNet-101",
    "Inception-v3",
)
TABLE_3: Mapping[str, Measured] = {
    OURS: Measured(0.948, 0.934, 0.950),
    ORIGINAL: Measured(0.875, 0.882, 0.875),
    RESNET: Measured(0.934, 0.919, 0.935),
    INCEPTION: Measured(0.895, 0.890, 0.895),
}
AUCS: Mapping[str, float] = {OURS: 0.985, ORIGINAL: 0.948, RESNET: 0.976, INCEPTION: 0.953}
"""Of the text, Figure 7."""
DISCUSSED = Measured(0.948, 0.9338, 0.9485)
"""What the discussion says of Table 2's means, two more digits of the last two."""


class Percent(NamedTuple):
    """A column of Table 4, percent."""

    sensitivity: float
    specificity: float
    accuracy: float


CLASSES = ("Rosa", "VW", "EAD", "SD", "SK", "MN", "Pso", "BCC")
"""Of the reader study, in its order."""
TABLE_4_READERS: Mapping[str, Percent] = {
    "Rosa": Percent(79.70, 96.39, 94.31),
    "VW": Percent(62.04, 98.48, 93.93),
    "EAD": Percent(74.96, 92.42, 90.24),
    "SD": Percent(46.53, 93.70, 87.81),
    "SK": Percent(59.43, 94.28, 89.92),
    "MN": Percent(77.23, 94.68, 92.50),
    "Pso": Percent(67.66, 97.32, 93.61),
    "BCC": Percent(80.54, 96.73, 94.71),
}
TABLE_4_MODEL: Mapping[str, Percent] = {
    "Rosa": Percent(92.00, 92.57, 92.50),
    "VW": Percent(92.00, 95.43, 95.00),
    "EAD": Percent(84.00, 88.57, 88.00),
    "SD": Percent(48.00, 91.43, 86.00),
    "SK": Percent(76.00, 96.00, 93.50),
    "MN": Percent(96.00, 94.86, 95.00),
    "Pso": Percent(92.00, 94.29, 94.00),
    "BCC": Percent(88.00, 99.43, 98.00),
}
MEANS_READERS, MEANS_MODEL = Percent(68.51, 95.50, 92.13), Percent(83.50, 94.07, 92.75)
"""Of Table 4, in the text."""
HIGHER: Mapping[str, tuple[str, ...]] = {
    "sensitivity": CLASSES,
    "accuracy": ("VW", "SK", "MN", "Pso", "BCC"),
    "specificity": ("SK", "MN", "BCC"),
}
"""Classes in which, the discussion says, the model's measure is higher."""


class Agreement(NamedTuple):
    """A cell of Table 5: kappa, its interval, and a p-value against the dermatologists'."""

    kappa: float
    low: float
    high: float
    p: float | None = None


READERS = "Dermatologists"
TABLE_5: Mapping[str, Mapping[str, Agreement]] = {
    READERS: {
        "Rosa": Agreement(0.683, 0.609, 0.757),
        "VW": Agreement(0.533, 0.445, 0.621),
        "EAD": Agreement(0.757, 0.694, 0.820),
        "SD": Agreement(0.607, 0.526, 0.689),
        "SK": Agreement(0.410, 0.311, 0.509),
        "MN": Agreement(0.683, 0.609, 0.758),
        "Pso": Agreement(0.675, 0.600, 0.749),
        "BCC": Agreement(0.738, 0.671, 0.805),
    },
    OURS: {
        "Rosa": Agreement(0.712, 0.640, 0.783, 0.080),
        "VW": Agreement(0.793, 0.731, 0.854, 0.057),
        "EAD": Agreement(0.570, 0.484, 0.655, 0.104),
        "SD": Agreement(0.381, 0.280, 0.483, 0.379),
        "SK": Agreement(0.708, 0.635, 0.780, 0.249),
        "MN": Agreement(0.799, 0.738, 0.860, 0.224),
        "Pso": Agreement(0.759, 0.693, 0.825, 0.043),
        "BCC": Agreement(0.905, 0.863, 0.948, 0.220),
    },
    ORIGINAL: {
        "Rosa": Agreement(0.304, 0.194, 0.414, 0.010),
        "VW": Agreement(0.759, 0.693, 0.825, 0.017),
        "EAD": Agreement(0.507, 0.416, 0.598, 0.310),
        "SD": Agreement(0.337, 0.233, 0.440, 0.137),
        "SK": Agreement(0.576, 0.489, 0.663, 0.239),
        "MN": Agreement(0.786, 0.723, 0.849, 0.263),
        "Pso": Agreement(0.744, 0.676, 0.813, 0.357),
        "BCC": Agreement(0.875, 0.826, 0.924, 0.204),
    },
    RESNET: {
        "Rosa": Agreement(0.646, 0.567, 0.726, 0.358),
        "VW": Agreement(0.684, 0.609, 0.759, 0.065),
        "EAD": Agreement(0.558, 0.471, 0.645, 0.313),
        "SD": Agreement(0.352, 0.247, 0.457, 0.198),
        "SK": Agreement(0.576, 0.489, 0.663, 0.237),
        "MN": Agreement(0.759, 0.693, 0.825, 0.234),
        "Pso": Agreement(0.621, 0.539, 0.703, 0.387),
        "BCC": Agreement(0.725, 0.654, 0.796, 0.235),
    },
    INCEPTION: {
        "Rosa": Agreement(0.691, 0.616, 0.765, 0.349),
        "VW": Agreement(0.761, 0.695, 0.827, 0.095),
        "EAD": Agreement(0.585, 0.500, 0.670, 0.347),
        "SD": Agreement(0.380, 0.277, 0.484, 0.227),
        "SK": Agreement(0.682, 0.606, 0.758, 0.350),
        "MN": Agreement(0.719, 0.648, 0.790, 0.237),
        "Pso": Agreement(0.701, 0.627, 0.774, 0.194),
        "BCC": Agreement(0.853, 0.800, 0.905, 0.229),
    },
}
SAID_OF_PSORIASIS = (0.795, 0.675)
"""Kappa of the model and of dermatologists in psoriasis, in the text of the results."""
SAID_SIGNIFICANT = ("Rosa", "VW", "SK", "MN", "Pso", "BCC")
"""Classes in which, the text says, the model's better consistency is statistically significant."""
