from pathlib import Path
from unicodedata import normalize

import pandas as pd
import pytest

from dermxai import taxonomy
from dermxai.core.errors import InputError
from dermxai.data import synonyms
from dermxai.data.labels import mapped, notes, read_label_map, standard, standard_classes


@pytest.mark.parametrize(
    ("label", "code"),
    [
        *(("nv", "MN"), ("bcc", "BCC"), ("df", "DF"), ("bkl", "SK"), ("vasc", "Hem")),
        *(("mel", "mel"), ("akiec", "akiec"), ("MEL", "mel"), ("NV", "MN"), ("AK", "akiec")),
        *(("rosacea", "Rosa"), ("ROSA", "Rosa"), ("Basal cell carcinoma", "BCC")),
        *(("melanoma", "mel"), ("SCC", "SCC"), ("scc", "SCC"), (" Pso ", "Pso")),
        *(("UNK", "UNK"), ("脱发", "脱发"), ("<b>x</b>", "<b>x</b>"), ("", "")),
        # other numbers, spellings and punctuation
        *(("melanocytic nevi", "MN"), ("Melanocytic-Naevus", "MN"), ("Nævus", "MN")),
        *(
            ("Basal_Cell_Carcinoma", "BCC"),
            ("BasalCellCarcinomas", "BCC"),
            ("Eczema Photos", "EAD"),
        ),
        *(
            ("seborrhoeic keratoses", "SK"),
            ("Seborrhoeic dermatitis", "SD"),
            ("haemangioma", "Hem"),
        ),
        *(("Port-wine stains", "PWS"), ("Melanoma, NOS", "mel"), ("melanoma-in-situ", "mel")),
        # public collections
        *(("NEV", "MN"), ("SEK", "SK"), ("ACK", "akiec"), ("Common Nevus", "MN")),
        *(("clark nevus", "MN"), ("melanoma (0.76 to 1.5 mm)", "mel"), ("keloid", "KAHS")),
        *(("Nevus, Atypical, Dysplastic, or Clark", "MN"), ("Solar or actinic keratosis", "akiec")),
        *(("pigmented benign keratosis", "SK"), ("benign keratosis-like lesions", "SK")),
        # languages
        *(("Nävuszellnävus", "MN"), ("Basalzellkarzinom", "BCC"), ("Seborrhoische Keratose", "SK")),
        *(("Mélanome", "mel"), ("kératose séborrhéique", "SK"), ("carcinome épidermoïde", "SCC")),
        *(("色素痣", "MN"), ("寻常型银屑病", "Pso"), ("基底细胞癌", "BCC"), ("湿疹", "EAD")),
        # what is not the same disease is not made one
        *(("epidermal nevus", "epidermal nevus"), ("solar lentigo", "solar lentigo")),
        *(("nevus sebaceous", "nevus sebaceous"), ("keratoacanthoma", "keratoacanthoma")),
        *(("lichen planus-like keratosis", "lichen planus-like keratosis"),),
        *(("Acne and Rosacea Photos", "Acne and Rosacea Photos"), ("keratosis", "keratosis")),
        *(("pyogenic granuloma", "pyogenic granuloma"), ("atopic dermatitis", "atopic dermatitis")),
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
    one, other = (normalize(form, "Pélade") for form in ("NFC", "NFD"))
    assert mapped(pd.Series([one, other]), {}).tolist() == [one, one]
    for written in (one, other):
        assert mapped(pd.Series([one, other]), {written: "mel"}).tolist() == ["mel", "mel"]


def test_a_name_stands_once_in_the_table() -> None:
    codes: dict[str, set[tuple[str, str]]] = {}
    for code, relation, source, names in synonyms._TABLE:
        assert source and code in {
            disease.code for disease in (*taxonomy.DISEASES, *taxonomy.OTHERS)
        }
        for name in names:
            codes.setdefault(synonyms.key(name), set()).add((code, relation))
    assert not {name: found for name, found in codes.items() if len(found) > 1}


@pytest.mark.parametrize(
    "label", ["unknown", "Unknown", "other", "-1", "n/a", "UNK", "其他", "unbekannt", "autre"]
)
def test_what_says_that_nothing_is_known_is_no_class(label: str) -> None:
    labels = pd.Series([label, "nv"], dtype="str")
    assert mapped(labels, {}).fillna("–").tolist() == ["–", "MN"]
    assert mapped(labels, {label: label}).tolist() == [label, "MN"]
    (said,) = notes(labels, {})
    assert label in said and "1 image " in said
    assert not notes(labels, {label: label})


def test_spellings_of_a_class_of_its_own_are_one() -> None:
    labels = pd.Series(["Prurigo", "prurigo", "PRURIGO", "prurigo  nodularis"])
    assert mapped(labels, {}).tolist() == ["Prurigo"] * 3 + ["prurigo  nodularis"]
    (said,) = notes(labels, {})
    assert "are all Prurigo" in said
    own = mapped(labels, {"PRURIGO": "PRURIGO", "prurigo": "prurigo", "Prurigo": "Prurigo"})
    assert own.tolist()[:3] == ["Prurigo", "prurigo", "PRURIGO"]


@pytest.mark.parametrize(
    ("label", "code"),
    [
        *(("0_mel", "mel"), ("1. Eczema 1677", "EAD"), ("2. Melanoma 15.75k", "mel")),
        *(("5. Melanocytic Nevi (NV) - 7970", "MN"), ("Psoriasis (120)", "Pso")),
        *(("SCC in situ", "akiec"), ("Bowen's disease", "akiec"), ("bcc_3", "BCC")),
        # numbers and brackets that say more
        *(("class_3", "class_3"), ("Melanoma (in situ)", "mel"), ("nevus (BCC)", "nevus (BCC)")),
        *(("3. Atopic Dermatitis - 1.25k", "3. Atopic Dermatitis - 1.25k"), ("12", "12")),
    ],
)
def test_numbers_around_a_name_say_nothing(label: str, code: str) -> None:
    assert standard(label) == code


def test_kinds_and_groups_that_become_one_class_are_named() -> None:
    (said,) = notes(pd.Series(["bkl", "seborrheic keratosis", "nv"]), {})
    assert "bkl, seborrheic keratosis are all SK" in said
    assert not notes(pd.Series(["nv", "nevus", "bcc"]), {})


@pytest.mark.parametrize(
    ("names", "classes"),
    [
        (["nv", "mel"], ("MN", "mel")),
        (["bkl", "seborrheic keratosis", "nv"], ("bkl", "seborrheic keratosis", "MN")),
        (["other", "unknown"], ("other", "unknown")),
    ],
)
def test_classes_of_a_model_stay_as_many_as_they_are(
    names: list[str], classes: tuple[str, ...]
) -> None:
    assert standard_classes(names) == classes
