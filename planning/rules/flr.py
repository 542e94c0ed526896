"""Further minima of the remnant, each on its own denominator and in its own population.

They decide nothing: the rule sets of :data:`planning.rules.remnant.REMNANT_RULE_SETS` do. None of
these was found in neuroendocrine metastases, so each is shown with the population it comes from.
"""

from dataclasses import dataclass, field

from remnant.core.findings import Basis, Comparison, SourceStatus, Threshold
from remnant.core.patient import LiverBackground

EVERY_LIVER = frozenset(b for b in LiverBackground if b is not LiverBackground.UNKNOWN)
NORMAL = frozenset((LiverBackground.NORMAL,))
DISEASED = frozenset((LiverBackground.FIBROSIS, LiverBackground.CIRRHOSIS))


@dataclass(frozen=True, slots=True, kw_only=True)
class FurtherMinimum:
    """A minimum of the remnant found in one population.

    Parameters
    ----------
    id, title
        Machine name and name for people.
    threshold
        Percent of body weight, mL/m² of body surface area, else a fraction.
    population
        Whom it was found in.
    backgrounds
        Kinds of liver it is shown for; fibrosis stands for hepatitis (this project's reading).
    formula
        Volume formula of the source; ``None`` where any standardised volume will do.
    remark
        Sentence to add, empty where there is none.
    """

    id: str
    title: str
    threshold: Threshold
    population: str
    backgrounds: frozenset[LiverBackground]
    formula: str | None = None
    remark: str = field(default="")


def _at(
    value: float,
    basis: Basis,
    source: str,
    *,
    comparison: Comparison = Comparison.AT_LEAST,
    status: SourceStatus = SourceStatus.VERIFIED,
) -> Threshold:
    return Threshold(value=value, basis=basis, comparison=comparison, source=source, status=status)


FURTHER_MINIMA = (
    FurtherMinimum(
        id="flr.further.vauthey2000",
        title="Vauthey 2000",
        threshold=_at(0.25, Basis.STANDARDISED_TLV, "vauthey2000", comparison=Comparison.MORE),
        population="normal liver, 20 patients",
        backgrounds=NORMAL,
        remark="Complications were commoner at 25 % or less.",
    ),
    FurtherMinimum(
        id="flr.further.shoup2003",
        title="Shoup",
        threshold=_at(0.25, Basis.MEASURED_FUNCTIONAL_TLV, "shoup2003"),
        population="normal liver",
        backgrounds=NORMAL,
    ),
    FurtherMinimum(
        id="flr.further.schindl2005",
        title="Schindl",
        threshold=_at(0.266, Basis.MEASURED_FUNCTIONAL_TLV, "schindl2005"),
        population="normal liver",
        backgrounds=NORMAL,
    ),
    FurtherMinimum(
        id="flr.further.kim2013",
        title="Kim 2013",
        threshold=_at(0.30, Basis.STANDARDISED_TLV, "kim2013", comparison=Comparison.MORE),
        population="right hemihepatectomy, 74 patients",
        backgrounds=EVERY_LIVER,
        formula="yu2004",
        remark="Liver failure was commoner at 30 % or less; the measured ratio did not tell.",
    ),
    FurtherMinimum(
        id="flr.further.kubota1997.40",
        title="Kubota, lower limit",
        threshold=_at(0.40, Basis.MEASURED_FUNCTIONAL_TLV, "kubota1997"),
        population="chronic hepatitis or cirrhosis",
        backgrounds=DISEASED,
        remark="40 or 50 % by the ICG retention test; which value parts them is not recorded.",
    ),
    FurtherMinimum(
        id="flr.further.kubota1997.50",
        title="Kubota, upper limit",
        threshold=_at(0.50, Basis.MEASURED_FUNCTIONAL_TLV, "kubota1997"),
        population="chronic hepatitis or cirrhosis",
        backgrounds=DISEASED,
        remark="40 or 50 % by the ICG retention test; which value parts them is not recorded.",
    ),
    FurtherMinimum(
        id="flr.further.shirabe1999",
        title="Shirabe",
        threshold=_at(250.0, Basis.BODY_SURFACE_AREA, "shirabe1999"),
        population="hepatitis or cirrhosis",
        backgrounds=DISEASED,
    ),
    FurtherMinimum(
        id="flr.further.pmc7893452",
        title="Hepatectomy with bile-duct resection",
        threshold=_at(300.0, Basis.BODY_SURFACE_AREA, "pmc7893452"),
        population="hepatectomy with bile-duct resection",
        backgrounds=EVERY_LIVER,
        remark="Liver failure in 22 % below, 6.4 % above.",
    ),
    FurtherMinimum(
        id="flr.further.pmc7002877",
        title="Right hepatectomy for liver cancer",
        threshold=_at(0.55, Basis.BODY_WEIGHT, "pmc7002877"),
        population="right hepatectomy for hepatocellular carcinoma",
        backgrounds=EVERY_LIVER,
        remark="Below it the hazard was 25.6 times as high.",
    ),
    FurtherMinimum(
        id="flr.further.truant2007",
        title="Truant",
        threshold=_at(0.5, Basis.BODY_WEIGHT, "truant2007", status=SourceStatus.UNVERIFIED),
        population="no chronic liver disease",
        backgrounds=NORMAL,
        remark="Recalled, not read.",
    ),
)
