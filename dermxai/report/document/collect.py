"""Puts a document about a run together, section by section."""

from collections.abc import Callable

from dermxai.core.formatting import count
from dermxai.metrics.regrouping import merged_name
from dermxai.report.document.content import Document, Facts, Section
from dermxai.report.document.guidelines import guidelines
from dermxai.report.document.material import Material, Options, Progress
from dermxai.report.document.sections.calibration import calibration
from dermxai.report.document.sections.causes import causes
from dermxai.report.document.sections.confusions import confusions
from dermxai.report.document.sections.data import data
from dermxai.report.document.sections.examples import examples
from dermxai.report.document.sections.faithfulness import faithfulness
from dermxai.report.document.sections.measures import measures
from dermxai.report.document.sections.methods import methods
from dermxai.report.document.sections.model import model
from dermxai.report.document.sections.net_benefit import net_benefit
from dermxai.report.document.sections.partitions import partitions
from dermxai.report.document.sections.quality import quality
from dermxai.report.document.sections.remedies import remedies
from dermxai.report.document.sections.reproducibility import reproducibility
from dermxai.report.document.sections.shift import shift
from dermxai.report.document.sections.subgroups import subgroups
from dermxai.report.document.sections.uncertainty import uncertainty
from dermxai.report.origin import origin
from dermxai.runs import Run

SECTIONS: tuple[Callable[[Material], Section], ...] = (
    data,
    partitions,
    quality,
    model,
    measures,
    calibration,
    uncertainty,
    net_benefit,
    confusions,
    causes,
    subgroups,
    shift,
    examples,
    faithfulness,
    remedies,
    methods,
    reproducibility,
)
"""In the order of the document."""
USUAL = Options()


def collect(run: Run, options: Options = USUAL, progress: Progress | None = None) -> Document:
    """The document of a run.

    Args:
        progress: called with the phase, what is done and how much there is; may raise `Cancelled`.

    Raises:
        InputError: the run has no such split.
    """
    material = Material.of(run, options, progress)
    made: list[Section] = []
    for done, section in enumerate(SECTIONS):
        material.report("sections", done, len(SECTIONS))
        made.append(section(material))
    made.append(guidelines(made))
    material.report("sections", len(SECTIONS), len(SECTIONS))
    manifest, shown = run.manifest, material.shown
    units = "" if shown.clusters == "images" else f" of {shown.counts.units:,} {shown.clusters}"
    facts: tuple[tuple[str, str], ...] = (
        ("Model", f"{run.made_by['name']} ({run.made_by['hash']})"),
        ("Dataset", f"{manifest['dataset']['name']}, {material.where} measured"),
        ("Run", f"{run.id} of {str(manifest.get('created', ''))[:10]}"),
        (
            "Measured",
            f"{shown.counts.evaluated:,} of {count(shown.counts.images, 'image')}{units}",
        ),
    )
    if merges := material.regrouping.merges:
        one = " and ".join(map(merged_name, merges))
        facts = (*facts, ("Taken as one", f"{one}, where a section does not say otherwise"))
    title = f"{run.made_by['name']} on {manifest['dataset']['name']}"
    return Document(title, Facts(facts), origin(run, material.split), tuple(made))
