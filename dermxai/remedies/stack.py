"""A stack of remedies: an ordered list of names and settings, fitted one after the other."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

from dermxai.core import entries, paths
from dermxai.core.entries import UnusableError
from dermxai.core.errors import InputError
from dermxai.core.settings import Settings, checked
from dermxai.core.values import shown
from dermxai.metrics.decision import ARGMAX, DecisionRule
from dermxai.remedies.images import Division, divided, images_of
from dermxai.remedies.outputs import Change, Outputs, Strings
from dermxai.remedies.remedy import REMEDIES, Bench, Fitted, Remedy, SkippedError
from dermxai.runs import Run, open_run

MOST_STEPS = 12
MOST_CHARACTERS = 20_000
"""Of a stack's JSON."""


@dataclass(frozen=True)
class Step:
    """A remedy and how it is set."""

    remedy: str
    settings: Settings

    @property
    def component(self) -> Remedy[Settings]:
        return REMEDIES.find(self.remedy)

    @property
    def title(self) -> str:
        return self.component.title

    def told(self) -> dict[str, object]:
        """Name, and settings that are not the usual ones."""
        usual = type(self.settings)().model_dump()
        other = {k: v for k, v in self.settings.model_dump().items() if v != usual.get(k)}
        return {"remedy": self.remedy} | ({"settings": other} if other else {})


@dataclass(frozen=True)
class Stack:
    """Remedies in the order in which they are fitted."""

    steps: tuple[Step, ...] = ()

    @classmethod
    def of(cls, given: Sequence[object]) -> "Stack":
        """
        Args:
            given: names, or mappings with ``remedy`` and, where some are not the usual ones,
                ``settings``.

        Raises:
            InputError: no such remedy, settings that are not allowed, or too many.
        """
        if len(given) > MOST_STEPS:
            raise InputError(f"{len(given)} remedies came; a stack has at most {MOST_STEPS}.")
        return cls(tuple(map(_step, given)))

    @classmethod
    def parsed(cls, text: str) -> "Stack":
        """
        Args:
            text: JSON, as `text` gives it; or names with commas, for the usual settings.

        Raises:
            InputError: it is neither, or as `of`.
        """
        text = text.strip()
        if len(text) > MOST_CHARACTERS:
            raise InputError(
                f"A stack of {len(text):,} characters came; it has at most {MOST_CHARACTERS:,}."
            )
        if not text.startswith("["):
            return cls.of([name.strip() for name in text.split(",") if name.strip()])
        try:
            given = entries.parse_json(text.encode("utf-8", "surrogatepass"), list)
        except UnusableError as error:
            raise InputError(
                f'The stack {error}; expected a list such as [{{"remedy": "temperature"}}].'
            ) from error
        return cls.of(given)

    @property
    def text(self) -> str:
        """JSON, the shortest that stands for it."""
        told = [step.told() for step in self.steps]
        return json.dumps(told, ensure_ascii=False, separators=(",", ":"), sort_keys=True)

    @property
    def runs(self) -> tuple[str, ...]:
        """Other runs that it names, by id or folder."""
        named = (step.component.runs(step.settings) for step in self.steps)
        return tuple(dict.fromkeys(name for each in named for name in each))

    @property
    def digest(self) -> str:
        """Tells it from other stacks, and from itself where a remedy has become another one."""
        told = [
            [step.remedy, step.component.version, step.settings.model_dump()] for step in self.steps
        ]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]


def _step(given: object) -> Step:
    if isinstance(given, str):
        given = {"remedy": given}
    if not isinstance(given, Mapping) or not isinstance(given.get("remedy"), str):
        raise InputError(
            f'{shown(given)} is no step of a stack; expected {{"remedy": NAME, "settings": …}}.'
        )
    if odd := sorted(str(name) for name in given if name not in ("remedy", "settings")):
        raise InputError(f"A step has {shown(odd[0])}; expected remedy and settings.")
    component = REMEDIES.find(given["remedy"])
    return Step(component.name, checked(component.name, component.settings, given.get("settings")))


