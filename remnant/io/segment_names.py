"""What the name of a segment says, in whatever language and spelling.

Letters of other scripts stay in the name, so that no name is ever reduced to the digit within it.
"""

import re
import unicodedata
from dataclasses import dataclass
from types import MappingProxyType

from remnant.core.labels import CouinaudSegment
from remnant.io.roles import Part

LONGEST_NAME = 200

NUMBERS = MappingProxyType(
    {**{s.name.lower(): s for s in CouinaudSegment}, **{str(int(s)): s for s in CouinaudSegment}}
)
_ORGAN = (
    r"(?:couinaud|hepati(?:c|que|co|cum|s)|hepar|epatico|liver|leber|lever|foie|higado|figado|"
    r"fegato)"
)
_WORD = r"(?:(?:leber|lever)?segment(?:o|um)?|segm|seg|sg|s)"
_BEFORE = rf"(?:(?:{_ORGAN} (?:s )?)*(?:couinaud|{_WORD})(?: (?:{_ORGAN}|of|de|nr|no))* ?)?"
_AFTER = (
    rf"(?: (?:of|the|according|to|nach|der|selon|du|de|segun|del|la|secondo|{_ORGAN}|segment))*"
)
_CAUDATE = (
    r"(?:(?:lob(?:e|us|ulo|o) )?(?:caudat(?:e|us|o)|caudado|caude)(?: lobe)?|"
    r"lobe de spiegel|spiegel(?: s)? lobe)"
)
_ONE = rf"{_BEFORE}(?:i|0?1)"
_COUINAUD_NAME = re.compile(
    rf"(?P<caudate>(?:{_ONE} )?{_CAUDATE}(?: {_ONE})?{_AFTER})|"
    rf"(?!sv$){_BEFORE}0?(?:(?P<half>(?:iv|4) ?[ab](?: (?:upper|lower|superior|inferior))?)|"
    rf"(?P<number>viii|vii|vi|iv|v|iii|ii|i|[1-8])){_AFTER}"
)
_RUNNING_NUMBER = re.compile(r"(?:(?:segmento?|label|region|class|roi) ?)?(?P<number>[0-9]{1,9})")

_P_NOTATION = re.compile(r"p ?(?P<number>viii|vii|vi|iv|iii|ii|i|[1-8])")
_BRANCH_WORDS = re.compile(
    r"\b(?:portal|vein|venous|vessel|branch|branches|of|to|for|right|left|middle|main|"
    r"(?:pv|hv)(?=\d|\b)|p(?= ?\d))(?![^\W\d_])"
)
_BRANCH_NUMERAL = re.compile(
    r"(?!(?:ivc|svc?)$)(?:[a-z]{0,4}\d+[a-z]?|(?:p|[lrh]?p?v)?[iv]+[a-d]?)"
)

