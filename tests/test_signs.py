import re
from itertools import chain

import pytest

from dermxai.data.atlas import diseases
from dermxai.signs import SIGNS, Source, signs_of, sources_of
from dermxai.taxonomy import CODES

ALL = [(code, sign) for code, signs in SIGNS.items() for sign in signs]
SOURCES = sources_of(tuple(chain.from_iterable(SIGNS.values())))


def test_every_class_has_two_to_four_signs_of_different_names() -> None:
    assert tuple(SIGNS) == CODES
    for code, signs in SIGNS.items():
        assert 2 <= len(signs) <= 4, code
        assert len({sign.name for sign in signs}) == len(signs), code
        assert signs_of(code) == signs


def test_no_signs_are_told_of_other_classes() -> None:
    assert signs_of("mel") == signs_of("") == ()


@pytest.mark.parametrize(("code", "sign"), ALL, ids=[f"{c}-{s.name}" for c, s in ALL])
def test_a_sign_is_a_short_sentence_of_plain_text_with_sources(code, sign) -> None:
    assert 5 <= len(sign.name) <= 40 and sign.name[0].isupper()
    assert 50 <= len(sign.text) <= 190
    assert sign.text[0].isupper() and sign.text[-1] == "."
    assert len(re.split(r"(?<=[.!?]) ", sign.text)) == 1
    assert not set(sign.name + sign.text) & set("*_[]<>`$#|\\")
    assert 1 <= len(sign.sources) == len(set(sign.sources))


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.short)
def test_a_source_is_named_by_authors_and_year_and_found_by_its_doi(source: Source) -> None:
    assert re.fullmatch(r"[\w .áóé-]+ (19|20)\d\d", source.short)
    assert len(source.text) > len(source.short) + 10
    if "textbook" not in source.text:
        assert re.fullmatch(r"10\.\d{4,9}/[\w.()/-]+", source.doi)


def test_one_publication_is_cited_in_one_way() -> None:
    dois = [source.doi for source in SOURCES if source.doi]
    assert len(set(dois)) == len(dois)
    assert len({source.short for source in SOURCES}) == len(SOURCES)


def test_no_two_signs_are_told_in_the_same_words() -> None:
    assert len({sign.text for _, sign in ALL}) == len(ALL)


def test_the_atlas_draws_diseases_whose_signs_are_told_of() -> None:
    from importlib import resources

    drawn = {
        each.name.removesuffix(".py")
        for each in resources.files(diseases).iterdir()
        if each.name.endswith(".py") and not each.name.startswith("_")
    }
    assert drawn == {code.casefold() for code in SIGNS}
