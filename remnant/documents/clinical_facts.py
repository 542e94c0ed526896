"""A facts file: what is known of the disease and the person, and what is asked of the planner.

YAML (or JSON with the suffix ``.json``) in three sections, every line of which is optional::

    patient:
      weight_kg: 80
    clinical:
      ki67_percent: 4
      functional: yes
    choices:
      most_ablations: 2

An empty value is "not said". ``facts-1.0.json``, beside the report's schema, is its JSON schema.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from remnant.core.clinical import NOTHING_SAID, ClinicalFacts
from remnant.core.errors import InputError
from remnant.core.patient import Patient
from remnant.core.plan_choice import DEFAULT_CHOICE, PlanChoice
from remnant.documents.facts_fields import Field, FieldError
from remnant.documents.facts_sections import SECTIONS
from remnant.documents.plain_yaml import read_plain

FACTS_VERSION: Final = "1.0"
VERSION_KEY: Final = "facts_version"
LARGEST_FACTS_BYTES: Final = 64 * 1024
WHAT: Final = "facts file"
LONGEST_QUOTED: Final = 60
RENAMED: Final = {"targets_percent": "targets"}
"""Fields of ``choices`` that `PlanChoice` calls otherwise: there they are shares."""
FIELDS: Final[Mapping[str, Mapping[str, Field]]] = {
    section: {known.name: known for known in fields} for section, fields in SECTIONS.items()
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsFile:
    """What a facts file says, by the names of the domain's own fields.

    A field that is left out was not said. ``None`` takes back what an earlier run stored: a fact
    is unknown again, a limit is none.

    Parameters
    ----------
    patient, clinical, choices
        Fields of `Patient`, `ClinicalFacts` and `PlanChoice`.
    """

    patient: Mapping[str, Any] = field(default_factory=dict)
    clinical: Mapping[str, Any] = field(default_factory=dict)
    choices: Mapping[str, Any] = field(default_factory=dict)

    def facts(self, known: ClinicalFacts = NOTHING_SAID) -> ClinicalFacts:
        """Return the clinical facts; what the file does not say is taken from ``known``."""
        return replace(known, **self.clinical)

    def patient_facts(self, known: Patient) -> Patient:
        """Return the patient's facts; what the file does not say is taken from ``known``.

        A body size that was assumed stays so unless the file gives both height and weight.
        """
        measured = {"height_cm", "weight_kg"} <= set(self.patient)
        assumed = known.body_size_assumed and not measured
        return replace(known, **self.patient, body_size_assumed=assumed)

    def choice(self, known: PlanChoice = DEFAULT_CHOICE) -> PlanChoice:
        """Return the planner's choices; what the file does not say is taken from ``known``."""
        return replace(known, **self.choices)


NO_FILE: Final = FactsFile()
NOTHING_WRITTEN: Final[Mapping[str, tuple[str, Any]]] = {}


def read_facts_file(path: Path) -> FactsFile:
    """Read a facts file that a person wrote.

    Raises
    ------
    UnreadableFileError
        The file is missing, larger than 64 KiB, or neither plain YAML nor JSON.
    InputError
        A key is not known, or a value is not what its field may hold; the message names the key,
        what was got and what is allowed.
    """
    document = read_plain(path, most_bytes=LARGEST_FACTS_BYTES, what=WHAT)
    sections = _sections(document, path.name)
    said = {name: _said(name, sections.get(name), path.name) for name in FIELDS}
    choices = {RENAMED.get(name, name): value for name, value in said["choices"].items()}
    return FactsFile(patient=said["patient"], clinical=said["clinical"], choices=choices)


Said = Mapping[str, tuple[str, Any]]
"""By the name of a facts file's field: what it was called where it was said, and its value."""


def facts_said(*, clinical: Said, choices: Said, patient: Said = NOTHING_WRITTEN) -> FactsFile:
    """Return what a command line, or a row of a manifest, says as a facts file would say it.

    Parameters
    ----------
    clinical, choices, patient
        By the name of a facts file's field: the option's name and what it was given, not ``None``.

    Raises
    ------
    InputError
        A value is not what its field may hold; the message names the option.
    """
    sections = {"patient": patient, "clinical": clinical, "choices": choices}
    said = {
        section: {
            RENAMED.get(name, name): _value(FIELDS[section][name], value, option)
            for name, (option, value) in given.items()
        }
        for section, given in sections.items()
    }
    return FactsFile(patient=said["patient"], clinical=said["clinical"], choices=said["choices"])


def _sections(document: object, file: str) -> Mapping[str, Any]:
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise InputError(f"{file} holds no sections; allowed are {', '.join(FIELDS)}")
    for name in document:
        if name not in FIELDS and name != VERSION_KEY:
            raise InputError(f"{file} has the unknown key {name[:40]!r}; {_where(name)}")
    version = document.get(VERSION_KEY)
    if version is not None and str(version) != FACTS_VERSION:
        raise InputError(
            f"{file}: {VERSION_KEY} got {str(version)[:40]!r}; allowed is {FACTS_VERSION!r}"
        )
    return document


def _where(name: str) -> str:
    homes = [section for section, known in FIELDS.items() if name in known]
    if homes:
        return f"write it below {homes[0]}:"
    return f"allowed are {', '.join(FIELDS)}"


def _said(section: str, given: object, file: str) -> dict[str, Any]:
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise InputError(f"{file}: {section} got {_as_written(given)}; allowed are its fields")
    for name in given:
        if name not in FIELDS[section]:
            raise InputError(f"{file}: {section} has the unknown key {name[:40]!r}; "
                             f"{_nearest(name, section)}")  # fmt: skip
    return {
        name: _value(FIELDS[section][name], value, f"{file}: {section}.{name}")
        for name, value in given.items()
        if value is not None
    }


def _nearest(name: str, section: str) -> str:
    homes = [other for other, known in FIELDS.items() if name in known]
    if homes:
        return f"write it below {homes[0]}:"
    near = get_close_matches(name, FIELDS[section], n=1)
    if near:
        return f"did you mean {near[0]}?"
    return "`remnant plan --template FILE` writes all that are allowed"


def _value(known: Field, given: object, place: str) -> Any:  # noqa: ANN401  (each field's own type)
    try:
        return known.value(given)
    except FieldError as fault:
        got = _as_written(given)
        raise InputError(f"{place} got {got}; allowed is {known.allowed}") from fault
    except InputError as fault:
        raise InputError(f"{place}: {fault}") from fault


def _as_written(given: object) -> str:
    if isinstance(given, bool):
        return "yes" if given else "no"
    if given is None:
        return "nothing"
    if isinstance(given, dict):
        return "a section"
    if isinstance(given, list):
        return f"[{', '.join(_as_written(one) for one in given)}]"[:LONGEST_QUOTED]
    return " ".join((repr(given) if isinstance(given, str) else str(given)).split())[
        :LONGEST_QUOTED
    ]
