"""The way to the students' page, past the login: a lesson's code opens it, and nothing else."""

from dermxai.ui.readers.door import Readers

HOME = "/lesson"


class Lessons(Readers):
    """ASGI middleware: the page of those who attend a lesson, and what it asks for."""

    home = HOME
    routes = "dermxai.ui.lessons.routes"
