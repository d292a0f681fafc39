"""One word for each thing: words that were given up for the field's do not come back."""

import re
from pathlib import Path

import pytest

from dermxai.core.paths import PROJECT

RETIRED = {
    r"(?<!import )\bread as\b(?! a whole| TOML| shares| what)": "predicted as",
    r"\bread (right|class|otherwise)\b": "predicted correctly, predicted class",
    r"\bas read\b(?! from| by)": "as predicted",
    r"\bread_as\b": "prediction",
    r"\b(the|a|its|right|correct) readings?\b": "prediction",
    r"\bbelie(f|fs|ve|ves)\b": "faithfulness; probability",
    r"\bfragil": "robustness",
    r"\bfirm(ly|er|est)?\b": "margin",
    r"\bwhat would flip\b|\bfind_flip\b|\bflip_path\b": "counterfactual",
    r"\bconfusing neighbours\b": "nearest neighbours",
    r"\bpair of classes\b(?!,)|\blabels to look at again\b": "confusion analysis, label errors",
    r"\bgather(ing|ed|s)?\b": "clustering",
    r"\bledgers?\b": "additive decomposition",
    r"\bwhose vote\b": "head",
    r"\beach against the rest\b|\bone[- ]against[- ]rest\b": "one-vs-rest",
    r"\bjudg(e|es|ed|ing)\b": "evaluate",
    r"\bnever saw the image\b": "control map",
    r"\bnetwork (that )?forgets\b": "cascading parameter randomisation",
    r"\bby looking\b": "discovered automatically",
    r"\bfor eyes\b|\bdermxai\.numbers\b": "number formatting",
    r"\bcomplete the moment\b": "atomic",
    r"\blast whole epoch\b": "last completed epoch",
    r"\b(?:Keeping|Telling)\b|(?<!_)\bclass Reached\b|[`:] ?Reached\b": "names of classes",
}
"""By pattern, in any case of letters but for names of classes: what is said instead."""

KEPT = {
    "dermxai/ui/app/redirects.py": r"fragil|belie",  # earlier addresses
    "dermxai/ui/pages/robustness/robustness.py": r"fragil",  # a kind of work in costs that are kept
    "dermxai/explain/robustness/evaluate.py": r"fragil",
    "dermxai/explain/faithfulness/results.py": r"read_as",  # a column of kept tables
    "dermxai/explain/faithfulness/scores.py": r"read_as",
    "dermxai/report/faithfulness.py": r"read_as",
    "dermxai/explain/faithfulness/evaluation.py": r"judging",  # a kind of work in kept costs
    "dermxai/ui/app/jobs_panel.py": r"judging",  # a phase in the progress of kept jobs
    "dermxai/training/loop/checkpoint_writer.py": r"Keeping",  # in states of trainings
    "dermxai/data/atlas/diseases/kahs.py": r"firm",  # of a plaque
}
"""Words that what is kept in workspaces holds, or that mean something else."""


def written() -> list[Path]:
    """What a visitor or a reader of the source reads."""
    return [
        *(PROJECT / "dermxai").rglob("*.py"),
        *(PROJECT / "dermxai").rglob("*.html"),
        *(PROJECT / "pages").rglob("*.py"),
        *(PROJECT / "docs").glob("*.md"),
        *(PROJECT / "docs").glob("*.py"),
        *(PROJECT / "checkpoints").rglob("README.md"),
        PROJECT / "README.md",
        PROJECT / "CONTRIBUTING.md",
    ]


def found(pattern: str, text: str) -> list[str]:
    any_case = 0 if "Keeping" in pattern else re.IGNORECASE
    return [match.group() for match in re.finditer(pattern, text, any_case)]


@pytest.mark.parametrize("pattern", RETIRED, ids=list(RETIRED.values()))
def test_a_word_that_was_given_up_is_not_used(pattern: str) -> None:
    files = written()
    assert len(files) > 300
    said = {}
    for file in files:
        name = file.relative_to(PROJECT).as_posix()
        words = found(pattern, " ".join(file.read_text(encoding="utf-8").split()))
        kept = KEPT.get(name)
        if words := [word for word in words if not (kept and re.search(kept, word, re.I))]:
            said[name] = words
    assert not said, f"say {RETIRED[pattern]}"


@pytest.mark.parametrize(
    "sentence",
    [
        "The image is read as SD.",
        "Whether to believe a map",
        "Firm: all changes hold",
        "the vote ledger",
        "Judge maps",
        "It is found by looking.",
        "Whose vote",
        "class Keeping",
    ],
)
def test_the_words_are_known(sentence: str) -> None:
    assert any(found(pattern, sentence) for pattern in RETIRED)
