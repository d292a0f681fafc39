"""``dermxai plugins``."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from dermxai.cli import console
from dermxai.cli.options import Json
from dermxai.core.components import FOREIGN, LeftOut, foreign_allowed
from dermxai.core.errors import InputError

OWN = "dermxai"
Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="NAME", help="With --check: those to try; all of other packages."),
]
Check = Annotated[
    bool, typer.Option("--check", help="Try them by their kind's contract; exit with 1 at faults.")
]


@dataclass(frozen=True)
class Checked:
    """What its contract says of a plug-in.

    Attributes:
        origin: the installed package that it is from; "" where it is left out.
        faults: sentences.
    """

    kind: str
    name: str
    origin: str
    faults: tuple[str, ...]


def plugins(names: Names = None, check: Check = False, json: Json = False) -> None:
    """List what was discovered of each kind of plug-in, and what is left out and why; or check
    plug-ins by the contract of their kind.

    The bodies of pages are imported, each in another process.
    """
    if check:
        _check(names or [], json)
        return
    if names:
        raise InputError(f"What is {names[0]!r} for? Names of plug-ins go with --check.")
    found = dict(_listed())
    if json:
        console.show_json(found)
        return
    for kind, listed in found.items():
        shown = [
            each["name"] + (f" (from {each['from']})" if each["from"] != OWN else "")
            for each in listed["used"]
        ]
        print(f"{kind}: {', '.join(shown) or 'none'}")
        for each in listed["left_out"]:
            console.say(f"{kind} {each['name']} is left out. {each['reason']}")


def _check(names: list[str], json: bool) -> None:
    with redirect_stdout(sys.stderr):  # what plug-ins print
        checked = list(_checked(names))
    if json:
        console.show_json([asdict(each) for each in checked])
    elif not checked:
        off = "" if foreign_allowed() else f" {FOREIGN} leaves them out."
        print(f"No other package offers a plug-in.{off}")
    else:
        for each in checked:
            for fault in each.faults:
                print(f"{each.kind} {each.name}: {fault}")
            if not each.faults:
                print(f"{each.kind} {each.name} keeps its contract.")
    if any(each.faults for each in checked):
        raise typer.Exit(1)


def _checked(names: list[str]) -> Iterator[Checked]:
    """Those of these names; without one all of other packages, and what is left out.

    Raises:
        InputError: there is none of a name.
    """
    from dermxai.kinds import contract_faults, kinds
    from dermxai.pages import PAGES, pages

    usable, odd = pages()
    asked = []
    known: set[str] = set()
    for kind in kinds():
        is_page = kind is PAGES
        used = {each.name: each for each in usable} if is_page else kind.all()
        origins = kind.origins()
        for name, made in used.items():
            origin = origins.get(name, OWN)
            known.add(name)
            if name in names or (not names and origin != OWN):
                asked.append((kind, origin, made))
        for each in odd if is_page else kind.left_out():
            known |= (called := {each.name, each.name.partition(" of ")[0]})
            if not names or called & set(names):
                yield Checked(kind.title, each.name, "", (f"It is left out. {each.reason}",))
    if unknown := [name for name in names if name not in known]:
        raise InputError(f"There is no plug-in {unknown[0]!r}; dermxai plugins lists all.")
    for kind, origin, made in asked:
        yield Checked(kind.title, made.name, origin, tuple(contract_faults(kind, made)))


def _listed() -> Iterator[tuple[str, dict[str, list[dict[str, str]]]]]:
    """By kind, what is used of it, from which installed package, and what is left out."""
    from dermxai.kinds import kinds
    from dermxai.pages import PAGES, pages
    from dermxai.pages._trial import failures

    for kind in kinds():
        if kind is not PAGES:
            yield kind.title, _shown(kind.origins(), kind.left_out())
    usable, odd = pages()
    failed = failures(usable)
    fails = {each.name for each in failed}
    foreign, origins = PAGES.all(), PAGES.origins()
    used = {
        page.name: origins[page.name] if foreign.get(page.name) is page else OWN
        for page in usable
        if page.name not in fails
    }
    yield PAGES.title, _shown(used, [*odd, *failed])


def _shown(used: Mapping[str, str], left_out: Iterable[LeftOut]) -> dict[str, list[dict[str, str]]]:
    return {
        "used": [{"name": name, "from": package} for name, package in used.items()],
        "left_out": [{"name": each.name, "reason": each.reason} for each in left_out],
    }
