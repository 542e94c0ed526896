"""The messages of the catalogue, found in the sources: ``python -m remnant.wording.extraction``.

Sentences in code are found by the functions of `remnant.wording.language`, those of templates by
jinja's ``trans``, those of the rule data and of notes on sources in the data themselves.
The command brings the catalogues up to date: new messages stand there empty, what nobody says any
more is dropped.
"""

import ast
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Final

from planning import rules
from planning.inputs import INPUTS
from planning.literature import load_literature
from planning.rules.growth import PVL_REASON
from planning.rules.liver_function import LIVER_FUNCTION_TITLE
from planning.rules.pathways import ALTERNATIVE, LITTLE_EVIDENCE
from planning.rules.pathways_options import OptionRule
from planning.rules.trial_groups import TRIAL_STATEMENT
from remnant.core.clinical import ClinicalFacts
from remnant.core.lesions import Lobe
from remnant.core.patient import LiverBackground, Sex
from remnant.core.plan_choice import AblationShape
from remnant.core.quality_light import Light
from remnant.core.vessels import VesselName, VesselTree
from remnant.core.volumes import Phase
from remnant.wording.language import ENGLISH, LANGUAGES, Entry, catalogue_of
from remnant.wording.told_facts import FACT_WORDS

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog

ROOT: Final = Path(__file__).parents[2]
CATALOGUES: Final = Path(__file__).parent / "catalogue"
HEADER: Final = (
    "# Messages of the report; `python -m remnant.wording.extraction` keeps them up to date."
)
NO_TIME: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""Stands in the headers: the history keeps the time."""
PACKAGES: Final = ("wording", "view", "pictures", "page")
"""What the report is made from."""
TEMPLATES: Final = ROOT / "remnant" / "page" / "templates"
COHORT: Final = "cohort"
"""Begins the names of what only the pages of cohorts have: they are in English."""
ENGLISH_ONLY: Final = frozenset(
    ("rule_table", "rule_rows", "input_table", "exports", "scan_doubts", "responses",
     "agreement_view", "comparison_view", "bland_altman", "language", "extraction",
     "corrections", "notebook", "notebook_view", "dicom", "anonymising", "pacs")
)  # fmt: skip
"""Modules for the documentation, the terminal, notebooks, the review page and cohorts."""
SAID_FIELDS: Final = frozenset(
    ("statement", "population", "title", "remark", "obstacle", "text", "question", "treatment",
     "branch", "derivation", "spread", "not_asked", "patients", "tumours", "unit")
)  # fmt: skip
"""Fields of rule data that are sentences or names for readers."""
DATA: Final = (
    "planning.inputs",
    "planning.hepatectomies.named_sets",
    "volumetry.standardised.volume_formulas",
)
CONSTANTS: Final = (
    LIVER_FUNCTION_TITLE, LITTLE_EVIDENCE, ALTERNATIVE, TRIAL_STATEMENT, PVL_REASON
)  # fmt: skip
"""Sentences of the rule data that stand alone."""
SAID: Final = frozenset(("say", "message", "Remedy", "_always", "PlanLook"))
TABLES: Final = frozenset(("Message", "Template"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A message, its plural and context where it has such, and the file of its catalogue."""

    message: str
    plural: str = ""
    context: str | None = None
    file: str
    comment: str = ""


def found_messages() -> tuple[Found, ...]:
    """Return every message once, where it is found first."""
    first: dict[tuple[str | None, str], Found] = {}
    for one in (*_of_code(), *_of_templates(), *_of_data(), *_of_names(), *_of_literature()):
        if one.message and needs_translation(one.message):
            known = first.setdefault((one.context, one.message), one)
            if one.plural and not known.plural:
                first[one.context, one.message] = one
    return tuple(first.values())


