import pandas as pd
import streamlit as st

from dermxai.ui.components.tables import aligned


def test_texts_that_are_numbers_end_at_the_right() -> None:
    table = pd.DataFrame(
        {
            "What": ["Age", "Sex: male"],
            "Share": ["14.8 %", "–"],
            "Difference": ["+0.44", "−26 pp"],
            "CI": ["−48 pp to +26 pp", "< 0.001"],
            "Of": ["9 of 61", None],
            "Class": ["4b", "2nd"],
            "Empty": [None, "–"],
            "Images": [3, 4],
        }
    )
    drawn = aligned(table)
    assert set(drawn) == {"Share", "Difference", "CI", "Of"}
    assert all(each["alignment"] == "right" for each in drawn.values())


def test_what_is_said_of_a_column_stays() -> None:
    table = pd.DataFrame({"CI": ["1–2"], "Head": ["block 1"], "p": ["0.02"]})
    said = {
        "CI": st.column_config.TextColumn(width=80, help="Of the mean."),
        "Head": st.column_config.TextColumn(width=70),
        "p": st.column_config.TextColumn(alignment="left"),
    }
    drawn = aligned(table, said)
    assert (drawn["CI"]["alignment"], drawn["CI"]["width"]) == ("right", 80)
    assert drawn["CI"]["help"] == "Of the mean."
    assert drawn["Head"]["alignment"] is None
    assert drawn["p"]["alignment"] == "left"
    assert said["CI"]["alignment"] is None, "what was given is not changed"
