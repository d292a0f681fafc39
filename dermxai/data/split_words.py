"""What tables and folders call their splits, in the languages that dermatology writes.

Nothing may be learnt from what is held out, so that words are read on the safe side: what says that
it is a test, or comes from outside, is a test; what is no known word is left out of training and
validation, and named.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

import pandas as pd

from dermxai.core.formatting import count, shortened

TRAIN, VALIDATION, TEST = "train", "validation", "test"
LEARNT = (TRAIN, VALIDATION)
"""Splits whose images a training uses."""
NAMES = (
    *("split", "data_split", "dataset_split", "train_test_split", "partition", "subset", "set"),
    *("划分", "数据划分", "aufteilung", "teilmenge", "partition_name", "particion", "split_name"),
    *("data_set", "dataset", "数据集", "子集", "phase", "usage", "purpose", "datensatz", "jeu"),
    *("conjunto", "insieme", "用途"),
)
"""Columns that tell a split where one of their values does, normalised and most trusted first;
columns of other names do where each of their values is one."""
_PLAIN_NAMES = frozenset(NAMES[: NAMES.index("data_set")])  # which can mean little else

_WORDS: Mapping[str, tuple[str, ...]] = {
    TRAIN: (
        *(
            "train",
            "trained",
            "training",
            "trainings",
            "trn",
            "learn",
            "learning",
            "lern",
            "lernen",
        ),
        *("entrainement", "apprentissage", "entrenamiento", "aprendizaje", "addestramento"),
        *("allenamento", "apprendimento", "treino", "treinamento", "aprendizado", "trening"),
        *("treningowy", "treningowe", "treningowa", "uczacy", "uczenie", "traning", "træning"),
        *(
            "opleiding",
            "oefening",
            "opplæring",
            "koulutus",
            "egitim",
            "trenovaci",
            "antrenament",
            "tanito",
            "latih",
        ),
        *("обучение", "обучающая", "обучающий", "тренировка", "тренировочная", "тренировочный"),
        *("навчання", "навчальна", "εκπαιδευση", "تدريب", "التدريب", "אימון"),
    ),
    VALIDATION: (
        *("val", "valid", "validate", "validation", "vld", "dev", "devel", "devset", "tune"),
        *("tuning", "development", "validierung", "validierungs", "validacion", "validazione"),
        *("convalida", "validacao", "validatie", "walidacja", "walidacyjny", "walidacyjne"),
        *("validering", "validacni", "validointi", "validare", "validalas", "dogrulama"),
        *("entwicklung", "entwicklungs", "validasi", "валидация", "валидационная"),
        *("валидационный", "επικυρωση", "التحقق", "תיקוף"),
    ),
    TEST: (
        *(
            "test",
            "tests",
            "tested",
            "testing",
            "tst",
            "holdout",
            "heldout",
            "unseen",
            "blind",
            "external",
        ),
        *("externally", "extern", "externe", "externer", "externes", "externo", "externa"),
        *("esterno", "esterna", "zewnetrzny", "prufung", "pruf", "prueba", "pruebas", "prova"),
        *("teste", "testes", "testowy", "testowe", "testowa", "testovaci", "testaus", "teszt"),
        *("toets", "testi", "kontrola", "sequestered", "withheld", "independent"),
        *("replication", "eval", "evaluation", "evaluacion", "evaluierung", "valutazione"),
        *("avaliacao", "evaluate", "тест", "тестовая", "тестовый", "тестирование", "внешняя"),
        *("тестова", "δοκιμη", "اختبار", "الاختبار", "מבחן"),
    ),
}


def _bare(text: str) -> str:
    """Lower case without accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(char for char in plain if not unicodedata.combining(char))
    return unicodedata.normalize("NFC", kept)


