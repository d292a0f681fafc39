"""Parts of the Faithfulness page."""

import json
from collections.abc import Mapping, Sequence
from typing import Protocol

import streamlit as st

from dermxai import jobs
from dermxai.core.formatting import interval_basis
from dermxai.explain.costs import costs_of
from dermxai.explain.faithfulness.evaluation import EVALUATING, has_mask, passes, resolved
from dermxai.explain.faithfulness.measure import measures
from dermxai.explain.faithfulness.results import RUNNER_UP, EvaluationRequest, Results
from dermxai.jobs import Job, State
from dermxai.jobs.gpus import gpus
from dermxai.metrics import basis
from dermxai.metrics.faithfulness import FEWEST
from dermxai.report import faithfulness as report
from dermxai.runs import Run
from dermxai.ui.app import jobs_panel
from dermxai.ui.app.guard import callback, guard
from dermxai.ui.components import downloads as take_away
from dermxai.ui.components import look, question, subset
from dermxai.ui.components.text import count, plain, span
from dermxai.ui.session import state
from dermxai.ui.session.caches import faithfulness, models, plots
from dermxai.ui.session.scene import Scene
from dermxai.ui.session.state import Key

_QUICK_METHODS = ("grad_cam", "vote_map")
_QUICK_MEASURES = ("deletion_blur", "insertion_blur", "road", "mass_lesion", "randomisation")
_NEW = "new"
EMPTY = (
    "An attribution map can look convincing and still say nothing of the network. An evaluation "
    "measures on some of these images how the logit follows the maps, and compares them with two "
    "control maps that do not depend on the network: random noise and a Gaussian in the centre."
)


def ask_evaluation(scene: Scene) -> Results | None:
    """The evaluation to look at; None where a new one is to be asked for."""
    names = faithfulness.names(scene.run_id)
    if not names:
        st.markdown(EMPTY)
        return None
    key = Key.STUDY.of(scene.run_id)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Evaluation",
            [*names, _NEW],
            key=key,
            format_func=lambda name: _named(scene, name),
            bind="query-params",
            persist_state="session",
            width=460,
        )
        if chosen != _NEW:
            st.button(
                "New evaluation",
                key=Key.START.of("new-evaluation"),
                icon=":material/add:",
                type="tertiary",
                on_click=callback(state.put),
                args=(key, _NEW),
            )
    return (
        None
        if chosen == _NEW
        else faithfulness.results(faithfulness.evaluated_maps(scene.run_id, chosen))
    )


class _Titled(Protocol):
    """A method or a measure."""

    @property
    def title(self) -> str: ...


def usual(run: Run, images: int) -> dict[str, object]:
    """Arguments of an evaluation of so many images with the methods and measures that the form
    offers."""
    return {
        "run": str(run.root),
        "images": min(images, len(run)),
        "methods": list(_QUICK_METHODS),
        "measures": [name for name in _offered(run) if name in _QUICK_MEASURES],
    }


def _evaluated(scene: Scene, found: Results) -> faithfulness.EvaluatedMaps:
    return faithfulness.evaluated_maps(scene.run_id, found.asked.name)


def _named(scene: Scene, name: str) -> str:
    if name == _NEW:
        return "A new evaluation …"
    found = faithfulness.results(faithfulness.evaluated_maps(scene.run_id, name))
    asked = found.asked
    return (
        f"{count(asked.images, 'image')}, {count(len(asked.methods), 'method')}, "
        f"{count(len(asked.measures), 'measure')} · {found.finished[:16].replace('T', ' ')}"
    )


