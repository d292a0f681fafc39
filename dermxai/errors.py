"""The one error that a person may see, and the one way to stop."""


class InputError(ValueError):
    """Bad input, in one sentence that says what came, what was expected and what to do next.

    The command line prints it and exits with 2; the dashboard shows it in place of the page.
    """


class Cancelled(Exception):  # noqa: N818
    """Long work was asked to stop; what it had finished is kept."""
