"""The form that starts a training."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import streamlit as st

from dermxai import jobs
from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.core.settings import Setting, described
from dermxai.jobs import Job
from dermxai.jobs.arguments import swept_of
from dermxai.jobs.gpus import gpus
from dermxai.jobs.kinds import find_kind
from dermxai.jobs.kinds.train import Arguments
from dermxai.jobs.launchers import launchers
from dermxai.jobs.queue import NORMAL, PRIORITIES
from dermxai.slices import find_slices
from dermxai.training.recipe import BASELINES, IMAGENET, PACKAGED, RECIPES, Recipe, chosen
from dermxai.ui.app import jobs_panel, pages, permissions
from dermxai.ui.app.guard import callback, guard
from dermxai.ui.components import estimate, forms, subset
from dermxai.ui.components.text import count, plain
from dermxai.ui.session import catalogue, state
from dermxai.ui.session.caches import models
from dermxai.ui.session.state import Key

_RANDOM = "random"
_LIKE = "as the job"
_MOST_TRAININGS = 20  # folds, and seeds of each, that the form offers
_TITLES = {
    IMAGENET: "ImageNet weights",
    PACKAGED: "ImageNet weights of EfficientNet-Lite0, packaged",
    _RANDOM: "Random weights",
}
_NOTES = {
    "paper": "As Zhu et al. 2021: ImageNet weights, layers unfrozen step by step, SGD.",
    "scratch": "From random weights, when there are no others. Takes long.",
    "light": "A small network from packaged ImageNet weights, frozen first; for a CPU.",
    "quick": "A small network on small images: a first look within minutes.",
    _LIKE: "The settings of the job that is cloned.",
}
_FIRST = ("epochs", "batch_size")
_SUBSETS = {
    "only": ("Images of", "all images", "Learns from and validates on a slice alone."),
    "leave_out": ("Without", "none", "A slice that plays no part, such as label errors."),
}
_ELSEWHERE = {*_FIRST, *_SUBSETS, "weights", "start_from"}


@dataclass(frozen=True)
class Opened:
    """An open form.

    Attributes:
        name: tells it from the forms of before.
        seen: the newest job when it was opened.
        dataset: that is offered first.
        like: arguments of the job that is cloned; empty where none is.
        where: its launcher.
    """

    name: str
    seen: str
    dataset: str | None
    like: Mapping[str, object]
    where: str

    @property
    def recipe(self) -> Recipe | None:
        """Of the job that is cloned."""
        return chosen("scratch", self.like.get("recipe")) if self.like else None


def button() -> None:
    """Opens the form; and the form, where it was asked for."""
    st.button(
        "Fine-tune",
        key=Key.FINE_TUNE,
        icon=":material/model_training:",
        type="tertiary",
        on_click=callback(open_form),
        help="Train a checkpoint on a dataset, on this computer or on a cluster.",
    )
    if isinstance(opened := state.get(Key.FORM), Opened):
        _dialog(opened)


def open_form(like: Job | None = None) -> None:
    """Lets the form appear when the page is drawn next.

    Args:
        like: a training whose dataset and settings to begin with.
    """
    newest = jobs.list_jobs()
    arguments = dict(like.arguments) if like else {}
    dataset = arguments.get("dataset") or catalogue.pair(catalogue.entries(), state.view())[1]
    opened = Opened(
        name=f"{time.time_ns():x}",
        seen=newest[0].id if newest else "",
        dataset=dataset if isinstance(dataset, str) else None,
        like=arguments,
        where=like.where if like else "local",
    )
    state.put(Key.FORM, opened)


def _close() -> None:
    state.take(Key.FORM)


@st.dialog("Fine-tune", width="large", on_dismiss=callback(_close))
def _dialog(opened: Opened) -> None:
    with guard():
        permissions.check("start jobs")
        _form(opened)


def _form(opened: Opened) -> None:
    (first, second), (third, fourth) = st.columns(2), st.columns(2)
    with second:
        dataset = _ask_dataset(opened)
    with third:
        name, base = _ask_recipe(opened)
    with first:
        start = _ask_start(opened, name, base)
    with fourth:
        where = _ask_where(opened)
    base = _starting(base, start)
    form = f"{opened.name}-{name}-{start}"
    settings = {each.name: each for each in described(Recipe)}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        asked = {field: forms.ask(settings[field], form, getattr(base, field)) for field in _FIRST}
        output = _ask_output(opened, dataset, name)
    wrong = ""
    with st.expander("More", icon=":material/tune:"):
        more = [field for field in settings if field not in _ELSEWHERE]
        switches = [field for field in more if settings[field].kind is bool]
        with st.container(horizontal=True):
            for field in switches:
                asked[field] = forms.ask(settings[field], form, getattr(base, field))
        asked |= _ask_subsets(opened, dataset, form, base)
        columns = st.columns(3)
        for index, field in enumerate(field for field in more if field not in switches):
            with columns[index % len(columns)]:
                asked[field] = forms.ask(settings[field], form, getattr(base, field))
        priority, tags = _ask_place(opened)
        try:
            study = _ask_study(opened, where)
        except InputError as error:
            study, wrong = {}, str(error)
    if wrong:
        st.error(plain(wrong), icon=":material/error:")
        return
    try:
        arguments = _arguments(opened, dataset, base.replaced(**asked)) | study
        find_kind("train").check(arguments)
    except InputError as error:
        st.error(plain(error), icon=":material/error:")
        return
    estimate.ask(arguments)
    if where != "local":
        st.caption("Time and memory are those of this computer.")
    arguments |= {"output": str(output)}
    if st.button("Start", key=Key.START.of("train"), type="primary", icon=":material/play_arrow:"):
        token = jobs.form_token("train", arguments, opened.seen)
        job = jobs_panel.submit(
            "train", arguments, where=where, token=token, priority=priority, tags=tags.split(",")
        )
        state.put(Key.TRAININGS, [job.id])
        _close()
        st.switch_page(pages.TRAINING)


def _ask_dataset(opened: Opened) -> str:
    known = catalogue.datasets(catalogue.entries())
    if not known:
        raise InputError("There is no dataset yet; choose one at the left first.")
    wanted = opened.dataset
    if wanted and wanted not in known:
        try:
            known = list(dict.fromkeys([str(paths.inside_roots(wanted)), *known]))
        except InputError as error:
            st.warning(f"{plain(error)} Until then, choose another dataset.")
    names = catalogue.told_apart(known, lambda path: Path(path).name)
    return st.selectbox(
        "Dataset",
        known,
        index=known.index(wanted) if wanted in known else 0,
        key=Key.SETTING.of(opened.name, "dataset"),
        format_func=names.__getitem__,
        help="Its training images are learnt from, its validation images evaluate it. Without "
        "such a split a fifth of the patients validate.",
    )


def _ask_subsets(opened: Opened, dataset: str, form: str, base: Recipe) -> dict[str, object]:
    """Which images play a part, where the dataset has slices."""
    same = dataset == opened.like.get("dataset")
    held = {name: str(getattr(base, name)) if same else "" for name in _SUBSETS}
    if not any(held.values()) and not find_slices(dataset)[0]:
        return dict.fromkeys(_SUBSETS, "")
    asked: dict[str, object] = {}
    for column, (name, (label, none, about)) in zip(st.columns(2), _SUBSETS.items(), strict=True):
        with column:
            key = Key.SETTING.of(form, dataset, name)
            asked[name] = subset.ask_slice(dataset, label, key, held[name], none=none, about=about)
    return asked


def _ask_recipe(opened: Opened) -> tuple[str, Recipe]:
    known = dict(RECIPES)
    if opened.recipe:
        known = {_LIKE: opened.recipe, **known}
    name = st.segmented_control(
        "Recipe",
        list(known),
        default=_LIKE if opened.recipe else "paper" if gpus() else "quick",
        required=True,
        key=Key.SETTING.of(opened.name, "recipe"),
        format_func=str.capitalize,
    )
    st.caption(_NOTES.get(name, ""))
    return name, known[name]


def _ask_start(opened: Opened, name: str, base: Recipe) -> str:
    """ "imagenet", "random", a checkpoint, or a file of weights."""
    checkpoints = catalogue.checkpoints(catalogue.entries())
    usual = base.start_from or base.weights or _RANDOM
    options = list(dict.fromkeys([IMAGENET, PACKAGED, _RANDOM, *checkpoints, usual]))
    names = catalogue.told_apart(checkpoints, catalogue.checkpoint_name)
    return st.selectbox(
        "Start from",
        options,
        index=options.index(usual),
        key=Key.SETTING.of(opened.name, name, "start"),
        format_func=lambda option: _TITLES.get(option) or names.get(option, option),
        accept_new_options=True,
        help="ImageNet weights are downloaded once. A checkpoint brings its own architecture. Of "
        "other weights, such as timm's model.safetensors, type the path.",
    )


def _ask_where(opened: Opened) -> str:
    known = {name: each for name, each in launchers().items() if not each.available()}
    names = {name: each.title for name, each in known.items()}
    names["local"] += f" ({count(len(gpus()), 'GPU') if gpus() else 'no GPU'})"
    return st.selectbox(
        "Where to run",
        list(known),
        index=list(known).index(opened.where) if opened.where in known else 0,
        key=Key.SETTING.of(opened.name, "where"),
        format_func=names.__getitem__,
        help="A cluster appears here where sbatch is at hand; slurm.toml in the workspace says "
        "what to ask it for.",
    )


def _ask_output(opened: Opened, dataset: str, recipe: str) -> Path:
    stem = f"{Path(dataset).stem}-{'again' if recipe == _LIKE else recipe}"
    taken = {path.name for path in paths.checkpoints().glob("*")}
    taken |= {Path(str(job.arguments.get("output", ""))).name for job in jobs.list_jobs()}
    number = next(n for n in range(1, len(taken) + 2) if _numbered(stem, n) not in taken)
    name = st.text_input(
        "Name of the new checkpoint",
        _numbered(stem, number),
        key=Key.SETTING.of(opened.name, recipe, Path(dataset).stem, "output"),
        max_chars=80,
        width="stretch",
    ).strip()
    if not name or name.startswith(".") or Path(name).name != name:
        raise InputError(f"{name!r} cannot name a checkpoint; use letters, digits and hyphens.")
    if (paths.checkpoints() / name).exists():
        raise InputError(f"There is a checkpoint {name!r} already; choose another name.")
    return paths.checkpoints() / name


def _ask_place(opened: Opened) -> tuple[str, str]:
    """Priority, and tags with commas."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        priority = st.selectbox(
            "Priority",
            PRIORITIES,
            index=PRIORITIES.index(NORMAL),
            key=Key.SETTING.of(opened.name, "priority"),
            format_func=str.capitalize,
            width=160,
            help="Who is served first of those that wait. Nothing at work is stopped for it; on a "
            "cluster low is behind others, and high as normal.",
        )
        tags = st.text_input("Tags, with commas", key=Key.SETTING.of(opened.name, "tags"))
    return priority, tags