def about(scene: Scene, found: Results) -> None:
    """What was evaluated, and what was left out."""
    asked = found.asked
    target = plain(asked.target or "the predicted class")
    against = f" against {plain(asked.against)}" if asked.against else ""
    manifest = scene.run.manifest
    look.facts(
        plain(scene.run.made_by["name"]),
        plain(manifest["dataset"]["name"]),
        count(int(found.table["sample_id"].nunique()), "image"),
        *([f"of {plain(subset.title(asked.selection))}"] if asked.selection else []),
        f"logit of {target}{against}",
        plain(asked.head or "sum of all heads"),
        f"{interval_basis(basis.basis(report.units(scene.run)))}, not corrected for the number of "
        "comparisons",
    )
    titles = _titles(question.methods()) | _titles(measures())
    look.notes(
        (
            *scene.notes,
            *report.outdated(found),
            *report.too_few(scene.run, found, faithfulness.summary(_evaluated(scene, found))),
            *(
                f"{titles[name]} is left out: {reason}"
                for name, reason in found.skipped.items()
                if name in titles
            ),
            *(f"{problem.item} is left out: {problem.reason}" for problem in found.problems),
        )
    )
    if found.outdated:
        st.button(
            "Compute again",
            key=Key.START.of("faithfulness-again"),
            icon=":material/refresh:",
            on_click=callback(_again),
            args=(scene, asked),
        )


def _again(scene: Scene, asked: EvaluationRequest) -> None:
    """Starts an evaluation once more, and looks at its progress."""
    jobs_panel.start("faithfulness", run=str(scene.run.root), **asked.arguments)
    state.put(Key.STUDY.of(scene.run_id), _NEW)


def verdicts(scene: Scene, found: Results) -> None:
    """Methods × measures; a click selects the images where a method fails."""
    name = found.asked.name
    evaluation = _evaluated(scene, found)
    summary = faithfulness.summary(evaluation)
    look.plot(
        plots.faithfulness(evaluation, look.dark()),
        key := Key.FIGURE.of("faithfulness", name),
        on_select=lambda: _select(found, key),
        selection_mode="points",
        width="content",
    )
    for title, words in report.in_words(summary):
        st.markdown(f"**{plain(title)}** {plain(words)}")


def _select(found: Results, key: str) -> None:
    points = state.clicked(key)
    if not points:
        return
    method, measure = points[0]
    failed = report.failed(found, method, measure)
    if method in report.CONTROLS:
        st.toast("This is a control map; choose the square of a method.")
    elif failed:
        title = f"{report.title(method)} fails {measures()[measure].title}"
        state.select(title, failed)
    else:
        st.toast("The method does not fail on any image.")


def measure(scene: Scene, found: Results) -> None:
    """One measure in full: intervals, and the curves behind the values."""
    known, asked = measures(), found.asked
    chosen = st.selectbox(
        "Measure",
        asked.measures,
        key=Key.MEASURE,
        format_func=lambda name: known[name].title,
        bind="query-params",
        persist_state="session",
        width=300,
    )
    chosen = chosen if chosen in asked.measures else asked.measures[0]
    left, right = st.columns(2, gap="large")
    with left:
        drawn = plots.faithfulness_measure(_evaluated(scene, found), chosen, look.dark())
        look.plot(drawn, Key.FIGURE.of("faithfulness-measure"))
    with right:
        curves = plots.faithfulness_curves(_evaluated(scene, found), chosen, look.dark())
        if curves is not None:
            look.plot(curves, Key.FIGURE.of("faithfulness-curves"))
    st.caption(f"{plain(known[chosen].note)} {plain(known[chosen].source)}.")


def downloads(scene: Scene, found: Results) -> None:
    run, asked = scene.run, found.asked
    name = f"faithfulness-{scene.run_id}-{asked.name}"
    summary = faithfulness.summary(_evaluated(scene, found))
    how: dict[str, str | float | None] = {
        "evaluation": asked.name,
        "explained": asked.target or "class as predicted",
        "against": asked.against or "",
        "head": asked.head or "sum of all heads",
        "images_asked": asked.images,
        "selection": asked.selection or "",
        "seed": asked.seed,
        "settings": json.dumps(dict(asked.settings), sort_keys=True),
        "finished": found.finished,
        "outdated": ", ".join(found.outdated),
    }
    intervals = basis.columns(report.units(run))
    with st.container(horizontal=True):
        take_away.table(
            "Summary (CSV)",
            lambda: report.with_words(summary),
            f"{name}-summary",
            run=run,
            split=asked.split,
            **how,
            **intervals,
        )
        take_away.table(
            "Every value (CSV)",
            lambda: report.with_predictions(run, found.table),
            f"{name}-values",
            run=run,
            split=asked.split,
            **how,
        )


