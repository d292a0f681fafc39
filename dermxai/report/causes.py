"""What the cause card says, in words: the same on the page, on paper and for programs."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict

import pandas as pd

from dermxai.confusion.card import to_relabel
from dermxai.confusion.causes.balance import BALANCED
from dermxai.confusion.causes.border import FEWEST_FITTED
from dermxai.confusion.causes.data import RISE
from dermxai.confusion.causes.image import UNDECIDED
from dermxai.confusion.causes.shortcut import IMAGES_OF_PATIENT
from dermxai.confusion.finding import LEVEL, Cause, CauseCard, Finding, Skipped
from dermxai.confusion.pair_images import ALL_HEADS, FEWEST, OF_RUN
from dermxai.core.formatting import count, fixed, jsonable, percent, points, signed
from dermxai.metrics.basis import basis
from dermxai.metrics.confident_labels import DEPTH
from dermxai.remedies.stack import Stack
from dermxai.report.origin import origin
from dermxai.report.tables import probability
from dermxai.runs import Run

TITLES: Mapping[Cause, str] = {
    Cause.BORDER: "Border between the two",
    Cause.HEAD: "Last layer",
    Cause.FEATURES: "Features",
    Cause.LABELS: "Labels",
    Cause.IMAGE: "The image does not hold it",
    Cause.SHORTCUT: "Shortcut",
    Cause.BALANCE: "Class balance in training",
    Cause.DATA: "Amount of training data",
}
EFFECTS: Mapping[Cause, str] = {
    Cause.BORDER: "balanced error of the pair that an offset fitted on validation patients saves",
    Cause.HEAD: "pair AUC that a retrained last layer gains",
    Cause.FEATURES: "pair AUC that a probe on other features gains over network and own features",
    Cause.LABELS: "share of contradicted labels above what is expected",
    Cause.IMAGE: "pair AUC of age, sex, site and device above the pixels', where these leave it "
    "open",
    Cause.SHORTCUT: "how far errors differ from right predictions in a column",
    Cause.BALANCE: "balanced error of the pair that an offset for the ratio in training saves",
    Cause.DATA: "pair AUC that probes gain from half to all of the training patients, told from "
    "the gain since a quarter",
}
REMEDIES: Mapping[Cause, str] = {
    Cause.BORDER: "Move the threshold between the two: a logit offset.",
    Cause.HEAD: "Retrain the last layer, both classes weighing alike; no new images are needed.",
    Cause.FEATURES: "Train the features, or use those of the other network.",
    Cause.LABELS: "Have the images read again, and relabel or leave out those in error.",
    Cause.IMAGE: "Give the network age, sex and site, take another image, or merge the classes.",
    Cause.SHORTCUT: "Train on images that break the association, or weight its groups alike.",
    Cause.BALANCE: "Weight the classes, or correct the logits for their prior.",
    Cause.DATA: "Add patients of both classes.",
}
_SKIPPED: Mapping[Skipped, str] = {
    Skipped.FEW_ASKED: f"fewer than {FEWEST} patients of {{names}}",
    Skipped.FEW_VALIDATION: f"fewer than {FEWEST_FITTED} validation patients of {{names}} beside "
    "those asked about",
    Skipped.BACKWARDS: "on validation patients the margin does not speak for its class",
    Skipped.FEW_FITTED: f"fewer than {FEWEST} patients of a class to fit a probe on",
    Skipped.NO_FEATURES: "the run holds no features",
    Skipped.NO_OTHER_FEATURES: "no other features: add embeddings, or a second network's run",
    Skipped.NO_COLUMNS: "the table has no such column",
    Skipped.FEW_UNDECIDED: "scores leave it open for too few patients",
    Skipped.FEW_ERRORS: "too few errors, or of too few patients",
    Skipped.TRAINING_UNKNOWN: "how many images of each class the network learnt from is not known",
    Skipped.ALIKE_FREQUENT: f"one class has fewer than {BALANCED:g} times as many training images",
    Skipped.NO_TRAINING_IMAGES: "the run does not hold the images that the network learnt from",
    Skipped.OUTREACHED: "the network ranks better than probes on all training patients",
}


def table(card: CauseCard) -> pd.DataFrame:
    """A row a cause, in their order."""
    return pd.DataFrame(
        [
            {
                "Cause": TITLES[each.cause],
                "Named": "yes" if each.named else "–" if each.skipped else "no",
                "Effect": effect(each),
                "95 % CI": _ends(each),
                "p": probability(each.p),
                "p, Holm": probability(each.adjusted),
                "Found": why_skipped(each) if each.skipped else found(each, card),
            }
            for each in card.findings
        ]
    )


def conclusion(card: CauseCard) -> tuple[str, ...]:
    """What the card ends in, in sentences: which causes are named, with their remedies, or that
    none is; what was not asked, and what all scores miss."""
    return tuple(_conclusion(card))


def _conclusion(card: CauseCard) -> Iterator[str]:
    pair = f"{card.first} and {card.second}"
    asked, named = len(card.asked), card.named
    if not asked:
        yield f"No cause of the confusion of {pair} could be asked."
    elif not named:
        yield (
            f"No cause of the confusion of {pair} is found among the {asked} asked: none differs "
            f"from chance at {percent(LEVEL, 0)} (Holm). That the images do not show one does not "
            "mean that there is none."
        )
    else:
        titles = ", ".join(TITLES[each.cause].lower() for each in named)
        yield (
            f"Of {count(asked, 'cause')} asked, {len(named)} of the confusion of {pair} "
            f"{'is' if len(named) == 1 else 'are'} named at {percent(LEVEL, 0)} (Holm): {titles}."
        )
        for each in named:
            yield f"{TITLES[each.cause]}: {found(each, card)} {REMEDIES[each.cause]}"
    skipped = [each for each in card.findings if each.skipped]
    if skipped:
        told = "; ".join(f"{TITLES[each.cause].lower()} ({why_skipped(each)})" for each in skipped)
        yield f"Not asked: {told}."
    if card.errors_of_all:
        images = count(len(card.errors_of_all), "image")
        verb = "is" if len(card.errors_of_all) == 1 else "are"
        yield (
            f"{images} {verb} taken for the other class by every prediction and score "
            "that was tried here."
        )


def found(finding: Finding, card: CauseCard) -> str:
    """What was found of a cause that was asked, in sentences."""
    facts, names = finding.facts, finding.names
    match finding.cause:
        case Cause.BORDER | Cause.BALANCE:
            told = _moved(finding, card)
        case Cause.HEAD:
            told = (
                f"Pair AUC {fixed(facts['before'])} → {fixed(facts['after'])} with the last layer "
                "retrained."
            )
        case Cause.FEATURES:
            where = "all heads" if names[0] == ALL_HEADS else names[0]
            told = (
                f"Best of {count(int(facts['spaces']), 'space')}: {where}, pair AUC "
                f"{fixed(facts['after'])} against {fixed(facts['before'])}."
            )
        case Cause.LABELS:
            told = " ".join(_labels(facts))
        case Cause.IMAGE:
            told = _undecided(facts, names)
        case Cause.SHORTCUT:
            told = _shortcut(finding)
        case Cause.DATA:
            told = (
                f"Pair AUC of a probe on a quarter, half and all of "
                f"{facts['first_patients'] + facts['second_patients']:.0f} training "
                f"{card.unit}: {fixed(facts['quarter'])}, {fixed(facts['half'])}, "
                f"{fixed(facts['all'])}; a rise of {fixed(RISE)} is not counted."
            )
    return told


def _moved(finding: Finding, card: CauseCard) -> str:
    facts, ratio = finding.facts, ""
    if finding.cause == Cause.BALANCE:
        ratio = (
            f"{facts['first_images']:,.0f} training images of {card.first}, "
            f"{facts['second_images']:,.0f} of {card.second}: "
        )
    return (
        f"{ratio}{'an' if ratio else 'An'} offset of {signed(facts['offset'])} logits for "
        f"{card.first} takes the balanced error from {percent(facts['before'])} to "
        f"{percent(facts['after'])}: {count(int(facts['mended']), 'image')} right and "
        f"{facts['broken']:.0f} wrong by it."
    )


def _undecided(facts: Mapping[str, float], columns: tuple[str, ...]) -> str:
    colours = ""
    if "colours" in facts:
        colours = f", fifteen colour statistics {fixed(facts['colours'])}"
    low, high = (percent(each, 0) for each in UNDECIDED)
    return (
        f"{facts['undecided']:.0f} images with a probability between {low} and {high} hold "
        f"{facts['undecided_errors']:.0f} of {facts['errors']:.0f} errors; there the pixels have a "
        f"pair AUC of {fixed(facts['pixels'])}, {', '.join(columns)} alone "
        f"{fixed(facts['simple'])}{colours}."
    )


def _labels(facts: Mapping[str, float]) -> Iterator[str]:
    if "deep" in facts:
        wrong = facts["deep"] + facts["shallow"]
        yield (
            f"{facts['deep']:.0f} of {wrong:.0f} on the wrong side lie {percent(DEPTH, 0)} of the "
            "way to the other class's median or beyond; tails would put "
            f"{percent(facts['expected'], 0)} there."
        )
    if "contradicted" in facts:
        yield (
            f"Another image of the lesion, a near-duplicate or another reader has the other class "
            f"for {facts['contradicted']:.0f} images: {percent(facts['errors'], 0)} of the errors, "
            f"{percent(facts['right'], 0)} of the others."
        )


def _shortcut(finding: Finding) -> str:
    (column, value, true), facts = finding.names, finding.facts
    if column == IMAGES_OF_PATIENT:
        what = "images of the patient"
    else:
        what = column.replace("_", " ") + (f" {value}" if value else "")
    show = (lambda number: percent(number, 0)) if value else fixed
    return (
        f"{what.capitalize()}: {show(facts['errors'])} of the errors of {true}, "
        f"{show(facts['right'])} of those right; the clearest of {facts['tested']:.0f} tested."
    )


def stack(finding: Finding, card: CauseCard) -> Stack | None:
    """The remedies that would mend a cause, as a stack to be tried; None where there is none."""
    told = [] if finding.skipped else list(_steps(finding, card))
    return Stack.of(told) if told else None


def _steps(finding: Finding, card: CauseCard) -> Iterator[object]:
    names, codes = finding.names, (card.first, card.second)
    pair = "+".join(codes)
    named = not any(sign in code for code in codes for sign in "+,")
    match finding.cause:
        case Cause.BORDER if named:
            yield _step("logit_offset", between=pair)
        case Cause.BALANCE if named:
            yield _step("logit_offset", between=pair, by="prior")
        case Cause.IMAGE if named:
            yield _step("merge_classes", classes=pair)
        case Cause.FEATURES if names[0].startswith(OF_RUN):
            yield _step("average_runs", runs=names[0].removeprefix(OF_RUN))
        case Cause.LABELS if finding.to_relabel:
            yield _step("relabel", images=to_relabel(card, finding).key)
            yield _step("retrain_heads")
        case Cause.SHORTCUT if names[1] and names[0] != IMAGES_OF_PATIENT:
            yield _step("image_weights", column=names[0])
            yield _step("retrain_heads")
        case Cause.DATA:
            yield _step("add_run")
            yield _step("retrain_heads")
        case Cause.HEAD | Cause.FEATURES if finding.cause == Cause.HEAD or names[0] == ALL_HEADS:
            yield _step("retrain_heads")


def _step(remedy: str, **settings: str) -> dict[str, object]:
    return {"remedy": remedy, "settings": settings}


def why_skipped(finding: Finding) -> str:
    """Why a cause was not asked."""
    if finding.skipped is None:
        return ""
    return _SKIPPED[finding.skipped].format(names=" and ".join(finding.names) or "a class")


def effect(finding: Finding) -> str:
    """In percentage points of the balanced error, in pair AUC, or in what a column holds."""
    if finding.skipped:
        return "–"
    return points(finding.effect) if _in_points(finding) else signed(finding.effect, 3)


def _ends(finding: Finding) -> str:
    if finding.low != finding.low or finding.skipped:
        return "–"
    if _in_points(finding):
        return f"{points(finding.low)} to {points(finding.high)}".replace(" pp to", " to")
    return f"{signed(finding.low, 3)} to {signed(finding.high, 3)}"


def _in_points(finding: Finding) -> bool:
    shares = (Cause.BORDER, Cause.BALANCE, Cause.LABELS)
    of_value = finding.cause == Cause.SHORTCUT and bool(finding.names[1])
    return finding.cause in shares or of_value


def as_json(card: CauseCard, run: Run) -> object:
    """Plain numbers, texts and lists; NaN becomes None."""
    return jsonable(
        {
            **origin(run, card.split),
            "split": card.split,
            "pair": [card.first, card.second],
            "images": card.images,
            "patients": card.patients,
            "errors": card.errors,
            "cross_fitted": card.cross_fitted,
            "causes": [
                {
                    **asdict(each),
                    "title": TITLES[each.cause],
                    "named": each.named,
                    "of": EFFECTS[each.cause],
                    "remedy": REMEDIES[each.cause],
                    "stack": None if (tried := stack(each, card)) is None else tried.text,
                    "found": why_skipped(each) if each.skipped else found(each, card),
                }
                for each in card.findings
            ],
            "level": LEVEL,
            "correction": "Holm",
            "missed_by_all": card.errors_of_all,
            "intervals": basis(card.unit),
            "conclusion": conclusion(card),
        }
    )
