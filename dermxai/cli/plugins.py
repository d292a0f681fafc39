"""``dermxai plugins``."""

from dermxai.cli import console


def plugins() -> None:
    """List what was discovered of each kind of plug-in, and what is left out and why."""
    from dermxai.explain import api
    from dermxai.explain.faithfulness import measure
    from dermxai.explain.method import Method
    from dermxai.plugins import left_out, modules
    from dermxai.projection import projector

    kinds: dict[str, tuple[str, type | None]] = {
        "attribution method": (api.METHODS, Method),
        "faithfulness measure": (measure.MEASURES, measure.Measure),
        "control map": (measure.BASELINES, Method),
        "projection": (projector.METHODS, projector.Method),
        "dataset format": ("dermxai.data.formats", None),
        "job kind": ("dermxai.jobs.kinds", None),
        "launcher": ("dermxai.jobs.launchers", None),
    }
    for kind, (package, contract) in kinds.items():
        print(f"{kind}: {', '.join(modules(package, contract)) or 'none'}")
        for each in left_out(package, contract):
            console.say(f"{kind} {each.name} is left out. {each.reason}")
