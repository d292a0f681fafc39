"""Remedies that the test images were looked at with, each beside the unchanged network."""

from collections.abc import Iterator, Mapping

import pandas as pd

from dermxai.core.errors import InputError
from dermxai.core.formatting import count
from dermxai.core.values import shown as value_shown
from dermxai.remedies.images import TEST
from dermxai.remedies.looks import Look, looks
from dermxai.remedies.outcome import outcome
from dermxai.remedies.stack import Stack, fit_stack
from dermxai.report import remedies as said
from dermxai.report.document.content import Block, Section, Table, Text
from dermxai.report.document.material import Material
from dermxai.report.document.words import difference, estimate

_MOST = 6
_LONGEST = 60  # characters of a setting: a list of images is none


def remedies(material: Material) -> Section:
    """The stacks, in the order of the looks, the newest measured again."""
    title = "Remedies tried"
    try:
        known = looks(material.run.root)
    except InputError as error:
        return Section("remedies", title, (Text(str(error)),))
    if not known:
        told = (
            "The test images of this run were not looked at with any remedy. Remedies that were "
            "only measured on validation images are not counted."
        )
        return Section("remedies", title, (Text(told),))
    told = (
        f"The test images were looked at with {count(len(known), 'stack')} of remedies: who takes "
        "the best of several has fitted it to them. Fitted on training and validation patients "
        f"alone. {material.as_it_has_them}"
    ).strip()
    blocks: list[Block] = [Text(told), _listed(material, known)]
    for number, look in list(enumerate(known, 1))[-_MOST:]:
        material.report("remedies", number, len(known))
        blocks += list(_measured(material, number, look))
    if len(known) > _MOST:
        blocks.append(Text(f"Measured are the newest {_MOST}.", "note"))
    return Section("remedies", title, tuple(blocks), frozenset({"remedies"}))


def _listed(material: Material, known: list[Look]) -> Table:
    rows = [
        {
            "Stack": str(number),
            "Looked at": look["at"][:10],
            "Remedies": "; ".join(map(_step, look["remedies"])) or "none",
        }
        for number, look in enumerate(known, 1)
    ]
    shown = pd.DataFrame(rows)
    numbers = material.with_origin(shown.assign(digest=[look["stack"] for look in known]))
    return Table("remedies", "Stacks that the test images were looked at with", shown, numbers, "")


def _step(told: object) -> str:
    """A remedy with its settings; of images how many, since their names may name patients."""
    if not isinstance(told, Mapping):
        return value_shown(told)
    settings = told.get("settings")
    parts = []
    for name, value in settings.items() if isinstance(settings, Mapping) else ():
        many = isinstance(value, list | tuple | Mapping)
        if isinstance(value, str) and len(value) > _LONGEST:
            parts.append(f"{name} ({len(value):,} characters)")
        else:
            parts.append(f"{name} ({count(len(value), 'value')})" if many else f"{name} {value}")
    name = str(told.get("remedy", "")).replace("_", " ")
    return f"{name} [{', '.join(parts)}]" if parts else name


def _measured(material: Material, number: int, look: Look) -> Iterator[Block]:
    """A stack's measures on the test images, which were looked at with it before."""
    try:
        stack = Stack.of(look["remedies"])
        if stack.digest != look["stack"]:
            raise InputError("A remedy of it gives another result in this version.")
        found = outcome(fit_stack(material.run, stack), TEST)
    except InputError as error:
        yield Text(f"Stack {number} is not measured here: {error}")
        return
    rows = said.headlines(found)
    before, after = said.rules(found)
    level = f"{100 * found.paired.level:.0f} % CI"
    names = [measure for _, measure in said.HEADLINES]
    shown = pd.DataFrame(
        [
            {
                "Measure": row["name"],
                "Before": estimate(name, row["before"], float("nan"), float("nan")),
                "After": estimate(name, row["after"], float("nan"), float("nan")),
                f"Difference ({level})": difference(
                    name, row["difference"], row["low"], row["high"]
                ),
            }
            for name, row in zip(names, rows.to_dict("records"), strict=True)
        ]
    )
    changed = found.changed["change"].value_counts()
    told = ", ".join(f"{n:,} {kind}" for kind, n in changed.items()) or "none"
    note = (
        f"Before: {before}; after: {after}. Images whose prediction changes: {told}. Differences "
        f"are paired, over {found.before.clusters}. {' '.join(found.notes)}"
    )
    title = f"Stack {number} on {count(found.before.counts.evaluated, 'test image')}"
    table = found.paired.table
    yield Table(f"remedies-{number}", title, shown, material.with_basis(table), note)