_NUMERAL = re.compile(r"(?!(?:ivc|svc)$)(?:s?(?:[ivx]{1,5}|\d+)[a-d]?|[ltc]\d{1,2})")
_BESIDE = re.compile(
    rf"s|[a-d]|and|to|und|bis|et|y|e|[?+&]|upper|lower|superior|inferior|sup|inf|medial|lateral|"
    rf"dorsal|ventral|anterior|posterior|left|right|part|{_ORGAN}"
)
_LIKE = re.compile(
    r"\b(?:couinaud|seg|segm|(?:leber|lever)?segment(?:s|e|en|o|os|i|um)?|se[ck]t(?:or|ors|eur|ion)|"
    r"sections|sektoren|seccion|settore|hemi(?:liver|leber|hepar)|lob(?:es?|us|ulo|o)|\w*lappen|"
    r"caudat(?:e|us|o)|caudado|caude|quadrate)\b|сегмент|段|区域|區域|구역|분절|τμημα"
)
_LIVER = re.compile(r"hepat|hepar|epatic|liver|leber|foie|higado|figado|fegato|hcc")
_ELSEWHERE = re.compile(
    r"\b(?:lungs?|pulmo\w*|lungen?|poumon|kidneys?|renal|niere|spleen|splenic|milz|pancrea\w*|"
    r"adrenal|gall ?bladder|stomach|duodenum|colon|bowel|bones?|ribs?|vertebra\w*|spine|brain|"
    r"temporal|frontal|parietal|occipital|thyroid|prostate|bladder|aorta|heart|o?esophag\w*|"
    r"lymph\w*|nodes?|muscles?|skin)\b"
)
_ASIDE = re.compile(
    r"\b(?:cysts?|zyste\w*|kyste|quiste|ha?emangiom\w*|fnh|adenom\w*|abscess\w*|ablat\w*|stent|"
    r"(?:ctv|ptv|itv)\w*|calcif\w*|catheter|biops\w*|margins?|resect\w*|arter\w*|vein\w*|vena|duct\w*)\b"
)
_LESION = re.compile(
    r"tumou?r|tumeur|lesion|l(?:a|ae)sion|lesao|metasta|neoplas|carcinom|karzinom|sarcom|malignan|"
    r"raumforderung|\b(?:mets?|hcc|icc|ccc|crlm|cancer|nodules?|mass(?:es)?|leberherde?)\b"
)
_OTHER_SCRIPTS = re.compile(
    unicodedata.normalize(
        "NFKD",
        r"(?:肝[脏臟臓]?)?(?:肿瘤|腫瘍|腫瘤|肿块|病灶|病变|病変|转移瘤?|轉移瘤?|転移)(?: ?\d+)?|"
        r"(?:간 ?)?(?:종양|병변|전이)(?: ?\d+)?|"
        r"(?:опухол[ьи]|метастазы?|очаги?)(?: (?:в )?печени)?(?: \d+)?",
    )
)
"""Lesions as whole names: a word for them may stand in the name of another organ's."""
_NO_LESION = re.compile(
    r"\b(?:no(?! ?\d)|not|without|free|ohne|sans|sin|senza|minus|except|excl\w*|margins?|bed|"
    r"(?:non|peri) ?(?:tumou?r|lesion|malign|neoplas)\w*)\b"
)
_GROSS_TUMOUR = re.compile(r"gtv(?!n)[^\W_]*(?: .*)?")
"""Gross tumour volume (ICRU report 50), as planning programs name it; not its nodes, and not what
stands before such a name: ``Liver-GTV`` is the liver without it."""
_PART_NAMES = (
    (
        Part.PORTAL_VEIN,
        re.compile(
            r"(?:liver )?(?:(?:left|right|main) )?portal veins?(?: and splenic vein)?|pfortader|"
            r"(?:vena|v) portae?|veine porte"
        ),
    ),
    (
        Part.HEPATIC_VEINS,
        re.compile(r"(?:(?:left|middle|right) )?hepatic veins?|lebervenen?|veines? hepatiques?"),
    ),
    (Part.VESSELS, re.compile(r"(?:liver|hepatic|intrahepatic)? ?vessels?|lebergefa(?:ss|ß)e")),
    (
        Part.LIVER,
        re.compile(
            unicodedata.normalize(
                "NFKD",
                r"(?:whole |total )?(?:liver|hepar|leber|foie|higado|figado|fegato|печень|watroba|"
                r"karaciger|肝[脏臟臓]?|간)(?: (?:whole|total|organ))?",
            )
        ),
    ),
)
_RIGHT = frozenset(
    (CouinaudSegment.V, CouinaudSegment.VI, CouinaudSegment.VII, CouinaudSegment.VIII)
)
_LEFT = frozenset((CouinaudSegment.II, CouinaudSegment.III, CouinaudSegment.IV))


@dataclass(frozen=True, slots=True)
class SegmentName:
    """Couinaud segment of a name; whether it is half of IV; whether a mere number told it."""

    segment: CouinaudSegment
    half: bool = False
    by_number: bool = False


def plain(name: str) -> str:
    """Return a name in small letters without accents, parted into words and numbers.

    Letters and digits of any script stay, and so do ``?``, ``+`` and ``&``, which tell that a name
    is in doubt or means several.
    """
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name[:LONGEST_NAME])
    signs = unicodedata.normalize("NFKD", parted)
    letters = "".join(sign for sign in signs if not unicodedata.combining(sign)).lower()
    return " ".join(re.findall(r"[^\W\d_]+(?:\d+[ab]?)?|\d+[ab]?|[?+&]", letters))


def running_number(name: str) -> int | None:
    """Return the number of a name that is a running number alone, such as ``Segment_4``."""
    found = _RUNNING_NUMBER.fullmatch(plain(name))
    return int(found["number"]) if found else None


