from pathlib import Path
from unicodedata import normalize

import pandas as pd
import pytest

from dermxai import taxonomy
from dermxai.core.errors import InputError
from dermxai.data.labels import mapped, read_label_map, standard


@pytest.mark.parametrize(
    ("label", "code"),
    [
        *(("nv", "MN"), ("bcc", "BCC"), ("df", "DF"), ("bkl", "SK"), ("vasc", "Hem")),
        *(("mel", "mel"), ("akiec", "akiec"), ("MEL", "mel"), ("NV", "MN"), ("AK", "akiec")),
        *(("rosacea", "Rosa"), ("ROSA", "Rosa"), ("Basal cell carcinoma", "BCC")),
        *(("melanoma", "mel"), ("SCC", "SCC"), ("scc", "SCC"), (" Pso ", "Pso")),
        *(("UNK", "UNK"), ("痤疮", "痤疮"), ("<b>x</b>", "<b>x</b>")),
    ],
)
def test_labels_of_known_taxonomies_become_codes(label: str, code: str) -> None:
    assert standard(label) == code


@pytest.mark.parametrize("code", taxonomy.CODES)
def test_every_code_and_name_is_itself(code: str) -> None:
    assert standard(code) == standard(taxonomy.name(code).upper()) == code


def test_the_users_map_comes_first() -> None:
    labels = pd.Series(["nv", "acne", "bcc", None, "junk"], dtype="str")
    codes = mapped(labels, {"acne": "AV", "nv": "nv", "junk": ""})
    assert codes.fillna("–").tolist() == ["nv", "AV", "BCC", "–", "–"]


def test_a_map_that_fits_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="x, y"):
        mapped(pd.Series(["x", "y"], dtype="str"), {"a": "MN"})


def test_no_labels_need_no_map() -> None:
    assert mapped(pd.Series([None, None], dtype="str"), {"a": "MN"}).isna().all()


def test_a_label_map_is_a_small_table(tmp_path: Path) -> None:
    path = tmp_path / "map.csv"
    path.write_bytes("from,to\n痤疮,AV\n其他,\n".encode("gb18030"))
    assert read_label_map(path) == {"痤疮": "AV", "其他": ""}
    path.write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="from and to"):
        read_label_map(path)


def test_the_users_map_knows_any_case_and_writes_codes_or_names() -> None:
    labels = pd.Series(["ACNE", "Psor"], dtype="str")
    assert mapped(labels, {"acne": "acne vulgaris", "psor": "pso"}).tolist() == ["AV", "Pso"]


def test_accents_may_be_put_together_otherwise() -> None:
    one, other = (normalize(form, "Mélanome") for form in ("NFC", "NFD"))
    assert mapped(pd.Series([one, other]), {}).tolist() == [one, one]
    for written in (one, other):
        assert mapped(pd.Series([one, other]), {written: "mel"}).tolist() == ["mel", "mel"]