_KIND = {_bare(word): kind for kind, words in _WORDS.items() for word in words}
# Written without blanks: looked for anywhere in a word.
_UNSPACED = {
    **dict.fromkeys(("训练", "訓練", "学習", "トレーニング", "훈련", "학습"), TRAIN),
    **dict.fromkeys(("验证", "驗證", "検証", "校验", "调参", "バリデーション", "검증"), VALIDATION),
    **dict.fromkeys(("测试", "測試", "外部", "テスト", "評価", "测评", "留出", "시험"), TEST),
    **dict.fromkeys(("테스트", "평가", "외부"), TEST),
}
_EVALUATION = frozenset(
    ("eval", "evaluate", "evaluation", "evaluacion", "evaluierung", "valutazione", "avaliacao")
)  # a test; or, beside a test and no validation, the validation
# Words that mean a split only beside others that do.
_WEAK = {
    **dict.fromkeys(
        ("ham10000", "derivation", "discovery", "tr"), TRAIN
    ),  # ISIC 2018 learns from HAM10000
    **dict.fromkeys(("va", "vl"), VALIDATION),
    **dict.fromkeys(("te", "ts", "private", "hidden", "final"), TEST),
}
_INTERNAL = frozenset(("internal", "intern", "interne", "interno", "interna", "内部"))
_AFTER = ("datensatz", "daten", "menge", "satz", "gruppe", "split", "set", "data", "images")
_FILLERS = frozenset(
    (
        *("set", "sets", "data", "dataset", "split", "subset", "part", "partition", "images"),
        *("image", "cohort", "group", "sample", "samples", "input", "groundtruth", "ground"),
        *("truth", "public", "official", "isic", "ham", "task", "task3", "fold", "und", "and"),
        *("or", "the", "of", "de", "d", "du", "la", "datos", "donnees", "jeu", "conjunto"),
        *("ensemble", "datensatz", "daten", "menge", "dati", "dados", "only", "metadata"),
    )
)
_FLAGS = frozenset(("is", "in", "for", "use", "used", "flag", "indicator", "mask", "as"))
_OF_ALL = frozenset(("valid", "validate", "tested", "trained"))
"""Words that, answered with yes or no, may be of rows without errors, of patients and of raters."""
_DENIALS = frozenset(
    (
        *("no", "not", "non", "none", "never", "without", "exclude", "excluded", "exclusion"),
        *("reject", "rejected", "ignore", "ignored", "unused", "remove", "removed", "drop"),
        *("dropped", "discard", "discarded", "nicht", "kein", "keine", "ohne", "ausgeschlossen"),
        *("pas", "sans", "exclu", "exclue", "sin", "senza", "sem", "nao", "excluido", "escluso"),
        *("pre", "post", "before", "after", "bad", "failed", "не", "без", "niet", "nie"),
    )
)
_DENIED_UNSPACED = ("非", "未", "不", "无", "排除", "剔除", "除外", "없", "제외")
_MEDICAL = frozenset(  # tests of patients
    (
        *("patch", "prick", "skin", "blood", "lab", "laboratory", "genetic", "gene", "tzanck"),
        *("koh", "allergy", "serology", "pregnancy", "tuberculin", "mantoux", "intradermal"),
        *("scratch", "provocation", "photo", "hiv", "antibody", "touch", "rub", "stress"),
    )
)
# Phrases of several words, and of scripts whose vowels `_WORD` does not know.
_PHRASES = {
    **dict.fromkeys(("प्रशिक्षण", "huấn luyện", "ฝึกอบรม", "ฝึกสอน", "ฝึก", "প্রশিক্ষণ"), TRAIN),
    **dict.fromkeys(("सत्यापन", "वैधीकरण", "thẩm định", "xác thực", "ตรวจสอบ"), VALIDATION),
    **dict.fromkeys(("परीक्षण", "kiểm tra", "kiểm thử", "ทดสอบ", "পরীক্ষা"), TEST),
}
_BARE_PHRASES = {_bare(phrase): kind for phrase, kind in _PHRASES.items()}
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_WORD = re.compile(r"[^\W_]+")
_TRUE = frozenset(("1", "true", "yes", "y", "t", "ja", "oui", "si"))
_FALSE = frozenset(("0", "false", "no", "n", "f", "nein", "non"))
_UNCLEAR = re.compile(rf"(?:{TEST}) or (?:{TRAIN}|{VALIDATION})")
_SHOWN = 4  # values that a note names
_MOST_NAMED = 30  # a column of more values is free text
_ABOUT = frozenset(
    ("sample_id", "path", "label", "patient_id", "lesion_id", "site", "modality", "mask_path")
)  # columns whose words are of something else


def split_name(value: str) -> str | None:
    """``train``, ``validation`` or ``test`` where a name says nothing else, as a folder's or a
    file's must; else None."""
    words = _words(value)
    known = [word for word in words if _kind(word)]
    others = [word for word in words if not _kind(word)]
    if not known or any(
        word not in _FILLERS and not any(map(str.isdigit, word)) for word in others
    ):
        return None
    return _meant(words)


