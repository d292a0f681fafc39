"""The one error that a person may see, its words, and the one way to stop."""

from collections.abc import Mapping

KINDS: Mapping[object, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
}
"""What was expected, by type."""


LONGEST = 2000  # characters


class InputError(ValueError):
    """Bad input, in one sentence that says what came, what was expected and what to do next.

    The command line prints it and exits with 2; the dashboard shows it in place of the page. What
    came may be a megabyte; the sentence is at most `LONGEST` characters.
    """

    def __str__(self) -> str:
        text = super().__str__()
        if len(text) <= LONGEST:
            return text
        return f"{text[: LONGEST - 400]} … {text[-400:]}"


class DivergenceError(InputError):
    """A training whose loss is no number: the same again would come to the same."""


class NoRoomError(InputError):
    """Memory does not suffice for a single image."""


class Cancelled(Exception):  # noqa: N818
    """Long work was asked to stop; what it had finished is kept."""
