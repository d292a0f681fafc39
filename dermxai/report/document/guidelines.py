"""Which items of reporting guidelines a document answers, and which it leaves to the author.

Subjects are in own words; the guidelines' texts are their publishers'.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dermxai.report.document.content import Item, Items, Section, Text


@dataclass(frozen=True)
class Asked:
    """An item of a guideline.

    Attributes:
        number, subject: see `Item`.
        topics: of `Section.answers` that answer it; none where it is the author's alone.
        left: what the author adds where these answer it.
    """

    number: str
    subject: str
    topics: tuple[str, ...] = ()
    left: str = ""


@dataclass(frozen=True)
class Guideline:
    name: str
    source: str
    items: tuple[Asked, ...]


def _asked(number: str, subject: str, topics: str = "", left: str = "") -> Asked:
    return Asked(number, subject, tuple(filter(None, topics.split(", "))), left)


TRIPOD_AI = Guideline(
    "TRIPOD+AI",
    "Collins et al. 2024, doi:10.1136/bmj-2023-078378",
    (
        _asked("1", "Title"),
        _asked("2", "Abstract"),
        _asked("3a", "Healthcare context and earlier models"),
        _asked("3b", "Target population, purpose, intended users"),
        _asked("3c", "Known inequalities between groups"),
        _asked("4", "Objectives"),
        _asked("5a", "Sources of data", "sizes", "where they come from, how representative"),
        _asked("5b", "Dates of the data"),
        _asked("6a", "Setting and centres"),
        _asked("6b", "Eligibility"),
        _asked("6c", "Treatments"),
        _asked("7", "Preparation of data", "preprocessing, excluded", "quality checks by group"),
        _asked("8a", "Outcome and how it was assessed", "classes", "the reference standard"),
        _asked("8b", "Who assessed the outcome"),
        _asked("8c", "Blinding of that assessment"),
        _asked("9a", "Choice of predictors"),
        _asked("9b", "Definition of predictors", "preprocessing", "how images were taken"),
        _asked("9c", "Who assessed predictors"),
        _asked("10", "Size of the study", "sizes", "why it suffices"),
        _asked("11", "Missing data", "missing, excluded", "why they are missing"),
        _asked("12a", "How data were used and divided", "partitions"),
        _asked("12b", "How predictors were handled", "preprocessing"),
        _asked("12c", "Type of model, building, tuning", "model, training", "the rationale"),
        _asked("12d", "Heterogeneity across clusters"),
        _asked("12e", "Measures and plots of performance", "measures, curves, calibration"),
        _asked("12f", "Updating of the model", "remedies"),
        _asked("12g", "How predictions were calculated", "model, identifiers"),
        _asked("13", "Class imbalance", "classes, training", "why it was handled so"),
        _asked("14", "Fairness: methods", "subgroups", "which groups matter, and why"),
        _asked("15", "Output and thresholds", "argmax, operating points", "the rationale"),
        _asked(
            "16",
            "How evaluation data differ from development data",
            "drift",
            "setting, eligibility, how the outcome was assessed",
        ),
        _asked("17", "Ethical approval and consent"),
        _asked("18a", "Funding"),
        _asked("18b", "Conflicts of interest"),
        _asked("18c", "Protocol"),
        _asked("18d", "Registration"),
        _asked("18e", "Availability of data"),
        _asked("18f", "Availability of code", "software", "code of one's own"),
        _asked("19", "Involvement of patients and public"),
        _asked("20a", "Flow of participants", "sizes, excluded", "who was not included"),
        _asked("20b", "Characteristics, and missing values", "characteristics, missing", "dates"),
        _asked("20c", "Comparison with development data", "drift"),
        _asked("21", "Participants and outcomes in each analysis", "sizes, classes"),
        _asked("22", "The full model", "model, identifiers", "how others get it"),
        _asked("23a", "Performance with intervals, and in key subgroups", "intervals, subgroups"),
        _asked("23b", "Heterogeneity of performance"),
        _asked("24", "Results of updating", "remedies"),
        _asked("25", "Interpretation"),
        _asked("26", "Limitations"),
        _asked("27a", "Input that is poor or not there", "quality", "what users are to do"),
        _asked("27b", "What users do, and their expertise"),
        _asked("27c", "Next steps"),
    ),
)

STARD_AI = Guideline(
    "STARD-AI",
    "Sounderajah et al. 2025, doi:10.1038/s41591-025-03953-8",
    (
        _asked("1", "Title or abstract with a measure of accuracy"),
        _asked("2", "Abstract"),
        _asked("3", "Background, intended use, place in the workflow"),
        _asked("4", "Objectives and hypotheses"),
        _asked("5", "Prospective or retrospective"),
        _asked("6", "Ethics approval"),
        _asked("7", "Eligibility of participants and data", "excluded", "the criteria"),
        _asked("8", "How participants were identified"),
        _asked("9", "Setting, place, dates"),
        _asked("10", "Consecutive, random or convenience series"),
        _asked("11", "Source of the data"),
        _asked("12", "Who annotated, and how"),
        _asked("13", "Devices and software", "software", "the devices"),
        _asked("14", "Acquisition and preprocessing", "preprocessing", "the acquisition"),
        _asked("15a", "The index test", "model, identifiers"),
        _asked("15b", "Its development, with sizes", "training, training data"),
        _asked("15c", "Its cut-offs", "argmax, operating points", "the rationale"),
        _asked("15d", "End users and their expertise"),
        _asked("16a", "The reference standard"),
        _asked("16b", "Why this reference standard"),
        _asked("16c", "Its categories", "classes", "how they were decided"),
        _asked("17a", "What was known when the index test was performed"),
        _asked("17b", "What was known when the reference standard was assessed"),
        _asked("18", "Methods of estimating and comparing accuracy", "measures, intervals"),
        _asked("19", "Indeterminate results", "sizes", "of the reference standard"),
        _asked("20", "Missing data", "missing, excluded", "how they were handled before"),
        _asked("21", "Variability of accuracy", "subgroups", "which analyses were planned"),
        _asked("22", "Intended sample size"),
        _asked("23", "Analysis of errors, bias and fairness", "failures, subgroups"),
        _asked("24", "Flow of participants", "sizes, excluded", "the diagram"),
        _asked(
            "25", "Characteristics of each set", "characteristics, partitions", "technical ones"
        ),
        _asked("26a", "Severity of disease"),
        _asked("26b", "Alternative diagnoses", "classes"),
        _asked("27", "Time between the two tests"),
        _asked("28", "Whether data represent the intended population"),
        _asked("29", "How external data differ", "drift", "whether the data are external"),
        _asked("30", "Cross-tabulation", "cross-tabulation"),
        _asked("31", "Accuracy with intervals", "measures, intervals"),
        _asked("32", "Adverse events"),
        _asked("33", "Limitations"),
        _asked("34", "Implications for practice"),
        _asked("35", "Ethical considerations and fairness"),
        _asked("36", "Registration"),
        _asked("37", "Protocol"),
        _asked("38", "Funding"),
        _asked("39", "Commercial interests"),
        _asked("40a", "Availability of data and code"),
        _asked("40b", "Whether outputs are kept for audit", "identifiers", "who may see them"),
    ),
)

CLAIM = Guideline(
    "CLAIM, 2024 update",
    "Tejani et al. 2024, doi:10.1148/ryai.240300",
    (
        _asked("1", "Title names the technology"),
        _asked("2", "Abstract"),
        _asked("3", "Background and intended use"),
        _asked("4", "Aims and hypotheses"),
        _asked("5", "Prospective or retrospective"),
        _asked("6", "Goal of the study"),
        _asked("7", "Sources of data"),
        _asked("8", "Inclusion and exclusion"),
        _asked("9", "Preprocessing", "preprocessing"),
        _asked("10", "Selection of subsets"),
        _asked("11", "De-identification"),
        _asked("12", "Missing data", "missing, excluded", "how they were handled before"),
        _asked("13", "Acquisition of images"),
        _asked("14", "Definition of the reference standard"),
        _asked("15", "Why this reference standard"),
        _asked("16", "Who annotated, and their qualification"),
        _asked("17", "How the test set was annotated"),
        _asked("18", "Agreement of annotators"),
        _asked(
            "19",
            "How data were assigned to partitions",
            "partitions, sizes",
            "the reason, how imbalance was handled",
        ),
        _asked("20", "At which level partitions are disjoint", "disjoint"),
        _asked("21", "Intended size of the test set"),
        _asked("22", "The model in detail", "model"),
        _asked("23", "Software with versions", "software"),
        _asked("24", "Initial weights", "training", "where they come from"),
        _asked("25", "Training", "training"),
        _asked("26", "How the final model was chosen", "training", "by which measure"),
        _asked("27", "Ensembles", "model", "if there is one"),
        _asked(
            "28", "Measures of performance", "measures", "why these, how published models compare"
        ),
        _asked("29", "Uncertainty and significance", "intervals"),
        _asked("30", "Robustness or sensitivity analysis", "robustness"),
        _asked("31", "Explanations and their validation", "maps, faithfulness"),
        _asked("32", "Testing on internal data", "partitions, measures"),
        _asked("33", "Testing on external data"),
        _asked("34", "Registration of a trial"),
        _asked("35", "Numbers included and excluded", "sizes, excluded", "the diagram"),
        _asked("36", "Characteristics of each partition", "characteristics, partitions"),
        _asked("37", "Performance in partitions and subgroups", "measures, subgroups"),
        _asked("38", "Accuracy with intervals", "measures, intervals, curves"),
        _asked("39", "Analysis of failures", "cross-tabulation, failures, examples"),
        _asked("40", "Limitations"),
        _asked("41", "Implications for practice"),
        _asked("42", "Full protocol"),
        _asked("43", "Availability of software, model and data"),
        _asked("44", "Funding"),
    ),
)

CLEAR_DERM = Guideline(
    "CLEAR Derm",
    "Daneshjou et al. 2022, doi:10.1001/jamadermatol.2021.4915",
    (
        _asked("1", "Types of images", "modality"),
        _asked("2", "Artefacts in images", "quality", "pen marks, hair, rulers"),
        _asked("3", "Technical details of acquisition"),
        _asked("4", "Preprocessing", "preprocessing"),
        _asked("5", "Synthetic images, if any"),
        _asked("6", "References to public images"),
        _asked("7", "Metadata of patients", "characteristics"),
        _asked("8", "Skin tone, and how it was assessed", "skin type", "how it was assessed"),
        _asked("9", "Biases that metadata may bring", "causes", "the discussion"),
        _asked("10", "Partitions of the data", "partitions, disjoint"),
        _asked("11", "Sizes of training, validation and test sets", "partitions, sizes"),
        _asked("12", "An external test set"),
        _asked("13", "Images of several devices"),
        _asked("14", "Class distribution and balance", "classes"),
        _asked("15", "Images out of distribution", "out of distribution"),
        _asked("16", "How labels were made, and by whom"),
        _asked("17", "References to accepted diagnostic labels", "classes", "the references"),
        _asked("18", "Histopathology of malignant lesions"),
        _asked("19", "The algorithm and its development", "model, training"),
        _asked("20", "How others can evaluate the algorithm"),
        _asked("21", "Measures of performance", "measures, intervals"),
        _asked("22", "Benchmarks, comparison, novelty"),
        _asked("23", "Assessment of bias", "subgroups"),
        _asked("24", "Use cases and target conditions", "classes", "the use cases"),
        _asked("25", "Impact on care team and patients"),
    ),
)
GUIDELINES = (TRIPOD_AI, STARD_AI, CLAIM, CLEAR_DERM)


def answered(guideline: Guideline, sections: Sequence[Section]) -> Items:
    """Each item with the sections that answer it: those of the topics that sections really tell of;
    an item of which a topic is told nowhere is answered in part."""
    where = {topic: section.key for section in sections for topic in section.answers}
    return Items(
        guideline.name,
        guideline.source,
        tuple(_item(asked, where) for asked in guideline.items),
    )


def _item(asked: Asked, where: Mapping[str, str]) -> Item:
    found = tuple(dict.fromkeys(where[topic] for topic in asked.topics if topic in where))
    if not found:
        return Item(asked.number, asked.subject, (), "")
    lacking = [topic for topic in asked.topics if topic not in where]
    left = "; ".join(filter(None, [asked.left, ", ".join(lacking)]))
    return Item(asked.number, asked.subject, found, left)


def guidelines(sections: Sequence[Section]) -> Section:
    """The last section: four guidelines, and what the others answer of them."""
    hint = (
        "What is answered is told where, what is left to the author named. Whether an answer "
        "suffices is the author's to decide: a report of a run knows nothing of a study's design. "
        "The subjects are abridged; the guidelines' own texts count."
    )
    made = (answered(each, sections) for each in GUIDELINES)
    return Section("guidelines", "Reporting guidelines", (Text(hint, "note"), *made))


def counts(items: Items) -> tuple[int, int, int]:
    """Items answered, answered in part, and left to the author."""
    answered_, part = 0, 0
    for row in items.rows:
        answered_ += bool(row.sections) and not row.left
        part += bool(row.sections) and bool(row.left)
    return answered_, part, len(items.rows) - answered_ - part


def topics() -> Iterator[str]:
    """Every topic that an item asks for."""
    for guideline in GUIDELINES:
        for asked in guideline.items:
            yield from asked.topics