def needs_translation(message: str) -> bool:
    """Tell whether a message has words beside placeholders and units.

    >>> needs_translation("{value:.0f} mL"), needs_translation("{value} lesions")
    (False, True)
    """
    bare = _without_placeholders(message)
    words = "".join(c if c.isalpha() else " " for c in bare).split()
    return any(word not in UNITS for word in words)


UNITS: Final = frozenset(
    ("mL", "mm", "cm", "kg", "HU", "G", "I", "L", "S", "g", "m", "s", "sFLR", "FLR", "ALPPS", "SD",
     "II", "III")
)  # fmt: skip
"""What reads alike in every language."""


def _without_placeholders(message: str) -> str:
    kept, depth = [], 0
    for sign in message:
        depth += (sign == "{") - (sign == "}")
        if not depth and sign != "}":
            kept.append(sign)
    return "".join(kept)


def modules() -> tuple[Path, ...]:
    """Return the modules that the report is made from."""
    found = (p for one in PACKAGES for p in sorted((ROOT / "remnant" / one).glob("*.py")))
    return tuple(p for p in found if not (p.stem in ENGLISH_ONLY or p.stem.startswith(COHORT)))


def _of_code() -> Iterator[Found]:
    for path in modules():
        package = path.parent.name
        file = path.stem if package == "wording" else package
        yield from messages_of(ast.parse(path.read_text(encoding="utf-8")), file)


def messages_of(tree: ast.AST, file: str) -> Iterator[Found]:
    """Yield the messages of a module's syntax tree."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield from _of_call(node, node.func.id, file)
        if isinstance(node, ast.AnnAssign) and is_table(node):
            yield from _of_table(node.value, None, file)


def _of_call(call: ast.Call, name: str, file: str) -> Iterator[Found]:
    literals = [a for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    texts = [str(literal.value) for literal in literals]
    if name in SAID and texts and call.args[0] in literals:
        yield Found(message=texts[0], file=file)
    if name == "say_as" and len(texts) > 1:
        yield Found(context=texts[0], message=texts[1], file=file)
    if name == "say_many" and len(texts) > 1:
        yield Found(message=texts[0], plural=texts[1], file=file)
    if name == "counted" and texts:
        yield Found(message=f"{{number}} {texts[0]}", plural=f"{{number}} {texts[0]}s", file=file)
    if name == "spoken":
        context = texts[0] if texts else None
        yield from _of_table(call.args[0], context, file)


def is_table(node: ast.AnnAssign) -> bool:
    """Tell whether all texts of a table are messages."""
    names = (n.id for n in ast.walk(node.annotation) if isinstance(n, ast.Name))
    return any(name in TABLES for name in names)


def _of_table(table: ast.AST | None, context: str | None, file: str) -> Iterator[Found]:
    if isinstance(table, ast.Dict):
        for value in table.values:
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield Found(message=value.value, context=context, file=file)


def _of_templates() -> Iterator[Found]:
    from jinja2.ext import babel_extract  # only for the catalogue

    options = {"trimmed": "true", "silent": "false", "newstyle_gettext": "true"}
    keywords = ("gettext", "ngettext", "pgettext", "_")
    for path in sorted(TEMPLATES.glob("*.j2")):
        if path.stem.lstrip("_").startswith(COHORT):
            continue
        with path.open("rb") as lines:
            for _, name, message, _ in babel_extract(lines, keywords, (), options):
                texts = (message,) if isinstance(message, str) else message or ()
                known = [text for text in texts if text is not None]
                if known:
                    yield _of_template(name, known)


def _of_template(name: str, texts: Sequence[str]) -> Found:
    if name == "pgettext":
        return Found(context=texts[0], message=texts[1], file="page")
    if name == "ngettext":
        return Found(message=texts[0], plural=texts[1], file="page")
    return Found(message=texts[0], file="page")


def _of_data() -> Iterator[Found]:
    names = [f"{rules.__name__}.{module.name}" for module in iter_modules(rules.__path__)]
    for name in (*names, *DATA):
        seen: set[int] = set()
        for value in vars(import_module(name)).values():
            yield from _walk(value, f"rules_{name.rpartition('.')[2]}", seen)
    for message in CONSTANTS:
        yield Found(message=message, file="rules_sentences")


def _of_literature() -> Iterator[Found]:
    """Yield this project's notes on its sources; titles stay as they were printed."""
    for key, reference in load_literature().items():
        if reference.note:
            yield Found(message=reference.note, file="source_notes", comment=key)