def read(values: "pd.Series[str]", asked: bool = False) -> "pd.Series[str] | None":
    """A column's values as splits; unknown ones stay as they are.

    Args:
        values: (n,) text or missing.
        asked: a person has said that the column tells the split.

    Returns:
        None where no value means a split: the column is about something else.
    """
    meant = meanings(values.dropna().unique())
    if not asked and not any(meant.values()):
        return None
    known = {value: split for value, split in meant.items() if split}
    return values.map(known).astype("str").fillna(values)


def meanings(values: Iterable[str]) -> dict[str, str | None]:
    """What the values of one column, or the folders of one level, mean; None for what is not known,
    and for all of them where none is sure to be a split."""
    words = {value: _words(value) for value in values}
    meant = {value: _meant(of) for value, of in words.items()}
    weak = {value: _weak(of) for value, of in words.items() if meant[value] is None}
    kinds = {kind for kind in weak.values() if kind}
    if not any(meant.values()) and not (all(weak.values()) and {TRAIN, TEST} <= kinds):
        return dict.fromkeys(words)
    present = set(meant.values())
    for value, of in words.items():
        if meant[value] == TEST and _only_evaluates(of):
            beside = any(meant[v] == TEST and not _only_evaluates(words[v]) for v in words)
            if beside and VALIDATION not in present:
                meant[value] = VALIDATION
        elif meant[value] is None and not _denied(of):
            inside = any(_stem(word) in _INTERNAL for word in of)
            meant[value] = (TEST if TRAIN in present else TRAIN) if inside else weak.get(value)
    return meant


def _only_evaluates(words: list[str]) -> bool:
    known = {_stem(word) for word in words if _kind(word)}
    return bool(known) and known <= _EVALUATION


def read_flag(name: str, values: "pd.Series[str]") -> "pd.Series[str] | None":
    """A column such as ``is_test``, ``train`` or ``holdout`` that marks one split with 1, yes or
    true; None for others."""
    words = _words(name)
    others = [word for word in words if not _kind(word)]
    split = _meant(words) if all(word in _FLAGS or word in _FILLERS for word in others) else None
    stated = values.dropna().str.casefold()
    if (
        split is None
        or _OF_ALL & set(words)
        or stated.empty
        or not stated.isin(_TRUE | _FALSE).all()
    ):
        return None
    flag = values.str.casefold().isin(_TRUE)
    return pd.Series(split, index=values.index, dtype="str").where(flag)


def flagged(flags: Iterable["pd.Series[str]"]) -> "pd.Series[str] | None":
    """What columns that mark one split each say together; None where none says anything.

    A validation counts beside a training alone: without one, all else is not told to be learnt.
    """
    by_kind: dict[str, list[pd.Series[bool]]] = {}
    for flag in flags:
        for kind in flag.dropna().unique():
            by_kind.setdefault(kind, []).append(flag == kind)
    if TRAIN not in by_kind:
        by_kind.pop(VALIDATION, None)
    if not by_kind:
        return None
    marked = {kind: pd.concat(each, axis=1).any(axis=1) for kind, each in by_kind.items()}
    rows = next(iter(marked.values())).index
    split = pd.Series(None, index=rows, dtype="str")
    for kind in (VALIDATION, TRAIN, TEST):
        if kind in marked:
            learnt = split.isin(LEARNT) & marked[kind]
            split = split.mask(marked[kind], kind)
            if kind == TEST:
                split = split.mask(learnt, f"{TEST} or {TRAIN}")
    return split


def joined(first: "pd.Series[str]", second: "pd.Series[str]") -> "pd.Series[str]":
    """What two columns say together. An image that one calls a test and the other learns from is
    neither: "test or train". The first holds where the second only knows another word; what it does
    not tell is taken from the second where that is a test, or where the first tells of no training.
    """
    learns = first.isin(LEARNT).any()
    told = second.where(second.isin([TEST] if learns else [*LEARNT, TEST]))
    clash = (first.isin(LEARNT) & (second == TEST)) | ((first == TEST) & second.isin(LEARNT))
    other = first.where(first != TEST, second)
    return first.fillna(told).mask(clash, f"{TEST} or " + other.astype("str"))


def unknown(samples: pd.DataFrame) -> "pd.Series[int]":
    """Images by value of the split column that is no known split, most first."""
    split = samples.get("split", pd.Series(dtype="str")).dropna()
    return split[~split.isin((*LEARNT, TEST))].value_counts()


