from dermxai.figures import ranking

CODES = ("LP", "EAD", "SD", "MN")


def test_classes_fall_in_probability_and_the_label_is_always_there():
    figure = ranking([0.1, 0.5, 0.3999, 0.0001], CODES, true="MN", top=2)
    (bars,) = figure.data
    assert list(bars.customdata) == ["EAD", "SD", "MN"]
    assert list(bars.x) == [0.5, 0.3999, 0.0001]
    assert list(bars.text) == ["50.0 %", "40.0 %", "< 0.1 %"]
    names = figure.layout.yaxis.ticktext
    assert [name for name in names if "✓" in name] == ["<b>Melanocytic nevus ✓</b>"]


def test_without_a_label_nothing_is_marked():
    for true in (None, "outside"):
        figure = ranking([0.25] * 4, CODES, true=true, top=10)
        assert len(figure.data[0].x) == 4
        assert not any("✓" in name for name in figure.layout.yaxis.ticktext)
