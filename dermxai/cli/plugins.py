"""``dermxai plugins``."""

from collections.abc import Iterable, Iterator, Mapping

from dermxai.cli import console
from dermxai.cli.options import Json
from dermxai.core.components import LeftOut

OWN = "dermxai"


def plugins(json: Json = False) -> None:
    """List what was discovered of each kind of plug-in, and what is left out and why.

    The bodies of pages are imported, each in another process.
    """
    found = dict(_listed())
    if json:
        console.show_json(found)
        return
    for kind, listed in found.items():
        names = [
            each["name"] + (f" (from {each['from']})" if each["from"] != OWN else "")
            for each in listed["used"]
        ]
        print(f"{kind}: {', '.join(names) or 'none'}")
        for each in listed["left_out"]:
            console.say(f"{kind} {each['name']} is left out. {each['reason']}")


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
    used = {
        page.name: PAGES.origins().get(page.name, OWN) for page in usable if page.name not in fails
    }
    yield PAGES.title, _shown(used, [*odd, *failed])


def _shown(used: Mapping[str, str], left_out: Iterable[LeftOut]) -> dict[str, list[dict[str, str]]]:
    return {
        "used": [{"name": name, "from": package} for name, package in used.items()],
        "left_out": [{"name": each.name, "reason": each.reason} for each in left_out],
    }
