"""Every kind of component there is, and its contract."""

from collections.abc import Callable, Iterator
from typing import Any

from dermxai.core.components import Component, Kind, sentences


def kinds() -> tuple[Kind[Any], ...]:
    """In the order in which they are listed. Importing them takes seconds."""
    from dermxai.data.formats import FORMATS
    from dermxai.explain.attribution.method import METHODS
    from dermxai.explain.faithfulness.measure import CONTROLS, MEASURES
    from dermxai.jobs.kinds import KINDS
    from dermxai.jobs.launchers import LAUNCHERS
    from dermxai.pages import PAGES
    from dermxai.projection.projector import METHODS as PROJECTIONS

    return METHODS, MEASURES, CONTROLS, PROJECTIONS, FORMATS, KINDS, LAUNCHERS, PAGES


@sentences
def contract_faults(kind: Kind[Any], made: Component) -> Iterator[str]:
    """What is wrong with a component, a sentence each: by the contract of its kind where there is
    one, else by what is validated as it is loaded."""
    from dermxai.data.format_contract import format_faults
    from dermxai.data.formats import FORMATS
    from dermxai.explain.attribution.contract import method_faults
    from dermxai.explain.attribution.method import METHODS
    from dermxai.explain.faithfulness.contract import control_faults, measure_faults
    from dermxai.explain.faithfulness.measure import CONTROLS, MEASURES
    from dermxai.pages import PAGES, page_faults
    from dermxai.projection.contract import projection_faults
    from dermxai.projection.projector import METHODS as PROJECTIONS

    contracts: dict[Kind[Any], Callable[[Any], Iterator[str]]] = {
        METHODS: method_faults,
        MEASURES: measure_faults,
        CONTROLS: control_faults,
        PROJECTIONS: projection_faults,
        FORMATS: format_faults,
        PAGES: page_faults,
    }
    if kind in contracts:
        yield from contracts[kind](made)
    else:
        yield from kind.faults_of(made, {})
