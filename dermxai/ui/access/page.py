"""The login page: plain HTML, since nothing of Streamlit is served to who has not logged in."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.responses import HTMLResponse, Response

if TYPE_CHECKING:
    from jinja2 import Environment

FOLDER = Path(__file__).parent / "files"
FILES = {"/login/login.js": "text/javascript", "/login/login.css": "text/css"}
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
}


def login(
    base: str,
    *,
    asks_code: bool,
    providers: Sequence[tuple[str, str]] = (),
    then: str = "",
    problem: str = "",
    person: str = "",
    status: int = 200,
) -> Response:
    """
    Args:
        base: path under which the server answers, without its last slash.
        asks_code: whether there are access codes.
        providers: name and title of each identity provider.
        then: where to go afterwards.
        problem: a sentence.
        person: who is logged in already.
    """
    html = (
        _templates()
        .get_template("login.html")
        .render(
            base=base,
            asks_code=asks_code,
            providers=[(quote(name, safe=""), title) for name, title in providers],
            then=then,
            quoted=quote(then, safe=""),
            problem=problem,
            person=person,
        )
    )
    return HTMLResponse(html, status, HEADERS)


def file(path: str) -> Response:
    """One of `FILES`."""
    content = (FOLDER / path.rpartition("/")[2]).read_bytes()
    return Response(content, 200, {**HEADERS, "Content-Type": f"{FILES[path]}; charset=utf-8"})


@cache
def _templates() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined)