@dataclass(frozen=True)
class Told:
    """What became of a step.

    Attributes:
        title: of the remedy.
        notes: what was chosen or left out.
        skipped: why it changes nothing; empty where it was fitted.
    """

    title: str
    notes: tuple[str, ...] = ()
    skipped: str = ""


@dataclass(frozen=True, eq=False)
class FittedStack:
    """
    Attributes:
        changes: of predictions, in their order.
        titles: of the remedy of each change.
        rule: that decides in the end.
        told: one a step.
        notes: on the images that it was fitted on.
        learnt_from, chosen_on: training and validation images.
        trained_on_validation: whether heads are learnt from validation images, too.
        added: whether images of other runs are learnt from.
    """

    run: Run
    stack: Stack
    division: Division
    changes: tuple[Change, ...]
    titles: tuple[str, ...]
    rule: DecisionRule
    told: tuple[Told, ...]
    notes: tuple[str, ...]
    learnt_from: int
    chosen_on: int
    trained_on_validation: bool
    added: bool

    def applied(self, outputs: Outputs) -> Outputs:
        """What the changed network says of images."""
        for change in self.changes:
            outputs = change.applied(outputs)
        return outputs

    def labelled(self, labels: Strings) -> Strings:
        """(m,) labels as its classes are called."""
        for change in self.changes:
            labels = change.labelled(labels)
        return labels

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Of the changed network."""
        empty = images_of(self.run, self.division.training[:0]).outputs
        return self.applied(empty).classes


def fit_stack(
    run: Run, stack: Stack, progress: Callable[[int, int], None] | None = None
) -> FittedStack:
    """Fits remedies on training and validation images, one after the other. Test images are not
    read: neither their labels nor what is predicted of them.

    Args:
        run: that tells the splits of its images.
        progress: called often, with steps done and in all; whatever it raises stops the fit.

    Raises:
        InputError: it does not, another run cannot be opened, or settings do not go with its
            images.
    """
    told_of, steps = progress or (lambda _, __: None), len(stack.steps)
    told_of(0, steps)
    division = divided(run)
    others = {name: open_run(paths.named_run(name)) for name in stack.runs}
    bench = Bench(
        images_of(run, division.training), images_of(run, division.validation), run, others
    )
    changes: list[tuple[str, Change]] = []
    flags = {"trained_on_validation": False, "added": False}
    told: list[Told] = []
    rule = ARGMAX
    for done, step in enumerate(stack.steps):
        component = step.component
        bench = replace(bench, tick=partial(told_of, done, steps))
        bench.tick()
        try:
            fitted = component.fitted(bench, step.settings)
        except SkippedError as error:
            told.append(Told(component.title, skipped=str(error)))
            continue
        if fitted.change is not None and rule is not ARGMAX:
            raise InputError(
                f"{component.title} comes after an operating point, whose thresholds would no "
                "longer hold; put the operating point last."
            )
        told.append(Told(component.title, fitted.notes))
        bench = _after(bench, fitted)
        changes += [] if fitted.change is None else [(component.title, fitted.change)]
        flags = {name: value or getattr(fitted, name) for name, value in flags.items()}
        rule = fitted.rule or rule
    return FittedStack(
        run,
        stack,
        division,
        tuple(change for _, change in changes),
        tuple(title for title, _ in changes),
        rule,
        tuple(told),
        tuple(division.notes),
        len(bench.training),
        len(bench.validation),
        **flags,
    )


def _after(bench: Bench, fitted: Fitted) -> Bench:
    training = bench.training if fitted.training is None else fitted.training
    validation = bench.validation if fitted.validation is None else fitted.validation
    if fitted.change is not None:
        training = training.changed(fitted.change)
        validation = validation.changed(fitted.change)
    return replace(bench, training=training, validation=validation)
