"""Settings of plug-ins, recipes, launchers and notices: pydantic models under one rule. Forms,
``--set``, kept files and JSON schemas all follow from their fields."""

import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import Field as DataclassField
from dataclasses import dataclass, fields
from typing import Any, Self, TypeVar, Union, cast, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_core.core_schema import ValidationInfo

from dermxai.errors import KINDS, InputError

_PLAIN = (bool, int, float, str)


class SettingError(InputError):
    """A value that is not allowed.

    Attributes:
        subject: the setting's name.
        rest: of the sentence: what came and what was expected.
    """

    def __init__(self, subject: str, rest: str) -> None:
        super().__init__(f"{subject} {rest}")
        self.subject, self.rest = subject, rest


class Settings(BaseModel):
    """A frozen set of values. Whole numbers may be written as 30.0 and numbers as 1; no text is a
    number, and neither is true.

    Raises:
        InputError: an unknown setting, or a value that is not allowed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def __init__(self, /, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise _told(type(self), error) from None

    def replaced(self, **values: Any) -> Self:
        """The same but for some values, which are checked."""
        return type(self)(**{**self.model_dump(), **values})

    @field_validator("*", mode="before")
    @classmethod
    def _is_allowed(cls, value: Any, info: ValidationInfo) -> Any:
        field = cls.model_fields[str(info.field_name)]
        kinds = _kinds(field.annotation)
        if kinds and set(kinds) <= {*_PLAIN, types.NoneType}:
            number = isinstance(value, int | float) and not isinstance(value, bool)
            allowed = (number and {int, float} & set(kinds)) or type(value) in kinds
            if not allowed:
                raise ValueError("another kind")
        choices = _extra(field).get("enum")
        if choices is not None and value not in choices:
            raise ValueError("none of the choices")
        return value


S = TypeVar("S", bound=Settings)


@dataclass(frozen=True)
class Setting:
    """What is known of a setting.

    Attributes:
        kind: bool, int, float or str; what else a field is annotated with.
        low, high: bounds of a number that has some.
        choices: empty where any value of its kind and bounds is allowed.
    """

    name: str
    kind: Any
    default: Any
    help: str
    low: float | None
    high: float | None
    choices: tuple[Any, ...]
    unit: str


def setting(
    default: Any,
    text: str,
    low: float | None = None,
    high: float | None = None,
    *,
    choices: Sequence[Any] = (),
    unit: str = "",
    secret: bool = False,
) -> Any:
    """A field of `Settings`.

    Args:
        text: a line of help; of a number without its unit.
        secret: no sentence shows its value.
    """
    extra: dict[str, Any] = {"unit": unit} if unit else {}
    if choices:
        extra["enum"] = list(choices)
    if secret:
        extra["writeOnly"] = True
    return Field(
        default=default, ge=low, le=high, description=text, json_schema_extra=extra or None
    )


def described(kind: type) -> tuple[Setting, ...]:
    """Of each setting, in their order."""
    if not issubclass(kind, Settings):
        return tuple(_of_field(field) for field in fields(cast(Any, kind)))
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
        raise InputError(f"The settings of {of} are {given!r}; expected names and their values.")
    values = {str(name): value for name, value in (given or {}).items()}
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
        if each.kind in (int, float) and not each.choices and None in (each.low, each.high):
            yield f"The setting {each.name} is a number without bounds."
        try:
            kind(**{each.name: each.default})
        except InputError as error:
            yield f"The default is not allowed: {error}"


def _of_field(field: DataclassField[Any]) -> Setting:
    about = field.metadata
    return Setting(
        name=field.name,
        kind=type(field.default),
        default=field.default,
        help=about.get("help", ""),
        low=about.get("low"),
        high=about.get("high"),
        choices=tuple(about.get("choices") or ()),
        unit="",
    )


def _described(name: str, field: FieldInfo) -> Setting:
    low, high = (
        next((getattr(each, end) for each in field.metadata if hasattr(each, end)), None)
        for end in ("ge", "le")
    )
    extra, kinds = _extra(field), _kinds(field.annotation)
    plain = [each for each in kinds if each in _PLAIN]
    return Setting(
        name=name,
        kind=plain[0] if plain else field.annotation,
        default=field.get_default(call_default_factory=True),
        help=field.description or "",
        low=low,
        high=high,
        choices=tuple(extra.get("enum", ())),
        unit=extra.get("unit", ""),
    )


def _kinds(annotation: Any) -> tuple[Any, ...]:
    """(int, NoneType) of ``int | None``."""
    if get_origin(annotation) in (Union, types.UnionType):
        return get_args(annotation)
    return (annotation,)


def _extra(field: FieldInfo) -> dict[str, Any]:
    return field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}


def _told(kind: type[Settings], error: ValidationError) -> InputError:
    """The first of what is wrong, as a sentence."""
    first = error.errors()[0]
    cause = first.get("ctx", {}).get("error")
    if not first["loc"]:  # by a validator of the whole
        return InputError(str(cause))
    name, value = str(first["loc"][0]), first["input"]
    if name not in kind.model_fields:
        return _unknown(kind, name)
    if isinstance(cause, InputError):
        return InputError(str(cause))
    field = kind.model_fields[name]
    if _extra(field).get("writeOnly"):
        return SettingError(name, f"is something else than {expected(_described(name, field))}.")
    return SettingError(name, f"is {value!r}; expected {expected(_described(name, field))}.")


def _unknown(kind: type[Settings], name: str, of: str = "") -> InputError:
    known = ", ".join(kind.model_fields) or "none"
    return InputError(f"There is no setting {name!r}{of}; there are {known}.")


def expected(known: Setting) -> str:
    """What a setting may be, as part of a sentence: "a whole number from 1 to 9"."""
    if known.choices:
        return f"one of {', '.join(map(str, known.choices))}"
    words = KINDS.get(known.kind, known.help[:1].lower() + known.help[1:])
    if known.low is not None and known.high is not None:
        return f"{words} from {known.low} to {known.high}"
    if known.low is not None:
        return f"{words} of at least {known.low}"
    return words
