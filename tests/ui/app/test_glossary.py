from streamlit.testing.v1 import AppTest

from dermxai.glossary import ENTRIES
from dermxai.ui.session.state import Key

SCRIPT = "from dermxai.ui.app import glossary\nglossary.button()\n"


def test_it_shows_every_entry_with_its_source_and_no_web_address() -> None:
    app = AppTest.from_string(SCRIPT, default_timeout=30).run()
    assert not app.markdown
    app.button(key=Key.GLOSSARY).click().run()
    shown = [each.value for each in app.markdown]
    assert len(shown) == len(ENTRIES)
    for entry, text in zip(ENTRIES, shown, strict=True):
        assert entry.text in text and f"doi:{entry.doi}" in text
    assert "http" not in "".join(shown)
