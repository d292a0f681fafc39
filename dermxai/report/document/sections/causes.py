"""Why the most confused pairs of classes are confused: their cause cards."""

from collections.abc import Iterator
from dataclasses import asdict

import pandas as pd

from dermxai.confusion.card import make_card, open_card
from dermxai.confusion.finding import CauseCard
from dermxai.core.errors import InputError
from dermxai.report import causes as said
from dermxai.report import tables
from dermxai.report.confusion_analysis import confusion_analysis
from dermxai.report.document.content import Block, Section, Table, Text
from dermxai.report.document.material import Material


def causes(material: Material) -> Section:
    """Of each pair how often each way, and its card, which is made where the run has none."""
    title = "Why classes are confused"
    pairs = material.pairs
    if not pairs:
        why = "none was asked for" if not material.options.pairs else "no two are confused here"
        return Section("causes", title, (Text(f"No two classes are looked into: {why}."),))
    blocks: list[Block] = [
        Text(
            "Possible causes are tested one by one; errors are those of the decision between the "
            "two alone. Nothing is fitted on images that are asked about. A cause is named where "
            "p, corrected for the number of causes asked (Holm), is at most 5 %; several pairs are "
            "not corrected for.",
            "note",
        )
    ]
    blocks += [Text(told, "note") for told in (material.as_it_has_them,) if told]
    made = False
    for done, (first, second) in enumerate(pairs):
        material.report("causes", done, len(pairs))
        analysis = confusion_analysis(
            material.run, material.apart, first, second, split=material.split
        )
        ways = tables.ways(analysis)
        blocks.append(
            Table(
                f"pair-{done + 1}",
                f"Pair {done + 1}: {first} and {second}",
                ways,
                material.with_basis(analysis.pair.ways),
                "",
            )
        )
        card = _card(material, first, second)
        if isinstance(card, str):
            blocks.append(Text(f"No causes of {first} and {second} could be asked: {card}"))
            continue
        made = True
        blocks += list(_told(material, card, done + 1))
    answers = frozenset({"failures", "causes"}) if made else frozenset({"failures"})
    return Section("causes", title, tuple(blocks), answers)


def _card(material: Material, first: str, second: str) -> CauseCard | str:
    """The card, or why there is none."""
    run, split = material.run, material.split

    def report(phase: str, done: int, total: int) -> None:
        del phase
        material.report("causes", done, total)

    try:
        kept = open_card(run, first, second, split)
        return kept or make_card(run, first, second, split, progress=report)
    except InputError as error:
        return str(error)
    except OSError as error:
        return f"it could not be kept with the run ({error.strerror})."


def _told(material: Material, card: CauseCard, number: int) -> Iterator[Block]:
    numbers = pd.DataFrame(
        [
            {
                "cause": str(each.cause),
                "named": each.named,
                "skipped": "" if each.skipped is None else str(each.skipped),
                **{name: asdict(each)[name] for name in ("effect", "low", "high", "p", "adjusted")},
                "of": said.EFFECTS[each.cause],
            }
            for each in card.findings
        ]
    )
    title = f"Causes of pair {number}: {card.first} and {card.second}"
    yield Table(f"causes-{number}", title, said.table(card), material.with_basis(numbers), "")
    yield from (Text(sentence) for sentence in said.conclusion(card))
