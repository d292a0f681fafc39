"""How public data sets and clinics write the diagnoses that have a class code here: one table.

A name stands here once, in whatever case, number, spelling or punctuation it is written elsewhere
(`key`). What is no synonym says so: a *kind* is narrower than its class (a blue nevus is a
melanocytic nevus), a *group* wider (HAM10000's ``bkl`` also holds solar lentigines). Diseases that
have no class here are not in the table; they stay themselves.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from dermxai import taxonomy

Relation = Literal["same", "kind", "group"]


@dataclass(frozen=True)
class Synonym:
    """
    Attributes:
        code: of the class.
        relation: whether the name means the class, a kind of it, or a group that holds it.
        source: who writes it so.
    """

    code: str
    relation: Relation
    source: str


# Public sets, as their tables write them.
_ISIC = "ISIC archive and challenges"
_HAM = "HAM10000 (Tschandl et al. 2018)"
_PAD = "PAD-UFES-20 (Pacheco et al. 2020)"
_PH2 = "PH2 (Mendonça et al. 2013)"
_DERM7PT = "Derm7pt (Kawahara et al. 2019), grouped as in its Table 1"
_FITZ = "Fitzpatrick17k (Groh et al. 2021)"
_SCIN = "SCIN (Ward et al. 2024)"
_DERMNET = "DermNet"
_DDI = "DDI (Daneshjou et al. 2022)"
_ICD = "ICD-11"
# Usual names in a language.
_EN, _DE, _FR, _ZH = "English", "German", "French", "Chinese"
_ES, _PT, _IT = "Spanish", "Portuguese", "Italian"

_TABLE: tuple[tuple[str, Relation, str, tuple[str, ...]], ...] = (
    ("MN", "same", _HAM, ("nv",)),
    ("MN", "same", _ISIC, ("nevus", "nevus nos", "melanocytic nevus")),
    ("MN", "same", _PAD, ("nev",)),
    ("MN", "same", _PH2, ("common nevus",)),
    ("MN", "same", _EN, ("mole", "pigmented nevus", "nevocytic nevus", "nevocellular nevus")),
    ("MN", "same", _EN, ("benign nevus", "melanocytic mole", "nevus pigmentosus")),
    ("MN", "same", _DE, ("nävuszellnävus", "nävus", "melanozytärer nävus", "muttermal")),
    ("MN", "same", _DE, ("leberfleck", "pigmentnävus", "nävi", "nzn")),
    ("MN", "same", _FR, ("nævus", "naevus mélanocytaire", "grain de beauté")),
    ("MN", "same", _FR, ("grains de beauté", "naevus pigmentaire", "naevus nævocellulaire")),
    ("MN", "same", _ZH, ("色素痣", "黑素细胞痣", "黑色素细胞痣", "痣细胞痣", "色痣", "黑素痣")),
    ("MN", "same", _ES, ("nevo melanocítico", "nevus melanocítico", "nevo", "nevos", "lunar")),
    ("MN", "same", _ES, ("nevos melanocíticos", "nevo pigmentado", "lunares")),
    ("MN", "kind", _ES, ("nevo displásico", "nevo atípico", "nevo azul", "nevo congénito")),
    ("MN", "same", _PT, ("nevo melanocítico", "nevos melanocíticos", "nevo pigmentado")),
    ("MN", "kind", _PT, ("nevo congênito", "nevo displásico", "nevo de spitz")),
    ("MN", "same", _IT, ("nevo melanocitico", "nevi melanocitici", "neo", "nevo pigmentato")),
    ("MN", "kind", _IT, ("nevo displastico", "nevo atipico", "nevo blu", "nevo congenito")),
    ("MN", "kind", _PH2, ("atypical nevus",)),
    ("MN", "kind", _DERM7PT, ("blue nevus", "clark nevus", "combined nevus", "congenital nevus")),
    ("MN", "kind", _DERM7PT, ("dermal nevus", "recurrent nevus", "reed or spitz nevus")),
    ("MN", "kind", _ISIC, ("nevus atypical dysplastic or clark", "nevus congenital")),
    ("MN", "kind", _ISIC, ("nevus spitz", "nevus reed", "nevus combined", "nevus blue")),
    ("MN", "kind", _ISIC, ("nevus recurrent or persistent", "nevus acral", "nevus compound")),
    ("MN", "kind", _ISIC, ("nevus nos compound", "nevus nos dermal", "nevus nos junctional")),
    ("MN", "kind", _ISIC, ("nevus dermal", "nevus junctional", "nevus bap 1 deficient")),
    ("MN", "kind", _FITZ, ("congenital melanocytic nevus", "dysplastic nevus")),
    ("MN", "kind", _DDI, ("dysplastic nevus", "melanocytic nevus acral", "blue nevus")),
    ("MN", "kind", _EN, ("spitz nevus", "compound nevus", "junctional nevus", "acral nevus")),
    ("MN", "kind", _EN, ("intradermal nevus", "atypical melanocytic nevus", "reed nevus")),
    ("SK", "same", _ISIC, ("seborrheic keratosis",)),
    ("SK", "same", _PAD, ("sek",)),
    ("SK", "same", _EN, ("seborrheic wart", "verruca seborrhoica", "basal cell papilloma")),
    ("SK", "same", _DE, ("seborrhoische keratose", "alterswarze", "alterswarzen")),
    ("SK", "same", _DE, ("seborrhoische warze", "seborrhoische keratosen")),
    ("SK", "same", _FR, ("kératose séborrhéique", "kératoses séborrhéiques")),
    ("SK", "same", _FR, ("verrue séborrhéique",)),
    ("SK", "same", _ZH, ("脂溢性角化病", "脂溢性角化症", "脂溢性角化", "老年疣")),
    ("SK", "same", _ES, ("queratosis seborreica", "queratosis seborreicas")),
    ("SK", "same", _ES, ("verruga seborreica",)),
    ("SK", "same", _PT, ("ceratose seborreica", "queratose seborreica", "ceratoses seborreicas")),
    ("SK", "same", _IT, ("cheratosi seborroica", "cheratosi seborroiche")),
    ("SK", "same", _IT, ("verruca seborroica",)),
    ("SK", "kind", _DDI, ("seborrheic keratosis irritated", "irritated seborrheic keratosis")),
    ("SK", "group", _HAM, ("bkl", "benign keratosis like lesion")),
    ("SK", "group", _ISIC, ("pigmented benign keratosis", "benign keratosis")),
    ("BCC", "same", _HAM, ("bcc",)),
    ("BCC", "same", _ISIC, ("basal cell carcinoma", "basal cell carcinoma nos")),
    ("BCC", "same", _EN, ("basal cell cancer", "basalioma", "basal cell epithelioma")),
    ("BCC", "same", _DE, ("basalzellkarzinom", "basaliom", "basalzellkarzinome", "basaliome")),
    ("BCC", "same", _FR, ("carcinome basocellulaire", "carcinomes basocellulaires")),
    ("BCC", "same", _FR, ("épithélioma basocellulaire",)),
    ("BCC", "same", _ZH, ("基底细胞癌", "皮肤基底细胞癌", "基底细胞上皮瘤")),
    ("BCC", "same", _ES, ("carcinoma basocelular", "carcinoma de células basales")),
    ("BCC", "same", _ES, ("epitelioma basocelular", "carcinomas basocelulares")),
    ("BCC", "same", _PT, ("carcinoma basocelular", "carcinoma de células basais")),
    ("BCC", "same", _IT, ("carcinoma basocellulare", "carcinomi basocellulari")),
    ("BCC", "same", _IT, ("carcinoma a cellule basali", "epitelioma basocellulare")),
    ("BCC", "kind", _FITZ, ("basal cell carcinoma morpheiform",)),
    ("BCC", "kind", _FITZ, ("solid cystic basal cell carcinoma",)),
    ("BCC", "kind", _DDI, ("basal cell carcinoma superficial", "basal cell carcinoma nodular")),
    ("BCC", "kind", _ISIC, ("basal cell carcinoma infiltrating",)),
    ("BCC", "kind", _EN, ("nodular basal cell carcinoma", "superficial basal cell carcinoma")),
    ("DF", "same", _HAM, ("df",)),
    ("DF", "same", _ISIC, ("dermatofibroma",)),
    ("DF", "same", _EN, ("benign fibrous histiocytoma", "fibrous histiocytoma")),
    ("DF", "same", _DE, ("dermatofibrom", "dermatofibrome", "histiozytom")),
    ("DF", "same", _FR, ("dermatofibrome", "histiocytofibrome")),
    ("DF", "same", _ZH, ("皮肤纤维瘤", "纤维组织细胞瘤")),
    ("DF", "same", _ES, ("histiocitoma fibroso", "dermatofibromas")),
    ("DF", "same", _IT, ("istiocitoma fibroso", "dermatofibromi")),
    ("Hem", "same", _ISIC, ("hemangioma",)),
    ("Hem", "same", _EN, ("angioma",)),
    ("Hem", "same", _DE, ("hämangiom", "hämangiome", "angiom", "blutschwamm")),
    ("Hem", "same", _FR, ("hémangiome", "angiome")),
    ("Hem", "same", _ZH, ("血管瘤",)),
    ("Hem", "same", _IT, ("emangioma", "emangiomi", "angiomi")),
    ("Hem", "kind", _ES, ("hemangioma infantil", "angioma rubí")),
    ("Hem", "kind", _PT, ("hemangioma infantil", "angioma rubi")),
    ("Hem", "kind", _IT, ("emangioma infantile", "angioma rubino")),
    ("Hem", "kind", _ISIC, ("cherry angioma", "cherry hemangioma", "infantile hemangioma")),
    ("Hem", "kind", _ZH, ("樱桃状血管瘤", "婴儿血管瘤", "老年性血管瘤")),
    ("Hem", "group", _HAM, ("vasc",)),
    ("Hem", "group", _ISIC, ("vascular lesion", "vascular")),
    ("mel", "same", _HAM, ("mel",)),
    ("mel", "same", _ISIC, ("melanoma", "melanoma nos")),
    ("mel", "same", _FITZ, ("malignant melanoma",)),
    ("mel", "same", _EN, ("cutaneous melanoma", "malignant skin melanoma")),
    ("mel", "same", _DE, ("melanom", "malignes melanom", "melanome", "schwarzer hautkrebs")),
    ("mel", "same", _FR, ("mélanome", "mélanome malin", "mélanome cutané")),
    ("mel", "same", _ZH, ("黑色素瘤", "恶性黑色素瘤", "黑素瘤", "恶性黑素瘤")),
    ("mel", "same", _ES, ("melanoma maligno", "melanoma cutáneo", "melanomas")),
    ("mel", "same", _PT, ("melanoma maligno", "melanoma cutâneo")),
    ("mel", "same", _IT, ("melanoma maligno", "melanoma cutaneo", "melanomi")),
    ("mel", "kind", _DERM7PT, ("melanoma in situ", "melanoma less than 0 76 mm")),
    ("mel", "kind", _DERM7PT, ("melanoma 0 76 to 1 5 mm", "melanoma more than 1 5 mm")),
    ("mel", "kind", _DERM7PT, ("melanoma metastasis",)),
    ("mel", "kind", _ISIC, ("melanoma invasive", "melanoma in situ")),
    ("mel", "kind", _FITZ, ("superficial spreading melanoma ssm", "lentigo maligna")),
    (
        "mel",
        "kind",
        _DDI,
        ("melanoma in situ", "melanoma acral lentiginous", "nodular melanoma nm"),
    ),
    ("mel", "kind", _EN, ("superficial spreading melanoma", "nodular melanoma")),
    ("mel", "kind", _EN, ("acral lentiginous melanoma", "amelanotic melanoma")),
    ("mel", "kind", _EN, ("lentigo maligna melanoma",)),
    ("akiec", "same", _HAM, ("akiec", "actinic keratosis and intraepithelial carcinoma")),
    ("akiec", "same", _HAM, ("actinic keratosis intraepithelial carcinoma",)),
    ("akiec", "kind", _ISIC, ("ak", "actinic keratosis", "solar or actinic keratosis")),
    ("akiec", "kind", _PAD, ("ack",)),
    ("akiec", "kind", _EN, ("solar keratosis", "senile keratosis")),
    ("akiec", "kind", _DE, ("aktinische keratose", "solare keratose", "aktinische keratosen")),
    ("akiec", "kind", _FR, ("kératose actinique", "kératose solaire", "kératoses actiniques")),
    ("akiec", "kind", _ZH, ("光化性角化病", "日光性角化病", "光线性角化病", "日光角化病")),
    ("akiec", "kind", _ES, ("queratosis actínica", "queratosis actínicas", "queratosis solar")),
    ("akiec", "kind", _PT, ("ceratose actínica", "queratose actínica", "ceratose solar")),
    ("akiec", "kind", _PT, ("ceratoses actínicas",)),
    ("akiec", "kind", _IT, ("cheratosi attinica", "cheratosi attiniche", "cheratosi solare")),
    ("akiec", "kind", _HAM, ("bowen's disease", "intraepithelial carcinoma", "bowen disease")),
    ("akiec", "kind", _HAM, ("intraepidermal carcinoma", "squamous cell carcinoma in situ")),
    ("akiec", "kind", _HAM, ("scc in situ", "sccis", "in situ squamous cell carcinoma")),
    ("akiec", "kind", _DE, ("morbus bowen", "plattenepithelkarzinom in situ")),
    ("akiec", "kind", _FR, ("maladie de bowen", "carcinome épidermoïde in situ")),
    ("akiec", "kind", _ES, ("enfermedad de bowen", "carcinoma espinocelular in situ")),
    ("akiec", "kind", _PT, ("doença de bowen",)),
    ("akiec", "kind", _IT, ("malattia di bowen", "carcinoma spinocellulare in situ")),
    ("akiec", "kind", _ZH, ("鲍恩病", "鲍温病", "原位鳞状细胞癌")),
    ("SCC", "same", _PAD, ("scc",)),
    ("SCC", "same", _ISIC, ("squamous cell carcinoma", "squamous cell carcinoma nos")),
    ("SCC", "same", _DE, ("plattenepithelkarzinom", "spinaliom", "spinozelluläres karzinom")),
    ("SCC", "same", _FR, ("carcinome épidermoïde", "carcinome spinocellulaire")),
    ("SCC", "same", _ZH, ("鳞状细胞癌", "皮肤鳞状细胞癌", "鳞癌")),
    ("SCC", "same", _ES, ("carcinoma espinocelular", "carcinoma de células escamosas")),
    ("SCC", "same", _ES, ("carcinoma epidermoide", "carcinoma escamocelular")),
    ("SCC", "same", _PT, ("carcinoma espinocelular", "carcinoma de células escamosas")),
    ("SCC", "same", _IT, ("carcinoma spinocellulare", "carcinoma squamocellulare")),
    ("SCC", "same", _IT, ("carcinoma a cellule squamose", "carcinoma epidermoide")),
    ("SCC", "kind", _ISIC, ("squamous cell carcinoma invasive",)),
    ("LP", "same", _FITZ, ("lichen planus",)),
    ("LP", "group", _SCIN, ("lichen planus lichenoid eruption",)),
    ("LP", "same", _DE, ("lichen ruber planus", "lichen ruber", "knötchenflechte")),
    ("LP", "same", _FR, ("lichen plan",)),
    ("LP", "same", _ZH, ("扁平苔藓", "扁平苔癣")),
    ("LP", "same", _ES, ("liquen plano",)),
    ("LP", "same", _PT, ("líquen plano",)),
    ("LP", "same", _IT, ("lichen piano", "lichen ruber")),
    ("Rosa", "same", _FITZ, ("rosacea",)),
    ("Rosa", "same", _EN, ("acne rosacea",)),
    ("Rosa", "same", _DE, ("rosazea", "kupferrose")),
    ("Rosa", "same", _FR, ("rosacée", "couperose rosacée", "acné rosacée")),
    ("Rosa", "same", _ZH, ("玫瑰痤疮", "酒渣鼻", "酒糟鼻", "酒皶鼻")),
    ("VW", "same", _ICD, ("viral wart", "viral warts", "wart")),
    ("VW", "same", _EN, ("verruca",)),
    ("VW", "kind", _DDI, ("verruca vulgaris", "wart common")),
    ("VW", "kind", _SCIN, ("verruca vulgaris", "verruca plana", "common wart")),
    ("VW", "kind", _EN, ("plantar wart", "flat wart", "verruca plantaris")),
    ("VW", "same", _DE, ("viruswarze", "viruswarzen", "warze", "warzen", "virale warzen")),
    ("VW", "kind", _DE, ("vulgäre warze", "vulgäre warzen")),
    ("VW", "same", _FR, ("verrue", "verrues", "verrue virale", "verrues virales")),
    ("VW", "kind", _FR, ("verrue vulgaire", "verrues vulgaires")),
    ("VW", "same", _ZH, ("病毒疣", "病毒性疣", "疣")),
    ("VW", "same", _ES, ("verruga", "verrugas", "verruga vírica", "verrugas víricas")),
    ("VW", "same", _ES, ("verruga viral", "verrugas virales")),
    ("VW", "kind", _ES, ("verruga vulgar", "verruga plana", "verruga plantar")),
    ("VW", "same", _PT, ("verruga viral", "verrugas virais")),
    ("VW", "same", _IT, ("verruche", "verruca virale", "verruche virali")),
    ("VW", "kind", _IT, ("verruca volgare", "verruche volgari", "verruca piana")),
    ("VW", "kind", _ZH, ("寻常疣", "扁平疣", "跖疣")),
    ("AV", "same", _FITZ, ("acne vulgaris", "acne")),
    ("AV", "same", _SCIN, ("acne",)),
    ("AV", "same", _DE, ("akne", "akne vulgaris")),
    ("AV", "same", _FR, ("acné", "acné vulgaire")),
    ("AV", "same", _ZH, ("痤疮", "寻常痤疮", "寻常性痤疮", "青春痘", "粉刺")),
    ("AV", "same", _ES, ("acné vulgar",)),
    ("AV", "same", _PT, ("acne vulgar",)),
    ("AV", "same", _IT, ("acne volgare",)),
    ("KAHS", "kind", _FITZ, ("keloid",)),
    ("KAHS", "kind", _EN, ("hypertrophic scar", "keloid scar")),
    ("KAHS", "same", _EN, ("keloid hypertrophic scar", "keloid or hypertrophic scar")),
    ("KAHS", "same", _SCIN, ("scar keloid and hypertrophic",)),
    ("KAHS", "kind", _DE, ("keloide", "narbenkeloid", "hypertrophe narbe", "hypertrophe narben")),
    ("KAHS", "kind", _FR, ("chéloïde", "chéloïdes", "cicatrice hypertrophique")),
    ("KAHS", "same", _ZH, ("瘢痕疙瘩和增生性瘢痕", "瘢痕疙瘩与增生性瘢痕")),
    ("KAHS", "kind", _ZH, ("瘢痕疙瘩", "增生性瘢痕", "疤痕疙瘩", "肥厚性瘢痕")),
    ("KAHS", "kind", _ES, ("queloide", "queloides", "cicatriz hipertrófica")),
    ("KAHS", "same", _ES, ("queloide y cicatriz hipertrófica",)),
    ("KAHS", "kind", _PT, ("queloide", "queloides", "cicatriz hipertrófica")),
    ("KAHS", "kind", _IT, ("cheloide", "cheloidi", "cicatrice ipertrofica")),
    ("EAD", "same", _SCIN, ("eczema", "eczema dermatitis")),
    ("EAD", "same", _DERMNET, ("eczema", "dermatitis", "dermatitis and eczema")),
    ("EAD", "same", _EN, ("eczematous dermatitis", "eczema or dermatitis")),
    ("EAD", "same", _DE, ("ekzem", "ekzeme", "ekzem und dermatitis")),
    ("EAD", "same", _FR, ("eczéma", "dermatite", "eczéma et dermatite")),
    ("EAD", "same", _ZH, ("湿疹", "皮炎", "皮炎湿疹", "湿疹皮炎", "湿疹和皮炎", "皮炎和湿疹")),
    ("EAD", "same", _ES, ("eccema", "eccemas", "eccema y dermatitis", "eczema y dermatitis")),
    ("EAD", "same", _PT, ("dermatite", "eczema e dermatite")),
    ("EAD", "same", _IT, ("dermatite", "dermatiti", "eczema e dermatite", "eczemi")),
    ("SD", "same", _FITZ, ("seborrheic dermatitis",)),
    ("SD", "same", _EN, ("seborrheic eczema",)),
    ("SD", "same", _DE, ("seborrhoisches ekzem", "seborrhoische dermatitis")),
    ("SD", "same", _FR, ("dermatite séborrhéique", "eczéma séborrhéique")),
    ("SD", "same", _ZH, ("脂溢性皮炎", "脂溢性湿疹")),
    ("SD", "same", _ES, ("dermatitis seborreica", "eccema seborreico")),
    ("SD", "same", _PT, ("dermatite seborreica", "eczema seborreico")),
    ("SD", "same", _IT, ("dermatite seborroica", "eczema seborroico")),
    ("Pso", "same", _FITZ, ("psoriasis",)),
    ("Pso", "same", _EN, ("psoriasis vulgaris", "plaque psoriasis")),
    ("Pso", "same", _DE, ("schuppenflechte", "plaque psoriasis")),
    ("Pso", "same", _FR, ("psoriasis en plaques", "psoriasis vulgaire")),
    ("Pso", "same", _ZH, ("银屑病", "寻常型银屑病", "寻常性银屑病", "牛皮癣", "斑块状银屑病")),
    ("Pso", "same", _ES, ("psoriasis vulgar", "psoriasis en placas")),
    ("Pso", "same", _PT, ("psoríase", "psoríase vulgar", "psoríase em placas")),
    ("Pso", "same", _IT, ("psoriasi", "psoriasi volgare", "psoriasi a placche")),
    ("Hem", "same", _ZH, ("皮肤血管瘤",)),
    ("PWS", "same", _FITZ, ("port wine stain",)),
    ("PWS", "same", _EN, ("nevus flammeus", "portwine stain")),
    ("PWS", "same", _DE, ("feuermal", "feuermale", "weinfleck")),
    ("PWS", "same", _FR, ("tache de vin", "taches de vin", "angiome plan")),
    ("PWS", "same", _ZH, ("鲜红斑痣", "葡萄酒色斑", "葡萄酒样痣", "葡萄酒样斑")),
    ("PWS", "same", _ES, ("mancha en vino de oporto", "mancha de vino de oporto")),
    ("PWS", "same", _ES, ("nevo flamígero",)),
    ("PWS", "same", _PT, ("mancha vinho do porto", "mancha em vinho do porto")),
    ("PWS", "same", _IT, ("macchia vino porto", "macchia color vino porto", "nevo flammeo")),
)

_NO_CLASS = (
    *("unknown", "unk", "other", "others", "-1", "n/a", "na", "nan", "none", "null", "?", "-"),
    *("unspecified", "not specified", "undefined", "unclassified", "unlabeled", "unlabelled"),
    *("no label", "no diagnosis", "not available", "not applicable", "not known", "missing"),
    *("miscellaneous", "misc", "tbd", "no definitive diagnosis", "undetermined", "-1.0", "--"),
    *("unbekannt", "andere", "anderes", "sonstige", "sonstiges", "keine angabe", "k.a.", "unklar"),
    *("inconnu", "inconnue", "autre", "autres", "non précisé", "non renseigné", "indéterminé"),
    *("otro", "otros", "desconocido", "altro", "sconosciuto", "outro", "outros", "desconhecido"),
    *("sin diagnóstico", "no especificado", "ninguno", "senza diagnosi", "non specificato"),
    *("nessuno", "sem diagnóstico", "não informado", "não especificado", "nenhum", "altri"),
    *("其他", "其它", "未知", "不详", "未分类", "无", "不明"),
)

_PLURALS: Mapping[str, str] = {
    **{"nevi": "nevus", "verrucae": "verruca", "keratoses": "keratosis", "moles": "mole"},
    **{"warts": "wart", "scars": "scar", "stains": "stain", "lesions": "lesion"},
    **{"keloids": "keloid", "eczemas": "eczema", "carcinomata": "carcinoma", "acnes": "acne"},
    **{"cancers": "cancer", "tumors": "tumor", "eruptions": "eruption"},
}
_SAID_OF_PHOTOS = frozenset(("photo", "photos", "image", "images", "picture", "pictures"))
_BRITISH = (
    *(("naev", "nev"), ("nævu", "nevu"), ("nævo", "nevo"), ("haem", "hem")),
    *(("rrhoei", "rrhei"), ("rrhoeal", "rrheal"), ("tumour", "tumor"), ("oedem", "edem")),
)
_APART = re.compile(r"[\s_\-./\\,;:()\[\]'’\"+&]+")
_ORDINAL = re.compile(r"\s*\d{1,3}(?:[.):]\s*|[\s_-]+)(?=[^\W\d])")
_COUNT = re.compile(
    r"(?<=[\w)])(?:[\s_]*[-–]\s*|[\s_]+|\s*\()\d+(?:[.,]\d+)?k?\)?\s*$", re.IGNORECASE
)
_ABBREVIATED = re.compile(r"(?P<name>[^()]+?)\s*\((?P<short>[^()]+)\)\s*")
_CAMEL = re.compile(r"(?<=[a-zß-ÿ])(?=[A-Z][a-z])")
# What is said of skin without being a class here, as `key` writes it: so that folders and columns
# are known by it.
_DISEASE_WORDS = re.compile(
    r"(?:\w*(?:itis|osis|oma|omas|iasis|oderma|emia|keratose|karzinom|carcinome|purpura)"
    r"|(?:cerat|querat|cherat)os[ei]|psoriasi|psoriase|dermatit[ei]|eccema|nevo|nevos"
    r"|bowen|verruca|verruche|verrugas?|queloide|cheloide|liquen|carcinomi"
    r"|benign|malignant|benigne|maligne|benin|malin|gutartig|bosartig|良性|恶性|normal|healthy"
    r"|acne|eczema|tinea|lichen|lupus|vitiligo|urticaria|herpes|wart|scabies|impetigo|rosacea"
    r"|nevus|lentigo|melasma|pemphigus|pemphigoid|alopecia|ichthyosis|pityriasis|ringworm"
    r"|monkeypox|mpox|measles|chickenpox|cellulitis|癣|疹|病|癌|瘤|痣|疮|炎)"
)


def key(label: str) -> str:
    """The same for all writings of one name: without case, accents, punctuation, plural, British
    spelling, and what is said of photographs (``Eczema Photos``)."""
    text = unicodedata.normalize("NFC", _CAMEL.sub(" ", label)).casefold()
    for british, american in _BRITISH:
        text = text.replace(british, american)
    parts = unicodedata.normalize("NFKD", text.replace("æ", "e").replace("ß", "ss"))
    text = "".join(char for char in parts if not unicodedata.combining(char))
    words = [_PLURALS.get(word, word) for word in _APART.split(text) if word]
    words = [word[:-1] if word.endswith("omas") and len(word) > 5 else word for word in words]
    kept = [word for word in words if word not in _SAID_OF_PHOTOS]
    return " ".join(kept if kept and len(kept) < len(words) else words)


def _own() -> Iterator[tuple[str, Synonym]]:
    """The classes' codes and names themselves."""
    for disease in (*taxonomy.DISEASES, *taxonomy.OTHERS):
        for written in (disease.code, disease.name):
            yield key(written), Synonym(disease.code, "same", "DermXAI")


