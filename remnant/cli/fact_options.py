"""Options for what a person tells of a case, made from the vocabulary of inputs.

A fact with an option in `planning.inputs` has it here; nothing of it is declared again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, make_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Group, Parameter

from planning.inputs import CLINICAL_INPUTS, INPUTS, PATIENT_INPUTS, Input
from remnant.core.patient import Patient

PATIENT_GROUP = Group(
    "Patient", sort_key=10, help="Every fact is optional; absent is never guessed."
)
DISEASE_GROUP = Group(
    "Disease", sort_key=60, help="Every fact is optional; what is not told counts as unknown."
)


@dataclass(frozen=True, kw_only=True)
class ToldFacts:
    """Facts that were given as options; each is an attribute by the name of its input."""

    @property
    def given(self) -> Mapping[str, tuple[str, Any]]:
        """What was given: by the input's name, with the option's."""
        names = (one.name for one in fields(self) if one.name in INPUTS)
        values = ((name, getattr(self, name)) for name in names)
        return {name: (INPUTS[name].option, value) for name, value in values if value is not None}


@dataclass(frozen=True, kw_only=True)
class ToldOfPatient(ToldFacts):
    """Facts about the person."""

    def patient(self, known: Patient | None = None) -> Patient:
        """Make the domain type, with its range checks.

        Facts that were not given are taken from ``known``, the case's earlier report. A body size
        that was assumed stays so unless both height and weight are given.
        """
        known = known or Patient()
        told = {name: value for name, (_, value) in self.given.items()}
        measured = {"height_cm", "weight_kg"} <= set(told)
        return replace(known, **told, body_size_assumed=known.body_size_assumed and not measured)


@dataclass(frozen=True, kw_only=True)
class ToldOfDisease(ToldFacts):
    """Facts beside the scan: a file with all of them, and the commonest as options."""

    facts: Path | None = None
    """File with facts and choices. YAML or JSON; `remnant plan --template FILE` writes an empty
    one. Options go before it, and it before what the stored case knew."""


def help_of(told: Input) -> str:
    """Return the help of an option: what it is, its unit and range."""
    if told.range is None:
        return told.meaning
    low, high = told.range
    return f"{told.meaning} {low:g} to {high:g} {told.unit}".rstrip() + "."


def _with_options(base: type[ToldFacts], inputs: Iterable[Input], group: Group) -> Any:  # noqa: ANN401
    """Return a dataclass with a field for every input that has an option."""
    made = make_dataclass(
        base.__name__.replace("ToldOf", "") + "Options",
        [(one.name, _annotation(one), field(default=None)) for one in inputs if one.option],
        bases=(base,),
        frozen=True,
        kw_only=True,
    )
    made.__doc__, made.__module__ = base.__doc__, __name__
    return Parameter(name="*", group=group)(made)


def _annotation(told: Input) -> Any:  # noqa: ANN401  (an annotation made at run time)
    return Annotated[told.type | None, Parameter(name=told.option, help=help_of(told))]


if TYPE_CHECKING:  # the classes are made at import: their fields are those of the vocabulary
    PatientOptions = ToldOfPatient
    DiseaseOptions = ToldOfDisease
else:
    PatientOptions = _with_options(ToldOfPatient, PATIENT_INPUTS, PATIENT_GROUP)
    DiseaseOptions = _with_options(ToldOfDisease, CLINICAL_INPUTS, DISEASE_GROUP)
NO_PATIENT = PatientOptions()
NO_DISEASE = DiseaseOptions()