def _walk(value: object, file: str, seen: set[int]) -> Iterator[Found]:
    """Yield the sentences of a rule and of every rule within it."""
    if isinstance(value, (tuple, list, frozenset)):
        for item in value:
            yield from _walk(item, file, seen)
    elif isinstance(value, Mapping):
        yield from _walk(tuple(value.values()), file, seen)
    elif is_dataclass(value) and not isinstance(value, type) and id(value) not in seen:
        seen.add(id(value))
        comment = str(getattr(value, "id", getattr(value, "name", "")))
        if isinstance(value, OptionRule):
            yield Found(message=value.name, file=file, comment=comment)
        for name in (field.name for field in fields(value)):
            inner = getattr(value, name)
            if isinstance(inner, str) and name in SAID_FIELDS:
                yield Found(message=inner, file=file, comment=comment)
            else:
                yield from _walk(inner, file, seen)


def _of_names() -> Iterator[Found]:
    """Yield the words of fields and of the values of enumerations, as `names.named` says them."""
    types: list[type[StrEnum]] = [
        AblationShape,
        LiverBackground,
        Phase,
        Lobe,
        Sex,
        Light,
        VesselName,
        VesselTree,
    ]
    types += [one.type for one in INPUTS.values() if issubclass(one.type, StrEnum)]
    values = [value for kind in types for value in kind]
    called = (f.name for f in fields(ClinicalFacts) if f.name not in FACT_WORDS)
    unitless = (name for name in called if not INPUTS[name].unit)
    for name in (*unitless, *map(str, values)):
        yield Found(message=name.replace("_", " "), file="names")


def update(code: str) -> None:
    """Bring a language's catalogue up to date: new messages are empty, old ones dropped."""
    write_catalogue(code, catalogue_of(code).messages)


def write_catalogue(code: str, known: Mapping[Entry, tuple[str, ...]]) -> None:
    """Write a language's files anew, one for each source of messages.

    Parameters
    ----------
    code
        The language.
    known
        Its messages: the forms by context and English text; others are written empty.
    """
    from babel.messages.pofile import write_po  # only for the catalogue

    folder = CATALOGUES / code
    by_file: dict[str, list[Found]] = {}
    for one in found_messages():
        by_file.setdefault(one.file, []).append(one)
    for stale in {path.stem for path in folder.glob("*.po")} - set(by_file):
        (folder / f"{stale}.po").unlink()
    for name, messages in by_file.items():
        with (folder / f"{name}.po").open("wb") as file:
            write_po(file, _catalog(code, messages, known), width=98, no_location=True)


def _catalog(
    code: str, messages: Sequence[Found], known: Mapping[Entry, tuple[str, ...]]
) -> "Catalog":
    from babel.messages.catalog import Catalog  # only for the catalogue

    catalog = Catalog(
        locale=code, header_comment=HEADER, project="remnant", version="", msgid_bugs_address="",
        last_translator="", language_team="", creation_date=NO_TIME, revision_date=NO_TIME,
        fuzzy=False,
    )  # fmt: skip
    for one in messages:
        forms = known.get((one.context, one.message), ())
        catalog.add(
            (one.message, one.plural) if one.plural else one.message,
            forms if one.plural else "".join(forms[:1]),
            context=one.context,
            auto_comments=(one.comment,) if one.comment else (),
        )
    return catalog


if __name__ == "__main__":
    for language_code in sys.argv[1:] or set(LANGUAGES) - {ENGLISH}:
        update(language_code)