SYNONYMS: Mapping[str, Synonym] = {
    **{
        key(name): Synonym(code, relation, source)
        for code, relation, source, names in reversed(_TABLE)
        for name in names
    },
    **dict(_own()),
}
"""By `key`."""
NO_CLASS = frozenset(unicodedata.normalize("NFC", word).casefold() for word in _NO_CLASS)


def synonym(label: str) -> Synonym | None:
    """What a label means, or None where it has no class here. A number before a name or after it,
    as in ``0_mel`` or ``2. Melanoma 15.75k``, and the name's abbreviation in brackets, as in
    ``Melanocytic Nevi (NV)``, say nothing more."""
    return SYNONYMS.get(key(label)) or SYNONYMS.get(key(undecorated(label)))


def undecorated(label: str) -> str:
    """A label without its number in a list, without how many there are, and without the
    abbreviation of the same class in brackets; itself where it has none of these."""
    text = _COUNT.sub("", _ORDINAL.sub("", label, count=1), count=1)
    if named := _ABBREVIATED.fullmatch(text):
        whole, short = (SYNONYMS.get(key(named[part])) for part in ("name", "short"))
        if whole and short and whole.code == short.code:
            text = named["name"]
    return text.strip() or label


def is_no_class(label: str) -> bool:
    """Whether a label says that there is no diagnosis, such as "unknown", "other" and "-1"."""
    return unicodedata.normalize("NFC", label).strip().casefold() in NO_CLASS


def is_disease(name: str) -> bool:
    """Whether a folder's or column's name, or a cell, is a diagnosis, with a class here or
    without."""
    if synonym(name) is not None:
        return True
    return any(_DISEASE_WORDS.fullmatch(word) for word in key(name).split()) or bool(
        re.search("[癣疹病癌瘤痣疮炎]", name)
    )
