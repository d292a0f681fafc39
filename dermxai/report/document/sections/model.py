"""The model card: what made the predictions, how it was trained, and what its folder says of it."""

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath

from dermxai.core import entries
from dermxai.core.entries import UnusableError
from dermxai.core.escaping import one_line
from dermxai.core.formatting import count
from dermxai.models.files import CheckpointFiles
from dermxai.models.info import ModelInfo
from dermxai.report.document.content import Block, Facts, Section, Text
from dermxai.report.document.material import Material

_MOST_SETTINGS = 80
_LONGEST = 300  # characters of a setting
_MOST_OF_CARD = 6_000  # characters
_MOST_BYTES = 1_000_000


def model(material: Material) -> Section:
    """The model's card."""
    run = material.run
    facts = [
        ("Name", str(run.made_by["name"])),
        ("Hash", str(run.made_by["hash"])),
        ("Classes", f"{len(run.classes)}: {', '.join(run.classes)}"),
        ("Output", _output(run.activation)),
    ]
    title = "Model"
    if run.imported:
        told = (
            "The predictions were imported from a file, without a network: how it was built and "
            "trained is left to the author."
        )
        return Section("model", title, (Text(told), Facts(tuple(facts))))
    info = run.info
    if info is None:
        told = (
            "The checkpoint is no longer where it made this run, so that its settings and training "
            "are not told here."
        )
        return Section("model", title, (Text(told), Facts(tuple(facts))))
    facts += list(_network(info))
    blocks: list[Block] = [Facts(tuple(facts))]
    answers = {"model", "preprocessing"}
    if info.data:
        answers.add("training data")
        blocks += [Text("Training data, as the checkpoint tells them.", "note")]
        blocks.append(Facts(tuple(_flat(info.data))))
    if info.recipe:
        answers.add("training")
        blocks += [Text("Training, as the checkpoint tells it.", "note")]
        blocks.append(Facts(tuple(_flat(info.recipe))))
    else:
        blocks.append(Text("The checkpoint does not tell how it was trained."))
    if info.origin:
        blocks += [Text("How this came to be known of weights of another program.", "note")]
        blocks.append(Facts(tuple(_flat(info.origin))))
    if card := _card(run.checkpoint["path"]):
        blocks += [Text("The model card in its folder.", "note"), Text(card, "verbatim")]
    return Section("model", title, tuple(blocks), frozenset(answers))


def _output(activation: str) -> str:
    if activation == "sigmoid":
        return "a probability of each class by itself (sigmoid)"
    return "a probability of each class, 1 in all (softmax)"


def _network(info: ModelInfo) -> Iterator[tuple[str, str]]:
    yield "Architecture", info.architecture
    heads = ", ".join(f"{head.name} ({head.channels:,})" for head in info.heads)
    summed = "; their logits are summed" if info.auxiliary else ""
    yield "Heads (inputs)", f"{count(len(info.heads), 'head')}: {heads}{summed}"
    asked = info.preprocessing
    yield "Input", f"{asked.size} × {asked.size} pixels, RGB"
    yield "Colour constancy", asked.colour_constancy.replace("_", " ")
    yield (
        "Normalisation",
        f"mean {', '.join(map(str, asked.mean))}; standard deviation "
        f"{', '.join(map(str, asked.std))}",
    )


def _flat(told: Mapping[str, object], before: str = "") -> Iterator[tuple[str, str]]:
    """Names and values of settings, those within settings, too; of a path its last part."""
    rows = list(_all(told, before))
    yield from rows[:_MOST_SETTINGS]
    if len(rows) > _MOST_SETTINGS:
        yield "Not shown", count(len(rows) - _MOST_SETTINGS, "further setting")


def _all(told: Mapping[str, object], before: str) -> Iterator[tuple[str, str]]:
    for name, value in told.items():
        title = f"{before}{name}".replace("_", " ")
        if isinstance(value, Mapping):
            counts = [each for each in value.values() if not isinstance(each, Mapping | list)]
            if len(counts) == len(value) and "by_class" in str(name):
                yield title, _shown(", ".join(f"{key} {n}" for key, n in value.items()))
            else:
                yield from _all(value, f"{title}: ")
        else:
            yield title, _shown(value)


def _shown(value: object) -> str:
    """A value on a line; of an absolute path the last part, since others may name people."""
    text = one_line(value)
    if text.startswith(("/", "~/")):
        text = PurePath(text).name
    return (text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…") or "–"


def _card(folder: str) -> str:
    """The text of a checkpoint's own card; empty where there is none."""
    try:
        text = entries.read_text(CheckpointFiles(Path(folder)).card, _MOST_BYTES)
    except UnusableError:
        return ""
    text = "\n".join(one_line(line) if line.strip() else "" for line in text.splitlines())
    return text if len(text) <= _MOST_OF_CARD else f"{text[:_MOST_OF_CARD].rstrip()}\n…"