def notes(samples: pd.DataFrame) -> Iterator[str]:
    """What is to be known of a sample table's splits before anything is learnt from it: words that
    are not understood, and columns that were no splits."""
    strange = unknown(samples)
    clash = strange.index.str.fullmatch(_UNCLEAR)
    if clash.any():
        yield (
            f"Two columns disagree on the split of {count(int(strange[clash].sum()), 'image')} "
            f"({', '.join(strange.index[clash])}): left out of training and validation."
        )
    if not clash.all():
        others = strange[~clash]
        values = [f"{shortened(str(value), 30)!r} ({n:,})" for value, n in others.items()]
        yield (
            f"{count(int(others.sum()), 'image')} of a split that is no known word for training, "
            f"validation or test: {_listed(values)}. Left out of training and validation; call it "
            "train, validation or test in the table to change that."
        )
    if "split" not in samples:
        for column in samples:
            name = str(column).removesuffix(" (table)")
            if _normal(name) in _PLAIN_NAMES:
                yield _no_split(name, samples[column])
            elif _normal(name) not in _ABOUT and _calls_test(samples[column]):
                yield (
                    f"The column {name!r} calls some images a test "
                    f"({_listed(_stated(samples[column]))}), but none a training: it is not taken "
                    "as a split. Map split to it to leave them out of training and validation."
                )


def _calls_test(values: pd.Series) -> bool:
    """Whether a column of texts holds a plain word for a test, and is no free text."""
    if pd.api.types.is_numeric_dtype(values):
        return False
    distinct = values.dropna().unique()
    return len(distinct) <= _MOST_NAMED and any(split_name(str(each)) == TEST for each in distinct)


def _stated(values: pd.Series) -> list[str]:
    return [shortened(str(value), 30) for value in values.dropna().unique()]


def _no_split(name: str, values: pd.Series) -> str:
    return (
        f"The column {name!r} ({_listed(_stated(values)) or 'empty'}) has no word for training, "
        "validation or test: it is not taken as a split, and a training divides the images anew."
    )


def _listed(values: list[str]) -> str:
    return ", ".join(values[:_SHOWN]) + (", …" if len(values) > _SHOWN else "")


def _normal(name: str) -> str:
    return "_".join(name.casefold().replace("-", " ").replace(".", " ").replace("_", " ").split())


def _words(text: str) -> list[str]:
    """A name's words, `_bare`; "held out" is one."""
    bare = _bare(_CAMEL.sub(" ", text))
    for phrase, kind in _BARE_PHRASES.items():
        bare = bare.replace(phrase, f" {kind} ")
    found = " ".join(_WORD.findall(bare))
    return re.sub(r"\b(held|hold) out\b", r"\1out", found).split()


def _stem(word: str) -> str:
    """Without a number or "set" behind it: train2, testset, Validierungsdatensatz."""
    bare = word.rstrip("0123456789")
    if bare in _KIND or bare in _INTERNAL:
        return bare
    for after in _AFTER:
        inner = bare.removesuffix(after)
        for stem in (inner, inner.removesuffix("s")):
            if inner != bare and stem in _KIND:
                return stem
    return word


def _kind(word: str) -> str | None:
    if kind := _KIND.get(_stem(word)):
        return kind
    found = {kind for part, kind in _UNSPACED.items() if _bare(part) in word}
    return _one(found)


def _one(kinds: set[str]) -> str | None:
    """The one split that several words mean: a validation that is learnt from, too, is training;
    one that is a test, too, is a test."""
    if {TRAIN, TEST} <= kinds:
        return None
    return TEST if TEST in kinds else TRAIN if TRAIN in kinds else VALIDATION if kinds else None


def _meant(words: list[str]) -> str | None:
    """The split that the words of a value mean, whatever else they say."""
    if _denied(words):
        return None
    kinds = {kind for word in words if (kind := _kind(word))}
    medical = bool(_MEDICAL & set(words)) and kinds == {TEST}
    compound = {"trainval", "trainvalid", "traindev"} & set(words)
    return None if medical else TRAIN if compound and TEST not in kinds else _one(kinds)


def _weak(words: list[str]) -> str | None:
    if _denied(words):
        return None
    inside = [TRAIN for word in words if _stem(word) in _INTERNAL]
    return _one({*(kind for word in words if (kind := _WEAK.get(word))), *inside})


def _denied(words: list[str]) -> bool:
    return bool(_DENIALS & set(words)) or any(
        _bare(part) in word for word in words for part in _DENIED_UNSPACED
    )
