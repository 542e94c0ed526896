"""What three sources say about ablating a metastasis, as conditions on one lesion.

No source says how a diameter was taken: it is read as the longest axial one, as sizes are read from
slices. Where the slice-corrected 3-D diameter lies on the other side of a limit, the verdict is
uncertain. No bile duct is segmented, so every condition on one is undecided. Vessels are the
labelled ones, central or not, which is the cautious reading.
"""

from planning import inputs
from planning.criteria.conditions import Criterion
from planning.rules.remnant import PROJECT_SOURCE
from remnant.core.findings import Comparison, SourceStatus

MACHAIRAS_DIAMETER_MM = 50.0
CLOYD_DIAMETER_MM = 35.0
REVIEW_DIAMETERS_MM = (30.0, 40.0)
CENTRAL_DISTANCE_MM = 10.0
SUPERFICIAL_MM = 5.0
"""A lesion whose near side is less deep is called superficial. This project's number."""
HEAT_SINK_MM = 5.0
"""A labelled hepatic or portal vein nearer than this is called near. This project's number."""
DEFINITELY_ADEQUATE_PERCENT = 95.0
"""A remnant is called definitively adequate from this probability on. This project's number."""

ABLATION_RULES: tuple[Criterion, ...] = (
    Criterion(
        id="ablation.size.machairas2021",
        statement=(
            "Machairas 2021: radiofrequency ablation of metastases below 5 cm; larger ones only "
            "stereotactically with overlapping zones."
        ),
        input=inputs.LESION_DIAMETER,
        comparison=Comparison.LESS,
        limit=MACHAIRAS_DIAMETER_MM,
        population="limited metastases where surgery is contraindicated, or beside resection in "
        "bilobar disease",
        source="machairas2021",
    ),
    Criterion(
        id="ablation.size.cloyd2020",
        statement="Cloyd 2020: best for tumours below 3.5 cm.",
        input=inputs.LESION_DIAMETER,
        comparison=Comparison.LESS,
        limit=CLOYD_DIAMETER_MM,
        population="neuroendocrine liver metastases",
        source="cloyd2020",
    ),
    Criterion(
        id="ablation.number.cloyd2020",
        statement="Cloyd 2020: best for one to three tumours.",
        input=inputs.LESION_COUNT,
        comparison=Comparison.AT_MOST,
        limit=3.0,
        population="neuroendocrine liver metastases",
        source="cloyd2020",
    ),
    Criterion(
        id="ablation.size_lower.gepnetlm_review",
        statement="GEP-NET review: results poor above 3 to 4 cm; lower end, at most 3 cm.",
        input=inputs.LESION_DIAMETER,
        comparison=Comparison.AT_MOST,
        limit=REVIEW_DIAMETERS_MM[0],
        population="GEP-NET liver metastases",
        source="gepnetlm_review",
    ),
    Criterion(
        id="ablation.size_upper.gepnetlm_review",
        statement="GEP-NET review: results poor above 3 to 4 cm; upper end, at most 4 cm.",
        input=inputs.LESION_DIAMETER,
        comparison=Comparison.AT_MOST,
        limit=REVIEW_DIAMETERS_MM[1],
        population="GEP-NET liver metastases",
        source="gepnetlm_review",
    ),
    Criterion(
        id="ablation.central_portal.gepnetlm_review",
        statement=(
            "GEP-NET review: contraindicated less than 1 cm from central portal structures. "
            "Every labelled portal branch is read as central here."
        ),
        input=inputs.PORTAL_DISTANCE,
        comparison=Comparison.AT_LEAST,
        limit=CENTRAL_DISTANCE_MM,
        population="GEP-NET liver metastases",
        source="gepnetlm_review",
        status=SourceStatus.PROJECT,
    ),
    Criterion(
        id="ablation.central_biliary.gepnetlm_review",
        statement="GEP-NET review: contraindicated less than 1 cm from central bile ducts.",
        input=inputs.NEAR_BILE_DUCT,
        limit=False,
        population="GEP-NET liver metastases",
        source="gepnetlm_review",
    ),
    Criterion(
        id="ablation.hilum.machairas2021",
        statement="Machairas 2021: usually not around vital structures of the hilum.",
        input=inputs.AT_HILUM,
        limit=False,
        population="neuroendocrine liver metastases",
        source="machairas2021",
    ),
    Criterion(
        id="ablation.hilum.cloyd2020",
        statement="Cloyd 2020: complications at the hilum.",
        input=inputs.AT_HILUM,
        limit=False,
        population="neuroendocrine liver metastases",
        source="cloyd2020",
    ),
    Criterion(
        id="ablation.bile_duct.cloyd2020",
        statement="Cloyd 2020: complications near major bile ducts. Near is read here as less than "
        "1 cm.",
        input=inputs.NEAR_BILE_DUCT,
        limit=False,
        population="neuroendocrine liver metastases",
        source="cloyd2020",
        status=SourceStatus.PROJECT,
    ),
    Criterion(
        id="ablation.superficial.machairas2021",
        statement=(
            "Machairas 2021: usually not superficial. Superficial is read here as less than "
            f"{SUPERFICIAL_MM:g} mm from the liver's surface."
        ),
        input=inputs.SURFACE_DISTANCE,
        comparison=Comparison.AT_LEAST,
        limit=SUPERFICIAL_MM,
        population="neuroendocrine liver metastases",
        source=PROJECT_SOURCE,
        status=SourceStatus.PROJECT,
    ),
    Criterion(
        id="ablation.whipple.machairas2021",
        statement="Machairas 2021: usually not after a Whipple procedure.",
        input=inputs.PANCREATODUODENECTOMY,
        limit=False,
        population="neuroendocrine liver metastases",
        source="machairas2021",
    ),
    Criterion(
        id="ablation.heat_sink.cloyd2020",
        statement=(
            "Cloyd 2020: heat sink near large vessels. Near is read here as less than "
            f"{HEAT_SINK_MM:g} mm from a labelled portal or hepatic vein."
        ),
        input=inputs.LARGE_VESSEL_DISTANCE,
        comparison=Comparison.AT_LEAST,
        limit=HEAT_SINK_MM,
        population="neuroendocrine liver metastases",
        source=PROJECT_SOURCE,
        status=SourceStatus.PROJECT,
    ),
    Criterion(
        id="ablation.concomitant_central.cloyd2020",
        statement=(
            "Sources disagree on central tumours: Cloyd 2020 lists ablation beside resection "
            "for them; Machairas 2021 and the GEP-NET review exclude the hilum and 1 cm around "
            "central structures."
        ),
        input=inputs.PORTAL_DISTANCE,
        comparison=Comparison.LESS,
        limit=CENTRAL_DISTANCE_MM,
        population="small to intermediate tumours ablated beside a resection",
        source="cloyd2020",
        status=SourceStatus.PROJECT,
        needed=False,
    ),
)
"""Conditions on one lesion, in the order in which they are shown."""

COMBINED_RULE = Criterion(
    id="ablation.with_resection.gepnetlm_review",
    statement=(
        "GEP-NET review: resection with ablation only where the remnant is definitively adequate, "
        "else in stages. Definitively is read here as a probability of at least "
        f"{DEFINITELY_ADEQUATE_PERCENT:g} %."
    ),
    input=inputs.FLR_PROBABILITY,
    comparison=Comparison.AT_LEAST,
    limit=DEFINITELY_ADEQUATE_PERCENT,
    population="large or dominant lesions resected, small ones in the remnant ablated",
    source=PROJECT_SOURCE,
    status=SourceStatus.PROJECT,
)
"""Condition on one plan that resects and ablates."""