def segment_of_name(name: str) -> SegmentName | None:
    """Return the Couinaud segment that a name means beyond doubt; no running number is one."""
    if running_number(name) is not None:
        return None
    return _couinaud(plain(name))


def branch_of_name(name: str) -> SegmentName | None:
    """Return the segment that a branch of a vessel serves: ``P4``, ``PVI``, ``portal branch 4``.

    ``PVI`` is ``P VI`` here; see `ambiguous_branches` for where it may be another. A branch of one
    side that serves a segment of the other is none.
    """
    text = plain(name)
    short = _P_NOTATION.fullmatch(text)
    if short:
        return SegmentName(NUMBERS[short["number"]])
    if running_number(name) is not None:
        return None
    rest = " ".join(_BRANCH_WORDS.sub(" ", text).split())
    found = _couinaud(rest)
    words = set(text.split())
    if found is None or (
        found.segment in (_LEFT if "right" in words else frozenset())
        or found.segment in (_RIGHT if "left" in words else frozenset())
    ):
        return None
    counted = rest.isdigit() and not re.search(rf"p[vh]? ?{rest}", text)
    return SegmentName(found.segment, half=found.half, by_number=counted)


def ambiguous_branches(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of branches that may mean two things in a file with these names.

    ``PV`` is the portal vein or P V. ``PVI`` is P VI, or I of the portal vein: the former where the
    file has P I to P IV too, and no PV IV or PV V written in one word.
    """
    texts = {name: plain(name) for name in names}
    others = set(texts.values())
    p_notation = any(re.fullmatch(r"p ?(?:i|ii|iii|iv|[1-8])", text) for text in others)
    pv_notation = any(re.fullmatch(r"pv(?:iv|v|vi|vii|viii)", text) for text in others)
    doubtful = {"pv", "p v"}
    if pv_notation or not p_notation:
        doubtful |= {"pvi", "pvii", "pviii"}
    return tuple(name for name, text in texts.items() if text in doubtful)


def part_of_name(name: str) -> Part | None:
    """Return the structure of the liver, other than a segment, that a name means."""
    text = plain(name)
    if _GROSS_TUMOUR.fullmatch(text):
        return None if is_elsewhere(name) else Part.LESIONS
    if _OTHER_SCRIPTS.fullmatch(text):
        return Part.LESIONS
    if _LESION.search(text):
        return None if _NO_LESION.search(text) or is_elsewhere(name) else Part.LESIONS
    return next((part for part, form in _PART_NAMES if form.fullmatch(text)), None)


def is_elsewhere(name: str) -> bool:
    """Tell whether a name speaks of another organ, and not of the liver."""
    text = plain(name)
    return bool(_ELSEWHERE.search(text)) and not says_liver(name)


def says_liver(name: str) -> bool:
    """Tell whether a name speaks of the liver, or of Couinaud."""
    text = plain(name)
    return bool(_LIVER.search(text)) or "couinaud" in text


def is_aside(name: str) -> bool:
    """Tell whether a name means something that is neither tumour nor segment: a cyst, a stent."""
    text = plain(name)
    no_tumour = bool(_LESION.search(text) and _NO_LESION.search(text))
    around = "gtv" in text and not _GROSS_TUMOUR.fullmatch(text)
    return bool(_ASIDE.search(text)) or no_tumour or around


def seems_segment(name: str) -> bool:
    """Tell whether a name seems to mean segments of the liver, or parts or groups of them."""
    if is_elsewhere(name) or is_aside(name):
        return False
    words = plain(name).split()
    counted = any(_NUMERAL.fullmatch(word) for word in words)
    known = all(_NUMERAL.fullmatch(word) or _BESIDE.fullmatch(word) for word in words)
    return bool(_LIKE.search(" ".join(words))) or (counted and known)


def seems_branch(name: str) -> bool:
    """Tell whether a name seems to number a branch of a vessel."""
    return not is_elsewhere(name) and any(
        _BRANCH_NUMERAL.fullmatch(word) for word in plain(name).split()
    )


def _couinaud(text: str) -> SegmentName | None:
    found = _COUINAUD_NAME.fullmatch(text)
    if found is None:
        return None
    if found["half"]:
        return SegmentName(CouinaudSegment.IV, half=True)
    return SegmentName(NUMBERS["i" if found["caudate"] else found["number"]])
