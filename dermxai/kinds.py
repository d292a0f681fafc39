"""Every kind of component there is, and its contract."""

from collections.abc import Iterator

from dermxai.core.components import Component, Kind, faults_as_sentences


def kinds() -> tuple[Kind[Component], ...]:
    """In the order in which they are listed. Importing them takes seconds."""
    from dermxai.data.formats import FORMATS
    from dermxai.explain.attribution.method import METHODS
    from dermxai.explain.faithfulness.measure import CONTROLS, MEASURES
    from dermxai.jobs.kinds import KINDS
    from dermxai.jobs.launchers import LAUNCHERS
    from dermxai.pages import PAGES
    from dermxai.projection.projector import METHODS as PROJECTIONS
    from dermxai.remedies.remedy import REMEDIES

    return METHODS, MEASURES, CONTROLS, PROJECTIONS, REMEDIES, FORMATS, KINDS, LAUNCHERS, PAGES


@faults_as_sentences
def contract_faults(kind: Kind[Component], made: Component) -> Iterator[str]:
    """What is wrong with a component, a sentence each: by the contract of its kind where there is
    one, else by what is validated as it is loaded."""
    from dermxai.data.format_contract import format_faults
    from dermxai.data.formats import FORMATS, Format
    from dermxai.explain.attribution.contract import method_faults
    from dermxai.explain.attribution.method import METHODS, AttributionMethod
    from dermxai.explain.faithfulness.contract import control_faults, measure_faults
    from dermxai.explain.faithfulness.measure import CONTROLS, MEASURES, ControlMap, Measure
    from dermxai.pages import PAGES, Page, page_faults
    from dermxai.projection.contract import projection_faults
    from dermxai.projection.projector import METHODS as PROJECTIONS
    from dermxai.projection.projector import ProjectionMethod
    from dermxai.remedies.contract import remedy_faults
    from dermxai.remedies.remedy import REMEDIES, Remedy

    if kind == METHODS and isinstance(made, AttributionMethod):
        yield from method_faults(made)
    elif kind == MEASURES and isinstance(made, Measure):
        yield from measure_faults(made)
    elif kind == CONTROLS and isinstance(made, ControlMap):
        yield from control_faults(made)
    elif kind == PROJECTIONS and isinstance(made, ProjectionMethod):
        yield from projection_faults(made)
    elif kind == REMEDIES and isinstance(made, Remedy):
        yield from remedy_faults(made)
    elif kind == FORMATS and isinstance(made, Format):
        yield from format_faults(made)
    elif kind == PAGES and isinstance(made, Page):
        yield from page_faults(made)
    else:
        yield from kind.faults_of(made, {})
