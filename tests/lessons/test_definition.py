"""Files of lessons: what is read is what was written; what is wrong is told in a sentence."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dermxai.core.errors import InputError
from dermxai.lessons import definition
from dermxai.lessons.definition import MOST_STEPS, Lesson, Step, StepKind

TOML = """
name = "A <b>lesson</b>"
minutes = 30
[[steps]]
title = "Welcome"
text = '''
Two
lines'''
[[steps]]
kind = "link"
title = "Look"
page = "feature_map"
query = { colour = "label" }
[[steps]]
kind = "question"
title = "Which?"
options = ["one", "two"]
right = "two"
[[steps]]
kind = "quiz"
title = "What is it?"
image = "a0-P000-L0-00"
"""


def test_a_toml_file_and_what_is_written_of_it_are_one_lesson() -> None:
    lesson = definition.read(TOML.encode())
    assert [each.kind.value for each in lesson.steps] == ["text", "link", "question", "quiz"]
    assert lesson.steps[0].text == "Two\nlines" and lesson.steps[1].query == {"colour": "label"}
    again = definition.read(definition.written(lesson).encode())
    assert again == lesson and again.minutes == 30
    assert definition.read(b"\xef\xbb\xbf" + TOML.replace("\n", "\r\n").encode()) == lesson


LINES = st.text(
    st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1, max_size=40
)


@given(name=LINES, text=LINES, options=st.lists(LINES, min_size=2, max_size=12, unique=True))
def test_whatever_is_in_a_lesson_comes_back(name: str, text: str, options: list[str]) -> None:
    steps = (
        Step(title=name, text=text),
        Step(kind=StepKind.QUESTION, title=name, options=tuple(options), right=options[-1]),
    )
    lesson = Lesson(name=name, about=text, steps=steps)
    assert definition.read(definition.written(lesson).encode()) == lesson


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"kind": "video"}, "kind"),
        ({"title": ""}, "title"),
        ({"title": "two\nlines"}, "title"),
        ({"title": "x" * 101}, "title"),
        ({"text": "x" * 4_001}, "text"),
        ({"text": "\x1b[31m"}, "text"),
        ({"options": ["a", "b"]}, "options of step 1 of f is given of a step of kind text"),
        ({"kind": "question", "options": ["a"]}, "none or 2"),
        ({"kind": "question", "options": ["a", "a"]}, "twice"),
        ({"kind": "question", "options": [str(each) for each in range(13)]}, "12 at most"),
        ({"kind": "question", "options": ["a", "b"], "right": "c"}, "none of the options"),
        ({"kind": "quiz"}, "sample id"),
        ({"kind": "quiz", "image": "a", "right": "b"}, "is of question"),
        ({"kind": "link"}, "page"),
        ({"kind": "link", "page": "//evil.example"}, "page"),
        ({"kind": "link", "page": "image", "query": {"dataset": "/data"}}, "path"),
        ({"kind": "link", "page": "image", "query": {"A b": "x"}}, "short name"),
        ({"kind": "link", "page": "image", "query": {"a": "x" * 2_001}}, "2,000"),
        ({"nothing": 1}, "nothing"),
        (5, "expected names and their values"),
    ],
)
def test_what_is_wrong_with_a_step_is_told_with_its_number(wrong: object, told: str) -> None:
    step = {"title": "x", **wrong} if isinstance(wrong, dict) else wrong
    with pytest.raises(InputError) as refused:
        definition.of_mapping({"name": "a", "steps": [step]}, "f")
    sentence = str(refused.value)
    assert told in sentence and "step 1 of f" in sentence and sentence.endswith(".")


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[1]", b"name", b"\xff\xfe", b'{"steps": []}', b'{"name": "a", "steps": 5}',
     b'{"name": " a"}', b'{"name": "a", "minutes": 0}', b"{" + b'"a":{' * 5_000, b"x" * 2_000_001,
     json.dumps({"name": "a", "steps": [{"title": "x"}] * (MOST_STEPS + 1)}).encode()],
)  # fmt: skip
def test_what_is_no_lesson_is_refused_in_a_sentence(content: bytes) -> None:
    with pytest.raises(InputError) as refused:
        definition.read(content, "lesson.toml")
    assert str(refused.value).endswith(".") and len(str(refused.value)) < 400


def test_a_lesson_without_steps_can_be_kept() -> None:
    assert not Lesson(name="New").needs_run
    assert Lesson(name="New", steps=(Step(kind=StepKind.QUIZ, title="x", image="a"),)).needs_run
