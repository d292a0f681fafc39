"""What a job can be: one file a kind, discovered automatically, see `JobKind`."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Generic, Literal, Protocol, TypeVar, get_args, get_origin

from dermxai.core.components import Component, Kind
from dermxai.core.errors import InputError
from dermxai.core.settings import Settings, setting

OPTIONS: Mapping[str, Sequence[str]] = {
    "checkpoint_options": (
        "architecture",
        "classes",
        "size",
        "activation",
        "weights",
        "mean",
        "std",
        "layout",
    ),
    "dataset_options": ("columns", "label_map", "levels", "confine"),
}
"""What `load_classifier` and `load_dataset` can be told, without importing them."""
RENAMED: Mapping[str, str] = {"quality": "faithfulness"}
"""What kept jobs, settings and earlier commands call a kind."""
SHARES = setting(
    1, "Processes that share the work, each with a GPU of its own where there are any.", 1, 1024
)
"""``shares`` of the kinds that offer `JobKind.work_on_share`."""
Lane = Literal["device", "processor", "aside"]
"""One job runs in each at a time, of "device" one on each GPU; "aside" has a GPU only where one is
free at once."""
A = TypeVar("A", bound=Settings)


class Report(Protocol):
    """Told how far the work is, with newest figures, `formatting.LEFT` among them where the work
    knows how long it still takes; raises `Cancelled` to stop it."""

    def __call__(
        self, phase: str, step: int, total: int, figures: Mapping[str, float] | None = None
    ) -> None: ...


@dataclass(frozen=True)
class Share:
    """A part of a job's work, see `dermxai.jobs.shares`.

    Attributes:
        index, of: which, and of how many.
        token: of the run of the job, the same for all its shares.
    """

    index: int
    of: int
    token: str


@dataclass(frozen=True, kw_only=True)
class JobKind(Component, Generic[A]):
    """
    Attributes:
        lane: what of a machine it needs.
        arguments: what it is asked with. JSON holds them, so a list is annotated as a Sequence and
            settings as a Mapping.
    """

    lane: Lane
    arguments: type[A]

    @abstractmethod
    def title(self, arguments: Mapping[str, object]) -> str:
        """For lists of jobs. Whatever the arguments are, it raises nothing."""

    @abstractmethod
    def work(self, report: Report, arguments: A) -> dict[str, object]:
        """Does it.

        Args:
            report: called often: that is where the job is cancelled.

        Returns:
            What `Job.result` shows. What it had finished must serve it when it is run again.

        Raises:
            InputError: in a sentence, why it cannot be done.
        """

    def check(self, arguments: Mapping[str, object]) -> None:
        """Tells what ``work`` would refuse, where that can be told at once.

        Args:
            arguments: perhaps some of them only.

        Raises:
            InputError: so it would.
        """

    def work_on_share(self, report: Report, share: Share, arguments: A) -> None:
        """Does every ``share.of``-th piece of what ``work`` would do, and leaves it where that
        finds it. A kind offers it whose arguments have ``shares``: how many processes there are.
        """
        raise NotImplementedError

    def run(self, report: Report, /, **arguments: object) -> dict[str, object]:
        """``work``, with arguments by their names.

        Raises:
            InputError: an argument is missing, unknown or of another kind; as ``work``.
        """
        return self.work(report, self.checked(arguments))

    def share(
        self, report: Report, index: int, of: int, token: str, /, **arguments: object
    ) -> None:
        """``work_on_share``, with arguments by their names.

        Raises:
            InputError: the work of this kind cannot be shared; as ``run``.
        """
        if "shares" not in self.arguments.model_fields:
            raise InputError(f"The work of a job of kind {self.name!r} cannot be shared.")
        self.work_on_share(report, Share(index, of, token), self.checked(arguments))

    def checked(self, arguments: Mapping[str, object]) -> A:
        """Arguments by their names.

        Raises:
            InputError: one is missing, unknown or of another kind.
        """
        known = self.arguments.model_fields
        unknown = [name for name in arguments if name not in known]
        missing = [name for name in _needed(self.arguments) if name not in arguments]
        if unknown or missing:
            wrong = f"does not know {unknown[0]!r}" if unknown else f"needs {missing[0]!r}"
            raise InputError(f"A job of kind {self.name!r} {wrong}; it takes {', '.join(known)}.")
        return self.arguments(**arguments)


def _faults(kind: "JobKind[Settings]") -> Iterator[str]:
    for name, field in kind.arguments.model_fields.items():
        if not field.description:
            yield f"The argument {name} has no line of help."
    own = type(kind).work_on_share is not JobKind.work_on_share
    if own != ("shares" in kind.arguments.model_fields):
        yield "It has an argument shares or a method work_on_share; expected both or neither."


KINDS: Kind[JobKind[Settings]] = Kind(
    JobKind,  # type: ignore[type-abstract]
    __name__,
    "job kind",
    _faults,
)


def find_kind(name: str) -> JobKind[Settings]:
    """
    Raises:
        InputError: there is no such kind.
    """
    return KINDS.find(RENAMED.get(name, name))


def check_arguments(kind: JobKind[A], arguments: Mapping[str, object]) -> dict[str, object]:
    """The arguments that are given, each of its own type: 2 where 2.0 is a whole number.

    Raises:
        InputError: an argument is missing, unknown or of another kind, or the kind refuses it.
    """
    given: dict[str, object] = kind.checked(arguments).model_dump(exclude_unset=True)
    for name, known in OPTIONS.items():
        options = given.get(name)
        asked = options if isinstance(options, Mapping) else {}
        if strange := [option for option in asked if option not in known]:
            raise InputError(f"{name} has no {strange[0]!r}; there are {', '.join(known)}.")
    kind.check(given)
    return given


def check_types(kind: str, arguments: Mapping[str, object]) -> None:
    """As `check_arguments`, of a job of perhaps another version: settings, and what is not known
    today, may be anything.

    Raises:
        InputError: an argument is missing, or of another type.
    """
    known = KINDS.all().get(kind)
    if known is None:
        return
    if missing := [name for name in _needed(known.arguments) if name not in arguments]:
        raise InputError(f"{missing[0]} is missing.")
    fields = known.arguments.model_fields
    empty: dict[object, object] = {Sequence: [], Mapping: {}}
    held = {
        name: next(
            (empty[kind] for kind in allowed(fields[name].annotation) if kind in empty), value
        )
        for name, value in arguments.items()
        if name in fields
    }
    known.arguments(**held)


def _needed(arguments: type[Settings]) -> list[str]:
    return [name for name, field in arguments.model_fields.items() if field.is_required()]


def allowed(annotation: object) -> tuple[object, ...]:
    """The types that an argument may have, without what they hold: (int, NoneType), say."""
    several = get_args(annotation) if isinstance(annotation, UnionType) else (annotation,)
    return tuple(get_origin(each) or each for each in several)


def number(arguments: Mapping[str, object], name: str) -> int:
    """An argument that is a whole number; 1 where it is not given."""
    value = arguments.get(name)
    return int(value) if isinstance(value, int | float | str) and value else 1


def named(arguments: Mapping[str, object], name: str) -> str:
    """For titles: the last part of an argument that is a path; empty where there is none."""
    return Path(str(arguments.get(name, ""))).name
