"""All verbs in one application, and what becomes of errors: ``python -m dermxai --help``."""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import ParamSpec

import typer

from dermxai.cli import access, console, jobs, lesson, reader_answers, slices
from dermxai.cli.causes import causes
from dermxai.cli.compare import compare
from dermxai.cli.dashboard import OPTIONS, dashboard
from dermxai.cli.demo import demo
from dermxai.cli.doctor import doctor
from dermxai.cli.evaluate import evaluate
from dermxai.cli.explain import explain
from dermxai.cli.faithfulness import faithfulness
from dermxai.cli.fetch import fetch
from dermxai.cli.image_quality import image_quality
from dermxai.cli.import_ import import_
from dermxai.cli.import_embeddings import import_embeddings
from dermxai.cli.infer import infer
from dermxai.cli.labels import labels
from dermxai.cli.maps import maps
from dermxai.cli.methods import methods
from dermxai.cli.plugins import plugins
from dermxai.cli.project import project
from dermxai.cli.remedy import remedy
from dermxai.cli.report import report
from dermxai.cli.schema import schema
from dermxai.cli.shift import shift
from dermxai.cli.subgroups import subgroups
from dermxai.cli.train import train
from dermxai.cli.withdraw import withdraw
from dermxai.core import disk, paths
from dermxai.core.errors import Cancelled, InputError

BAD_INPUT = 2
STOPPED = 130  # as shells say of Ctrl+C
VERBS = (
    demo,
    fetch,
    labels,
    infer,
    import_,
    import_embeddings,
    evaluate,
    compare,
    image_quality,
    subgroups,
    shift,
    causes,
    explain,
    methods,
    schema,
    plugins,
    project,
    faithfulness,
    maps,
    train,
    remedy,
    report,
    withdraw,
    doctor,
)
"""In the order of ``--help``."""
MOVED = {"quality": faithfulness}
"""The verb by its name in version 0.1, which goes on working until 0.3."""


P = ParamSpec("P")


def name_of(verb: Callable[..., None]) -> str:
    """What a verb is called at the command line."""
    return verb.__name__.rstrip("_").replace("_", "-")


def _earlier(name: str, verb: Callable[P, None]) -> Callable[P, None]:
    """A verb under its earlier name, which says so on standard error."""

    @wraps(verb)
    def renamed(*args: P.args, **given: P.kwargs) -> None:
        console.say(f"{name} is called {verb.__name__} now; the old name goes in version 0.3.")
        verb(*args, **given)

    return renamed


app = typer.Typer(
    help="Explain and analyse skin-disease classifiers. For research and teaching, not for "
    "diagnosis.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for verb in VERBS:
    app.command(name_of(verb))(verb)
for old, verb in MOVED.items():
    app.command(old, hidden=True)(_earlier(old, verb))
app.command(context_settings=OPTIONS)(dashboard)
app.add_typer(jobs.app, name="jobs")
app.add_typer(access.app, name="access")
app.add_typer(slices.app, name="slices")
app.add_typer(reader_answers.app, name="readers")
app.add_typer(lesson.app, name="lesson")


def main() -> int:
    """Runs the command line; 0, 2 for bad input with one line that says why, 130 when stopped."""
    paths.share()
    try:
        code: int | None = app(standalone_mode=False)
        sys.stdout.flush()
    except InputError as error:
        return _refused(str(error))
    except BrokenPipeError:  # who reads has seen enough
        _let_go()
        return STOPPED
    except typer.TyperException as error:
        if message := error.format_message():  # none where help was shown instead
            console.say(f"Error: {message.rstrip('.')}. See --help.")
        return BAD_INPUT
    except (KeyboardInterrupt, Cancelled, typer.Abort):
        return STOPPED
    except Exception as error:
        sentence = disk.trouble(error) or (str(error) if isinstance(error, OSError) else "")
        if not sentence:
            raise
        return _refused(sentence)
    return code or 0


def _refused(sentence: str) -> int:
    with suppress(OSError):  # the disk that it tells of may be where it is written
        console.say(f"Error: {sentence}")
    _let_go()
    return BAD_INPUT


def _let_go() -> None:
    """What cannot be printed, to a full disk or to nobody, is no error at the end, too."""
    try:
        sys.stdout.flush()
    except OSError:
        sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115
