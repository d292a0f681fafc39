import re

import pytest

from dermxai.glossary import ENTRIES, found
from docs.make_glossary import DOCUMENT, document

CONCEPTS = {
    *("Additive decomposition of the logit", "Argmax", "Contrast map", "Counterfactual"),
    *("Deletion", "Design effect", "Effective number of patients", "Faithfulness", "Grad-CAM"),
    *("Head", "Held-out fold", "Infidelity", "Insertion", "Integrated gradients", "Leakage"),
    *("Leakage premium", "Logit", "Macro average", "Margin", "Max-sensitivity", "Near-duplicate"),
    *("Model parameter randomisation test (MPRT)", "Nearest neighbours", "One-vs-rest"),
    *("Operating point", "Pointing game", "ROAD (remove and debias)", "Robustness", "t-SNE"),
    *("UMAP", "Vote"),
}


def test_what_pages_speak_of_is_explained_in_alphabetical_order() -> None:
    terms = [entry.term for entry in ENTRIES]
    assert set(terms) >= CONCEPTS
    assert terms == sorted(set(terms), key=str.casefold)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.term)
def test_an_entry_is_two_sentences_of_plain_text_with_a_source(entry) -> None:
    sentences = re.split(r"(?<=[.!?]) ", entry.text)
    assert len(sentences) == 2
    assert all(each[0].isupper() and each[-1] == "." for each in sentences)
    assert re.fullmatch(r"[^,]+ (1[89]|20)\d\d, .{4,}", entry.source)
    assert re.fullmatch(r"10\.\d{4,9}/[\w.()/-]+", entry.doi)
    said = entry.term + entry.text + entry.source
    assert not set(said) & set("*_[]<>`$#|\\"), "both renderings take it as it is"
    assert "http" not in said


def test_one_publication_is_cited_in_one_way() -> None:
    assert len({entry.doi for entry in ENTRIES}) == len({entry.source for entry in ENTRIES})
    assert len({(entry.doi, entry.source) for entry in ENTRIES}) == len(
        {entry.doi for entry in ENTRIES}
    )


def test_search_finds_all_words_in_any_case_and_terms_first() -> None:
    assert found("") == found("  ") == list(ENTRIES)
    assert found("MARGIN")[0].term == "Margin"
    assert {"Margin", "Robustness"} <= {entry.term for entry in found("margin")}
    assert [entry.term for entry in found("patients squared")] == ["Effective number of patients"]
    assert found("margin zebra") == []


def test_the_document_is_that_of_the_package_and_the_readme_leads_to_it() -> None:
    assert DOCUMENT.read_text("utf-8") == document(ENTRIES), "run python -m docs.make_glossary"
    readme = DOCUMENT.parent.parent / "README.md"
    assert "(docs/glossary.md)" in readme.read_text("utf-8")
