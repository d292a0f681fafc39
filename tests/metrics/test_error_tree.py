"""The tree finds what errors have in common; its rates are of patients who have not grown it."""

import numpy as np
import pandas as pd
import pytest

from dermxai.core.errors import InputError
from dermxai.metrics import intervals
from dermxai.metrics.error_tree import Node, error_tree
from tests.verification import verified

N, PATIENTS = 1500, 500
RNG = np.random.default_rng(0)
PATIENT = RNG.integers(PATIENTS, size=N)
TABLE = pd.DataFrame(
    {
        "sex": RNG.choice(["female", "male"], PATIENTS)[PATIENT],
        "site": RNG.choice(["face", "scalp", "trunk"], N),
        "age": RNG.normal(50, 15, PATIENTS)[PATIENT],
    }
)
OLD = (TABLE["age"] > 60).to_numpy()
PLANTED = OLD & (TABLE["sex"] == "female").to_numpy()
NOTHING = RNG.random(N) < 0.15
WRONG = NOTHING | (PLANTED & (RNG.random(N) < 0.7))


def columns(nodes: tuple[Node, ...]) -> set[str]:
    return {node.condition.column for node in nodes if node.condition}


def test_what_was_planted_is_asked_about_and_the_worst_leaf_is_it() -> None:
    made = error_tree(WRONG, TABLE, PATIENT)
    assert {"age", "sex"} <= columns(made.nodes)
    leaves = [number for number, node in enumerate(made.nodes) if node.leaf]
    worst = max(leaves, key=lambda number: made.nodes[number].value)
    inside = made.members[:, worst]
    assert (inside & PLANTED).sum() / (inside | PLANTED).sum() > 0.8
    (age,) = {node.condition.least for node in made.nodes if node.condition
              and node.condition.column == "age" and node.depth == 1} or {60.0}  # fmt: skip
    assert age == pytest.approx(60, abs=3)


def test_nodes_divide_their_images() -> None:
    made = error_tree(WRONG, TABLE, PATIENT)
    assert made.members[:, 0].all()
    for number, node in enumerate(made.nodes):
        below = [at for at, child in enumerate(made.nodes) if child.parent == number]
        assert node.leaf == (not below)
        if below:
            np.testing.assert_array_equal(
                made.members[:, below].sum(axis=1), made.members[:, number]
            )
        if node.condition is None:
            continue
        inside, above = made.members[:, number], made.members[:, node.parent]
        column = TABLE[node.condition.column]
        answer = (
            column == node.condition.group
            if node.condition.group
            else column.astype(np.float32) > node.condition.least
        ).to_numpy()
        np.testing.assert_array_equal(inside, above & (answer == node.holds))


def test_rates_are_of_patients_who_have_not_grown_the_tree() -> None:
    made = error_tree(WRONG, TABLE, PATIENT)
    there = ~made.growing
    assert not set(PATIENT[there]) & set(PATIENT[made.growing])
    assert 0.35 < np.unique(PATIENT[there]).size / PATIENTS < 0.45
    rates = [WRONG[side & there].mean() for side in made.members.T]
    verified(
        "Error rate of a node",
        "errors counted",
        [node.value for node in made.nodes],
        rates,
        tolerance=1e-12,
    )
    found = intervals.shares(WRONG[there, None], made.members[there][:, :1])
    ends = intervals.score_interval(found, intervals.cluster_index(PATIENT[there]), 0.95)
    assert (made.nodes[0].low, made.nodes[0].high) == (ends.low[0], ends.high[0])
    changed = np.where(there, ~WRONG, WRONG)
    again = error_tree(changed, TABLE, PATIENT)
    assert [node.condition for node in again.nodes] == [node.condition for node in made.nodes]


def test_where_errors_are_random_the_tree_is_its_root() -> None:
    roots = [
        len(error_tree(RNG.random(N) < 0.2, TABLE, PATIENT, seed=seed).nodes) == 1
        for seed in range(5)
    ]
    assert sum(roots) >= 4


def test_what_is_not_stated_goes_where_the_tree_sends_it_and_the_node_says_so() -> None:
    table = TABLE.assign(age=TABLE["age"].where(RNG.random(N) < 0.7))
    made = error_tree(WRONG, table, PATIENT)
    assert "age" in columns(made.nodes)
    told = [node for node in made.nodes if node.unknown]
    assert told and all(node.condition.column == "age" for node in told if node.condition)
    leaves = [number for number, node in enumerate(made.nodes) if node.leaf]
    assert (made.members[:, leaves].sum(axis=1) == 1).all()


@pytest.mark.parametrize(
    ("wrong", "table"),
    [
        (np.zeros(N, bool), TABLE),
        (np.ones(N, bool), TABLE),
        (WRONG, TABLE[[]]),
        (WRONG, TABLE[["age"]] * np.nan),
        (WRONG, TABLE[["age"]] * 0 + 1),
    ],
    ids=["no error", "nothing else", "no column", "nothing stated", "constant"],
)
def test_degenerate_data_have_a_root(wrong: np.ndarray, table: pd.DataFrame) -> None:
    made = error_tree(wrong, table, PATIENT)
    assert len(made.nodes) == 1 and made.nodes[0].leaf
    assert made.nodes[0].value == wrong[~made.growing].mean()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"depth": 0}, "expected 1 to 6"),
        ({"depth": 7}, "expected 1 to 6"),
        ({"units": PATIENT % 19}, "19 patients came"),
        ({"units": PATIENT[:5]}, "one of each is needed"),
    ],
    ids=str,
)
def test_what_cannot_be_asked_is_refused(options: dict[str, object], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        error_tree(WRONG, TABLE, **({"units": PATIENT} | options))  # type: ignore[arg-type]