def _ask_study(opened: Opened, where: str) -> dict[str, object]:
    """Arguments beyond one training on one device; those as usual are left out."""
    known = {each.name: each for each in described(Arguments)}
    most = {"folds": _MOST_TRAININGS, "seeds": _MOST_TRAININGS}
    if where == "local" and (installed := len(gpus())) > 1:
        most["devices"] = installed
    asked: dict[str, object] = {}
    st.markdown("**Cross-validation**")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for name, high in most.items():
            held = opened.like.get(name, known[name].default)
            like = int(held) if isinstance(held, int | float) else 0
            like = min(like, high) if name == "devices" else like
            bounded = replace(known[name], high=max(like, high))
            value = forms.ask(bounded, opened.name, like)
            asked |= {name: value} if value != known[name].default else {}
        networks_of = opened.like.get("baselines")
        others = [str(network) for network in networks_of] if isinstance(networks_of, list) else []
        networks = forms.ask_several(known["baselines"], opened.name, others, BASELINES)
        asked |= {"baselines": networks} if networks else {}
    asked |= _ask_sweep(opened, known)
    if not asked.get("folds") and ("seeds" in asked or "baselines" in asked):
        raise InputError("Several seeds and networks are compared by folds; set Folds, to 5 say.")
    if asked.get("folds") and asked.get("sweep"):
        raise InputError("Settings are compared on the validation images; set Folds to 0.")
    return asked


