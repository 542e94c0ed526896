"""Options of planning that several commands share."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from cyclopts import Group, Parameter

from remnant.cli.fact_options import DiseaseOptions
from remnant.cli.options import parse_segments
from remnant.core.errors import InputError
from remnant.core.plan_choice import DEFAULT_CHOICE, AblationShape
from remnant.core.units import percent_from_fraction
from remnant.io.recipe_text import NOTHING
from remnant.pipeline.asked import planning_asked
from remnant.pipeline.plan_settings import DEFAULT_PLAN, PlanRequest

DEFAULT = "default"
PLAN_GROUP = Group(
    "Plans", sort_key=70, help="What is not given is taken from --facts, then from the stored case."
)


@Parameter(name="*", group=PLAN_GROUP)
@dataclass(frozen=True, kw_only=True)
class PlanOptions:
    """Targets, limits and locks of the planner."""

    rule_set: str | None = None
    """FLR rule set that decides what is feasible. By its minimum; all others are shown too.
    Default: gepnetlm_review."""
    target: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = ()
    """Share of the tumour to reach, in percent. Of its volume; may be repeated. Default: 70, 80, 90
    and 100; `default` takes these again where the stored case has others."""
    reset_choices: Annotated[bool, Parameter(negative="", show_default=False)] = False
    """Forget the choices of the stored case. Its targets, limits, recipes and --resect: what is not
    given takes its default."""
    keep: str | None = None
    """Segments that always stay, e.g. IV or I,IV. They are never removed as a whole; `none` keeps
    no segment."""
    no_ablation: Annotated[bool, Parameter(negative="", show_default=False)] = False
    """No ablation at all. The same as --most-ablations 0."""
    most_ablations: str | None = None
    """At most so many ablation zones. Without limit: `none`."""
    most_wedges: str | None = None
    """At most so many wedges. None at all: 0; without limit: `none`."""
    resection_margin_mm: float | None = None
    """Liver around a resected lesion, in mm. It is taken with it. Default: 5."""
    ablation_margin_mm: float | None = None
    """Liver around an ablated lesion, in mm. It is destroyed with it. Default: 5."""
    ablation_limit_mm: float | None = None
    """Largest lesion that is ablated, in mm. By its longest axial diameter. Default: 30."""
    ablation_shape: AblationShape | None = None
    """Form of an ablation zone. Default: sphere."""
    largest_zone_mm: float | None = None
    """Largest ablation zone, in mm. By its diameter; larger needs take overlapping zones. Default:
    50."""
    wedge_limit_mm: str | None = None
    """Largest lesion excised alone, in mm. By its slice-corrected 3-D diameter; `none` for no
    limit. Default: 50."""
    wedge_depth_mm: str | None = None
    """Deepest lesion excised alone, in mm. By its near side; `none` for no limit. Default: 20."""
    central_distance_mm: float | None = None
    """No ablation nearer to the portal vein, in mm. The vein is that of the label map; lesions
    nearer than this are not ablated. Default: 10."""
    contiguous_segments: int | None = None
    """Kept segments that border on each other. So many at least. Default: 2."""
    named_only: bool | None = None
    """Look for named operations alone. Also where none of these reaches a target."""
    vessels_intact: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = ()
    """Segments whose removal spares the vessels. Removed segments, e.g. IV,VI,VIII, for which a
    person found inflow, outflow and bile drainage of all that stays intact; such a set then counts
    as a named operation. May be repeated; `none` drops those of the stored case."""
    certainty: float | None = None
    """Share of draws from which on a limit is met. Of the draws of the measurement error, and
    likewise from which on it is missed; between the two it is uncertain. Default: 0.9."""
    seconds: float | None = None
    """Seconds that the search may take. What is not proven by then says so. Default: 60."""
    recipe: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = ()
    """Your own plan, e.g. 'VI,VII; wedge 3'. Another is 'VI,VII; wedge 3; ablate 5,7'. It is judged
    beside the others; may be repeated. `none` drops those of the stored case."""
    plan_maps: Annotated[bool, Parameter(negative="", show_default=False)] = False
    """Write a label map for each plan. They are plan_1.nii.gz and so on: 1 stays, 2 removed with
    segments, 3 wedge, 4 ablated, 5 lesion that stays."""

    def said(self) -> Mapping[str, tuple[str, Any]]:
        """Return the options that were given: by the choice's name in a facts file, with its own.

        Raises
        ------
        InputError
            Two options contradict each other.
        """
        if self.no_ablation and self.most_ablations not in (None, "0"):
            raise InputError(
                f"--no-ablation and --most-ablations {self.most_ablations} contradict each other"
            )
        recipes = [recipe for recipe in self.recipe if recipe.strip().lower() != NOTHING]
        given = {
            "rule_set": ("--rule-set", self.rule_set),
            "targets_percent": ("--target", _targets(self.target)),
            "keep": ("--keep", self.keep),
            "most_ablations": ("--most-ablations", self._most_ablations()),
            "most_wedges": ("--most-wedges", _counted(self.most_wedges)),
            "resection_margin_mm": ("--resection-margin-mm", self.resection_margin_mm),
            "ablation_margin_mm": ("--ablation-margin-mm", self.ablation_margin_mm),
            "ablation_limit_mm": ("--ablation-limit-mm", self.ablation_limit_mm),
            "ablation_shape": ("--ablation-shape", self.ablation_shape),
            "largest_zone_mm": ("--largest-zone-mm", self.largest_zone_mm),
            "wedge_limit_mm": ("--wedge-limit-mm", _measured(self.wedge_limit_mm)),
            "wedge_depth_mm": ("--wedge-depth-mm", _measured(self.wedge_depth_mm)),
            "central_distance_mm": ("--central-distance-mm", self.central_distance_mm),
            "contiguous_segments": ("--contiguous-segments", self.contiguous_segments),
            "named_only": ("--named-only", self.named_only),
            "vessels_intact": ("--vessels-intact", list(self.vessels_intact) or None),
            "certainty": ("--certainty", self.certainty),
            "seconds": ("--seconds", self.seconds),
            "recipes": ("--recipe", recipes if self.recipe else None),
        }
        return {name: option for name, option in given.items() if option[1] is not None}

    def _most_ablations(self) -> int | str | None:
        return 0 if self.no_ablation else _counted(self.most_ablations)


def _targets(texts: tuple[str, ...]) -> list[float | str | None] | None:
    """Return the targets as a facts file has them; ``default`` writes those of the planner."""
    if texts == (DEFAULT,):
        return [percent_from_fraction(target) for target in DEFAULT_CHOICE.targets]
    return [_measured(text) for text in texts] or None


def _counted(text: str | None) -> int | str | None:
    """Return a whole number that is written as one, anything else as it stands."""
    whole = text is not None and text.isascii() and text.isdecimal() and len(text) < 10  # noqa: PLR2004
    return int(text) if whole and text is not None else text


def _measured(text: str | None) -> float | str | None:
    """Return the number that is written, anything else as it stands."""
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        return text


NO_CHOICES = PlanOptions()


def plan_request(
    disease: DiseaseOptions,
    choices: PlanOptions,
    resect: tuple[str, ...],
    *,
    known: PlanRequest | None = None,
    numbered: bool = True,
) -> PlanRequest:
    """Return what planning is asked: options first, then the facts file, then the stored case.

    Parameters
    ----------
    disease, choices, resect
        The options.
    known
        What the stored case was asked for; ``None`` without one.
    numbered
        Whether the lesions have numbers already, so that recipes may name them.

    Raises
    ------
    InputError
        Something cannot be read or is out of range; the message names the option or the file's key.
        A recipe names lesions that have no numbers yet.
    """
    from remnant.documents.clinical_facts import FactsFile, facts_said, read_facts_file

    file = FactsFile() if disease.facts is None else read_facts_file(disease.facts)
    known = _taken_over(known or DEFAULT_PLAN, reset=choices.reset_choices)
    options = facts_said(clinical=disease.given, choices=choices.said())
    return planning_asked(
        options, file, known=known, custom=parse_segments(resect), draw_maps=choices.plan_maps,
        numbered=numbered,
    )  # fmt: skip


def _taken_over(known: PlanRequest, *, reset: bool) -> PlanRequest:
    return PlanRequest(facts=known.facts) if reset else known