def form(scene: Scene) -> None:
    """Asks for a new evaluation and starts it."""
    job = _last(scene)
    if job is not None and job.state.live:
        look.heading(
            "An evaluation is running", "It may be left alone; what it has finished is kept."
        )
        jobs_panel.bar(job)
        return
    if job is not None and job.state is not State.SUCCEEDED:
        st.warning(plain(jobs_panel.why(job)), icon=":material/warning:")
    look.heading("A new evaluation", "Values that were computed before are not computed again.")
    asked = _ask(scene)
    if not asked.methods or not asked.measures:
        st.caption("Choose at least one method and one measure.")
        return
    _cost(scene, asked)
    start = st.button(
        "Start", key=Key.START.of("faithfulness"), type="primary", icon=":material/play_arrow:"
    )
    if start:
        wanted = {
            "images": asked.images,
            "methods": list(asked.methods),
            "measures": list(asked.measures),
            "against": asked.against,
            "selection": asked.selection,
        }
        given = {name: value for name, value in wanted.items() if value is not None}
        jobs_panel.start("faithfulness", run=str(scene.run.root), **given)
        st.rerun()
    question.say_unavailable(scene.run)


def _quick(valid: Sequence[str]) -> tuple[str, ...]:
    """Methods that are chosen at first: those of a single pass, or else the first two."""
    return tuple(name for name in _QUICK_METHODS if name in valid) or tuple(valid[:2])


def _last(scene: Scene) -> Job | None:
    """The newest job that evaluates this run's maps."""
    return next(
        (
            job
            for job in jobs.list_jobs()
            if job.kind == "faithfulness" and job.arguments.get("run") == str(scene.run.root)
        ),
        None,
    )


def _ask(scene: Scene) -> EvaluationRequest:
    methods, known, reasons = question.methods(), measures(), question.unavailable(scene.run)
    valid = sorted(set(methods) - set(reasons), key=lambda name: methods[name].title)
    offered = _offered(scene.run)
    chosen = _pills(
        "Methods", Key.METHOD.of("faithfulness"), valid, _titles(methods), _quick(valid)
    )
    measured = _pills(
        "Measures", Key.MEASURE.of("faithfulness"), offered, _titles(known), _QUICK_MEASURES
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        images = st.number_input(
            "Images",
            1,
            max(1, len(scene.run)),
            min(28, len(scene.run)),
            key=Key.IMAGES,
            help="Classes alike as far as they go. A verdict rests on at least "
            f"{FEWEST} {report.units(scene.run)}.",
            bind="query-params",
            persist_state="session",
            width=140,
        )
        margin = st.toggle(
            "Against the runner-up",
            key=Key.AGAINST.of("faithfulness"),
            help="Explain the margin between the two highest classes in place of the logit.",
            bind="query-params",
            persist_state="session",
            disabled=len(scene.run.classes) < 2,
        )
        among = subset.ask(scene, "Images of", Key.IMAGES.of("faithfulness"))
    return EvaluationRequest(
        images=int(images or 1),
        methods=tuple(chosen),
        measures=tuple(measured),
        against=RUNNER_UP if margin else None,
        selection=among,
    )


def _offered(run: Run) -> list[str]:
    """Measures whose masks the images have."""
    return [
        name for name, each in measures().items() if not each.needs or has_mask(run, each.needs)
    ]


def _titles(known: Mapping[str, _Titled]) -> dict[str, str]:
    return {name: each.title for name, each in known.items()}


def _pills(
    label: str, key: str, names: Sequence[str], titles: Mapping[str, str], quick: Sequence[str]
) -> list[str]:
    return st.pills(
        label,
        names,
        selection_mode="multi",
        default=[name for name in quick if name in names],
        key=key,
        format_func=titles.__getitem__,
        bind="query-params",
        persist_state="session",
    )


def _cost(scene: Scene, asked: EvaluationRequest) -> None:
    """How long it takes, as far as it is known."""
    with guard():
        classifier = models.classifier(scene.run)
        asked, _ = resolved(scene.run, classifier, asked)
        needed = passes(classifier, asked)
        device = "cuda" if gpus() else "cpu"
        learnt = costs_of(classifier.hash, device).expected([(EVALUATING, needed * asked.images)])
        time = f": {span(*learnt)} in all" if learnt else ""
        st.caption(f"About {needed:,} forward passes an image{time}, less what is at hand already.")