def _ask_sweep(opened: Opened, known: Mapping[str, Setting]) -> dict[str, object]:
    """Values of settings to compare, as arguments of the job; nothing where there are none."""
    st.markdown("**Compare settings**")
    like = opened.like.get("sweep")
    held = " ".join(
        f"{name}={','.join(map(str, values))}"
        for name, values in (like.items() if isinstance(like, Mapping) else ())
        if isinstance(values, list)
    )
    text = st.text_input(
        "Values to compare",
        held,
        key=Key.SETTING.of(opened.name, "sweep"),
        placeholder="learning_rate=1e-3,5e-4 balance=0,0.5",
        help="Values with commas, settings with spaces: every combination is trained and ranked on "
        "the validation images. They replace what is set above.",
    )
    if not text.strip():
        return {}
    like_halving = bool(opened.like.get("halving", known["halving"].default))
    halving = forms.ask(known["halving"], opened.name, like_halving)
    single, swept = swept_of(text.split())
    if single:
        raise InputError(f"{single[0]!r} names one value; give several, with commas.")
    return {"sweep": swept, "halving": halving}


def _numbered(stem: str, number: int) -> str:
    return stem if number == 1 else f"{stem}-{number}"


def _starting(base: Recipe, start: str) -> Recipe:
    """The recipe from other weights; those of a checkpoint want its own network and input."""
    if start in _TITLES:
        return base.replaced(start_from="", weights=start if start in (IMAGENET, PACKAGED) else "")
    if start not in catalogue.checkpoints(catalogue.entries()):
        start = str(paths.inside_roots(start))
    if os.path.isfile(start):  # noqa: PTH113
        return base.replaced(start_from="", weights=start)
    info = models.model_info(start)
    return base.replaced(
        weights="",
        start_from=start,
        architecture=info.architecture,
        auxiliary=len(info.heads) > 1,
        size=info.preprocessing.size,
        start_size=min(base.start_size, info.preprocessing.size),
        colour_constancy=info.preprocessing.colour_constancy,
    )


def _arguments(opened: Opened, dataset: str, recipe: Recipe) -> dict[str, object]:
    """What training and estimate have in common."""
    same = dataset == opened.like.get("dataset")
    options = opened.like.get("dataset_options") if same else None
    return {
        "dataset": dataset,
        "recipe": recipe.model_dump(),
        "dataset_options": {**(options if isinstance(options, Mapping) else {}), "confine": True},
    }
