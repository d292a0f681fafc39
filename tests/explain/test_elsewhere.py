"""Explanations of a network that lies on another device, and nothing left behind on the processor.

No GPU is needed: see `tests.explain.elsewhere`.
"""

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from dermxai.core import paths
from dermxai.explain.attribution.api import methods
from dermxai.explain.faithfulness.measure import measures
from tests.explain.networks import random_classifier

NETWORKS = ("test_efficientnet", "resnet10t")


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.explain.elsewhere"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=paths.PROJECT, check=False)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def flat(values: Any) -> list[Any]:
    return [x for each in values for x in flat(each)] if isinstance(values, list) else [values]


def test_a_network_on_another_device_finds_the_same(found: dict[str, Any]) -> None:
    for name, (near, far) in found.items():
        expected, made = flat(near), flat(far)
        if isinstance(expected[0], str):
            assert made == expected, name
        else:  # other batches than on the processor, so the rounding differs
            scale = max(np.abs(expected).max(), 1e-6)
            np.testing.assert_allclose(made, expected, rtol=0, atol=5e-5 * scale, err_msg=name)


def test_every_method_and_measure_was_asked(found: dict[str, Any]) -> None:
    for network in NETWORKS:
        classifier = random_classifier(network, auxiliary=network == NETWORKS[0])
        valid = {name for name, each in methods().items() if each.excuse(classifier) is None}
        expected = {f"method {name}, {network}" for name in valid}
        expected |= {f"measure {name}, {network}" for name in measures()}
        assert expected <= set(found)
