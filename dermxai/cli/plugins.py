"""``dermxai plugins``."""

from dermxai.cli import console


def plugins() -> None:
    """List what was discovered of each kind of plug-in, and what is left out and why."""
    from dermxai.components import Component, Kind
    from dermxai.explain.faithfulness.measure import CONTROLS, MEASURES
    from dermxai.explain.method import METHODS
    from dermxai.plugins import left_out, modules
    from dermxai.projection.projector import METHODS as PROJECTIONS

    typed: list[Kind[Component]] = [METHODS, MEASURES, CONTROLS, PROJECTIONS]  # type: ignore[list-item]
    for each in typed:
        print(f"{each.title}: {', '.join(each.all()) or 'none'}")
        for one in each.left_out():
            console.say(f"{each.title} {one.name} is left out. {one.reason}")
    kinds = {
        "dataset format": "dermxai.data.formats",
        "job kind": "dermxai.jobs.kinds",
        "launcher": "dermxai.jobs.launchers",
    }
    for kind, package in kinds.items():
        print(f"{kind}: {', '.join(modules(package)) or 'none'}")
        for found in left_out(package):
            console.say(f"{kind} {found.name} is left out. {found.reason}")
