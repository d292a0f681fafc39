"""Settings of plug-ins, recipes, launchers and notices: pydantic models under one rule. Forms,
``--set``, kept files and JSON schemas all follow from their fields."""

import types
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from enum import Enum
from numbers import Integral, Real
from types import EllipsisType
from typing import Any, Self, TypeVar, get_origin, overload

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    field_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_core.core_schema import ValidationInfo

from dermxai.core.errors import KINDS, InputError
from dermxai.core.values import (
    LARGEST,
    PLAIN,
    SettingError,
    check_within,
    is_plain,
    is_utf8,
    kinds_of,
    shown,
)

_CONTAINERS = {Sequence: "a list", Mapping: "settings by their names"}


class Settings(BaseModel):
    """A frozen set of values. Whole numbers may be written as 30.0 and numbers as 1; no text is a
    number, and neither is true.

    Raises:
        InputError: an unknown setting, or a value that is not allowed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def __init__(self, /, **values: object) -> None:
        if unknown := [name for name in values if name not in type(self).model_fields]:
            raise _unknown(type(self), unknown[0])
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise _as_input_error(type(self), error) from None

    def replaced(self, **values: object) -> Self:
        """The same but for some values, which are checked."""
        return type(self)(**{**self.model_dump(), **values})

    @field_validator("*", mode="before")
    @classmethod
    def _is_allowed(cls, value: object, info: ValidationInfo) -> object:
        field = cls.model_fields[str(info.field_name)]
        kinds, choices = kinds_of(field.annotation), _list(_extra(field).get("enum"))
        if value is None and types.NoneType in kinds:
            return None
        if set(kinds) <= {*PLAIN, types.NoneType}:
            number = isinstance(value, Real) and not isinstance(value, bool)
            if not isinstance(value, int | float) and isinstance(value, Real):  # of numpy
                value = int(value) if isinstance(value, Integral) else float(value)
            text = isinstance(value, str) and str in kinds
            if not (number and {int, float} & set(kinds)) and not text and type(value) not in kinds:
                raise ValueError("another kind")
        if isinstance(value, Set):
            raise ValueError("no order")
        if not is_plain(value):
            raise ValueError("too deep or large, or names that are no texts")
        if not is_utf8(value):
            raise SettingError(str(info.field_name), "is not UTF-8; expected text in UTF-8.")
        if not _extra(field).get("writeOnly"):  # of which no part is shown
            check_within(str(info.field_name), field.annotation, value)
        if choices and value not in choices:
            raise ValueError("none of the choices")
        if (each_of := _item_choices(field)) and isinstance(value, list | tuple):
            for each in value:
                if each not in each_of:
                    known = ", ".join(map(str, each_of))
                    raise SettingError(
                        str(info.field_name), f"has {shown(each)}; expected some of {known}."
                    )
        return value


S = TypeVar("S", bound=Settings)
T = TypeVar("T")


@dataclass(frozen=True)
class Setting:
    """What is known of a setting.

    Attributes:
        kind: bool, int, float or str; what else a field is annotated with.
        low, high: bounds of a number that has some.
        choices: empty where any value of its kind and bounds is allowed; of a list what each of its
            values may be.
        words: what it may be, where the rest does not say it.
        optional: whether it may be None.
        title: above its field in a form; empty where its name serves.
    """

    name: str
    kind: object
    default: object
    help: str
    low: float | None
    high: float | None
    choices: tuple[object, ...]
    unit: str
    words: str = ""
    optional: bool = False
    title: str = ""


@overload
def setting(
    default: EllipsisType,
    text: str,
    low: float | None = None,
    high: float | None = None,
    *,
    choices: Sequence[JsonValue] = (),
    unit: str = "",
    secret: bool = False,
    words: str = "",
    title: str = "",
) -> Any: ...
@overload
def setting(
    default: T,
    text: str,
    low: float | None = None,
    high: float | None = None,
    *,
    choices: Sequence[JsonValue] = (),
    unit: str = "",
    secret: bool = False,
    words: str = "",
    title: str = "",
) -> T: ...
def setting(
    default: object,
    text: str,
    low: float | None = None,
    high: float | None = None,
    *,
    choices: Sequence[JsonValue] = (),
    unit: str = "",
    secret: bool = False,
    words: str = "",
    title: str = "",
) -> object:
    """A field of `Settings`.

    Args:
        text: a line of help; of a number without its unit.
        choices: what it may be; of a list what each of its values may be.
        secret: no sentence shows its value.
        words: what it may be, where kind, bounds and choices do not say it: "a size with its unit".
        title: where its name is no good one: of forms and of the JSON schema.
    """
    extra: dict[str, JsonValue] = {"unit": unit} if unit else {}
    if choices and isinstance(default, tuple):
        extra["items"] = {"type": "string", "enum": list(choices)}
    elif choices:
        extra["enum"] = list(choices)
    if secret:
        extra["writeOnly"] = True
    if words:
        extra["expected"] = words
    return Field(
        default=default,
        ge=low,
        le=high,
        title=title or None,
        description=text,
        json_schema_extra=extra or None,
        repr=not secret,
    )


def described(kind: type[Settings]) -> tuple[Setting, ...]:
    """Of each setting, in their order."""
    return tuple(_described(name, field) for name, field in kind.model_fields.items())


def checked(of: str, kind: type[S], given: object = None) -> S:
    """A ``kind`` from such, from a mapping of some of its values, or from nothing.

    Args:
        of: whose settings they are, for the sentence.

    Raises:
        InputError: an unknown setting, or a value that is not allowed.
    """
    if isinstance(given, kind):
        return given
    if given is not None and not isinstance(given, Mapping):
        raise InputError(
            f"The settings of {of} are {shown(given)}; expected names and their values."
        )
    values = dict(given or {})
    if unknown := [name for name in values if name not in kind.model_fields]:
        raise _unknown(kind, unknown[0], f" of {of}")
    try:
        return kind(**values)
    except SettingError as error:
        raise SettingError(f"{error.subject} of {of}", error.rest) from None


def setting_faults(kind: type[Settings]) -> Iterator[str]:
    """What is wrong with the settings of a plug-in, a sentence each: a form asks for every one of
    them, and each is left alone by those who do not care."""
    for each in described(kind):
        if each.default is PydanticUndefined:
            yield f"The setting {each.name} has no default."
            continue
        if not each.help:
            yield f"The setting {each.name} has no line of help."
        if each.kind not in PLAIN or each.optional:
            yield f"The setting {each.name} is no bool, int, float or str, which forms ask for."
            continue
        if each.kind in (int, float) and not each.choices and not _bounded(each):
            yield f"The setting {each.name} is a number without bounds."
        try:
            kind(**{each.name: each.default})
        except InputError as error:
            yield f"The default is not allowed: {error}"


def _bounded(known: Setting) -> bool:
    return all(end is not None and abs(end) < LARGEST for end in (known.low, known.high))


def _described(name: str, field: FieldInfo) -> Setting:
    low, high = (
        next((getattr(each, end) for each in field.metadata if hasattr(each, end)), None)
        for end in ("ge", "le")
    )
    extra, kinds = _extra(field), kinds_of(field.annotation)
    plain = [each for each in kinds if each in PLAIN]
    return Setting(
        name=name,
        kind=plain[0] if plain else field.annotation,
        default=field.get_default(call_default_factory=True),
        help=field.description or "",
        low=low,
        high=high,
        choices=_list(extra.get("enum")) or _item_choices(field) or _members(kinds),
        unit=_text(extra.get("unit")),
        words=_text(extra.get("expected")),
        optional=types.NoneType in kinds,
        title=field.title or "",
    )


def _extra(field: FieldInfo) -> dict[str, JsonValue]:
    return field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}


def _item_choices(field: FieldInfo) -> tuple[object, ...]:
    """What each value of a list may be; empty where nothing is said."""
    items = _extra(field).get("items")
    return _list(items.get("enum")) if isinstance(items, dict) else ()


def _list(value: object) -> tuple[object, ...]:
    return tuple(value) if isinstance(value, list) else ()


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _members(kinds: Sequence[object]) -> tuple[object, ...]:
    enums = [each for each in kinds if isinstance(each, type) and issubclass(each, Enum)]
    return tuple(member.value for each in enums for member in each)


def _as_input_error(kind: type[Settings], error: ValidationError) -> InputError:
    """The first of what is wrong, as a sentence."""
    first = error.errors(include_url=False)[0]
    cause = first.get("ctx", {}).get("error")
    places = [str(each) for each in first["loc"] if each != "[key]"]
    if isinstance(cause, SettingError):
        of = cause.subject.partition(".")[0]
        inner = bool(places) and places[0] != of  # of settings within settings
        return SettingError(f"{places[0]}.{cause.subject}" if inner else cause.subject, cause.rest)
    if not places:
        return InputError(str(cause))
    if isinstance(cause, InputError):
        return InputError(f"{places[0]}: {cause}")
    name = places[0]
    known = _described(name, kind.model_fields[name])
    if _extra(kind.model_fields[name]).get("writeOnly"):
        return SettingError(name, f"is something else than {expected(known)}.")
    place = shown(".".join(places))[1:-1]
    return SettingError(place, f"is {shown(first['input'])}; expected {expected(known)}.")


def _unknown(kind: type[Settings], name: object, of: str = "") -> InputError:
    known = ", ".join(kind.model_fields) or "none"
    return InputError(f"There is no setting {shown(name)}{of}; there are {known}.")


def expected(known: Setting) -> str:
    """What a setting may be, as part of a sentence: "a whole number from 1 to 9"."""
    if known.words:
        return known.words
    if known.choices:
        several = known.kind not in PLAIN and isinstance(known.default, tuple)
        return f"{'some' if several else 'one'} of {', '.join(map(str, known.choices))}"
    words = KINDS.get(known.kind) or _container(known.kind)
    words = words or known.help[:1].lower() + known.help[1:]
    if known.low is not None and known.high is not None:
        return f"{words} from {known.low} to {known.high}"
    if known.low is not None:
        return f"{words} of at least {known.low}"
    return words


def _container(kind: object) -> str:
    """Of a list or of settings, which may be none."""
    kinds = (get_origin(each) for each in kinds_of(kind))
    return next((_CONTAINERS[each] for each in kinds if each in _CONTAINERS), "")
