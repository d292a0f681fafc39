"""A methods paragraph that an author edits: what was done here in words, and in brackets what only
the author knows."""

from collections.abc import Iterator

from dermxai.core.formatting import count
from dermxai.report.document.content import Section, Text
from dermxai.report.document.material import Material
from dermxai.report.leakage import describe_leakage
from dermxai.report.measures import CRITERIA, rule_in_words
from dermxai.version import __version__


def methods(material: Material) -> Section:
    """Three paragraphs: data, model, statistics."""
    hint = (
        "A draft: check each sentence, and replace what stands in brackets, which this report "
        "cannot know."
    )
    drafts = (" ".join(part(material)) for part in (_data, _model, _statistics))
    blocks = (Text(hint, "note"), *(Text(words, "draft") for words in drafts))
    return Section("methods", "Methods paragraph", blocks)


def _data(material: Material) -> Iterator[str]:
    run, shown = material.run, material.shown
    counts, dataset = shown.counts, run.manifest["dataset"]["name"]
    if material.drawn:
        yield f"We used a synthetic atlas of drawn dermoscopic images ({dataset})."
    else:
        yield (
            f"We used {count(len(run), 'image')} of the dataset {dataset} [source; centres, "
            "setting and dates; eligibility; devices; ethics approval and consent]."
        )
        yield "The reference standard was [histopathology, consensus, follow-up; by whom]."
    units = "" if shown.clusters == "images" else f" of {counts.units:,} {shown.clusters}"
    where = "All images" if material.split is None else f"Images of the {material.split} split"
    yield (
        f"{where} were evaluated: {count(counts.evaluated, 'image')}{units} in "
        f"{len(shown.common)} of the model's {len(shown.classes)} classes."
    )
    if counts.unlabelled or counts.outside:
        yield (
            f"{count(counts.unlabelled, 'image')} without a label and {counts.outside:,} with a "
            "label that the model does not know were left out."
        )
    yield describe_leakage(run, run.in_split(material.split))


def _model(material: Material) -> Iterator[str]:
    run, info = material.run, material.run.info
    name = run.made_by["name"]
    if run.imported or info is None:
        yield (
            f"Predictions are those of {name} [architecture, input, training data and training of "
            "the model]."
        )
        return
    size = info.preprocessing.size
    heads = f" with {count(len(info.heads), 'head')} whose logits are summed" * info.auxiliary
    yield f"The model, {name}, is a network of architecture {info.architecture}{heads}."
    constancy = info.preprocessing.colour_constancy
    colours = (
        "" if constancy == "none" else f" after {constancy.replace('_', ' ')} colour constancy"
    )
    yield f"Images were resized to {size} × {size} pixels{colours}."
    data = info.data
    if "training_images" in data:
        patients = data.get("training_patients")
        of = f" of {patients:,} patients" if isinstance(patients, int) else ""
        yield (
            f"It was trained on {data['training_images']:,} images{of} "
            f"({data.get('name', 'as its checkpoint tells')})."
            if isinstance(data["training_images"], int)
            else "[Training data.]"
        )
    else:
        yield "[Training data and training of the model.]"


def _statistics(material: Material) -> Iterator[str]:
    shown = material.shown
    yield "Predictions were decided by two rules, reported apart."
    yield f"{_sentence(rule_in_words(material.argmax.rule, shown.clusters))}"
    if isinstance(material.at_point, str):
        yield "Operating points could not be chosen on validation patients."
    else:
        rule = material.at_point.rule
        assert rule.point is not None
        yield f"{_sentence(rule_in_words(rule, shown.clusters))}"
        yield f"[Rationale for this operating point ({CRITERIA[rule.point.criterion]}).]"
    yield (
        f"{100 * shown.level:.0f} % confidence intervals take {shown.clusters} as independent: "
        "Wilson's score with a design effect for shares, DeLong's placements summed over these "
        "with Wilson's score for areas under ROC curves, Newcombe's for paired differences, "
        "Student's t for the Brier score; none where fewer than five are of a class."
    )
    found = material.calibration.temperature
    if found is None:
        yield "Calibration was assessed by a reliability diagram in 15 bins and the Brier score."
    else:
        yield (
            "Calibration was assessed by a reliability diagram in 15 bins and the Brier score, as "
            "predicted and after temperature scaling fitted on "
            f"{count(found.images, 'validation image')}."
        )
    yield from shown.regrouping_notes
    if material.pairs:
        yield (
            f"Causes of the {count(len(material.pairs), 'most confused pair')} of classes were "
            "tested one by one, p-values corrected within a pair by Holm's method."
        )
    yield f"Analyses were made with DermXAI {__version__} [reference]."


def _sentence(rule: str) -> str:
    words = rule.removeprefix("Decision rule: ")
    return f"{words[0].upper()}{words[1:]}."
