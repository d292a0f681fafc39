"""Every remedy that is discovered keeps the contract of `dermxai.remedies`."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dermxai.core.errors import InputError
from dermxai.core.settings import described
from dermxai.remedies.contract import bench_of, made_up, remedy_faults
from dermxai.remedies.outputs import Scaled
from dermxai.remedies.remedy import REMEDIES, Fitted
from tests.test_extending import blocks

CHOSEN = {
    "merge_classes": {"classes": "MN+BCC"},
    "relabel": {"images": "image 0,image 2", "label": "BCC"},
    "image_weights": {"column": "sex"},
    "retrain_heads": {"method": "logistic", "images": "both"},
    "logit_offset": {"by": "prior"},
}


def test_all_are_used() -> None:
    assert REMEDIES.left_out() == ()
    assert {"logit_offset", "retrain_heads", "operating_point"} <= set(REMEDIES.all())


@pytest.mark.parametrize("name", REMEDIES.all())
def test_keeps_the_contract_that_authors_can_check(name: str) -> None:
    remedy = REMEDIES.find(name)
    assert list(remedy_faults(remedy)) == []
    assert list(remedy_faults(remedy, remedy.settings(**CHOSEN.get(name, {})))) == []


@pytest.mark.parametrize("name", REMEDIES.all())
def test_settings_outside_their_bounds_are_refused(name: str) -> None:
    kind = REMEDIES.find(name).settings
    for setting in described(kind):
        bounded = setting.low is not None and setting.high is not None
        wrong = [np.nan, [], None] + ([setting.low - 1, setting.high + 1] if bounded else [])
        for value in wrong:
            with pytest.raises(InputError, match=setting.name):
                kind(**{setting.name: value})


def _faulty(**methods: object) -> list[str]:
    offset = REMEDIES.find("logit_offset")
    made = type("Faulty", (type(offset),), methods)
    return list(remedy_faults(made(**{**vars(offset), "name": "faulty"})))


def test_what_breaks_the_contract_is_found() -> None:
    def looks(self, bench, settings):
        test = (bench.run.samples["split"] == "test").to_numpy()
        mean = np.nan_to_num(np.asarray(bench.run.logits)[test].mean())
        return Fitted(Scaled(np.ones(2), np.array([mean, 0, 0])))

    def writes(self, bench, settings):
        bench.training.outputs.parts[:] = 0
        return Fitted()

    def draws(self, bench, settings):
        return Fitted(Scaled(np.random.rand(2), np.zeros(3)))  # noqa: NPY002

    def breaks(self, bench, settings):
        return Fitted(Scaled(np.ones(2), np.full(3, 1 / len(bench.validation))))

    class Other(Scaled):
        def applied(self, outputs):
            made = super().applied(outputs)
            return replace(made, parts=made.parts - made.parts.mean(axis=0))

        def in_weights(self, heads):
            return tuple(heads)

    def others(self, bench, settings):
        return Fitted(Other(np.ones(2), np.ones(3)))

    assert "depends on test images" in str(_faulty(fitted=looks))
    assert "changes the images" in str(_faulty(fitted=writes))
    assert "gives two results" in str(_faulty(fitted=draws))
    assert "ZeroDivisionError" in str(_faulty(fitted=breaks))
    found = str(_faulty(fitted=others))
    assert "depends on others" in found and "other logits" in found


def test_made_up_heads_are_those_of_the_run() -> None:
    run, heads = made_up()
    training = bench_of(run).training
    assert training.outputs.parts.shape == (20, 2, 3)
    first = training.outputs.pooled.read()[:, :3] @ heads[0][0].T + heads[0][1]
    np.testing.assert_allclose(training.outputs.parts[:, 0], first, atol=1e-5)


def test_the_documented_one_keeps_the_contract() -> None:
    (code,) = blocks("A remedy")
    space: dict[str, Any] = {}
    exec(code, space)
    assert list(remedy_faults(space["DOUBT"])) == []
