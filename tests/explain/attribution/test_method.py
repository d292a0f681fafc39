from dermxai.explain.attribution.method import completeness


def test_the_completeness_gap_in_words():
    assert completeness(1.5, 2.0) == "Completeness gap −0.500 of a change of +2.000 (25.0 %)."
    assert completeness(2.0, 2.0 + 1e-5) == "Completeness gap +0.000 of a change of +2.000 (0.0 %)."
    assert completeness(0.5, 0.0) == "Completeness gap +0.500 of a change of +0.000 (–)."
