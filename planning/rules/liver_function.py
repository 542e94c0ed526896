"""Scores and tests of the liver's function that are noted: nothing is held against them."""

from planning.criteria.conditions import Remark
from planning.rules.remnant import PROJECT_SOURCE
from remnant.core.findings import SourceStatus

LIVER_FUNCTION_ID = "liver_function"
LIVER_FUNCTION_TITLE = "Liver function"
DISEASED_LIVER = "chronic liver disease"

ALBI = Remark(
    id="liver_function.albi",
    statement="ALBI: 0.66 × log10 of bilirubin (µmol/L) − 0.085 × albumin (g/L); grade 1 to −2.60, "
    "grade 2 to −1.39, grade 3 above.",
    population="hepatocellular carcinoma",
    source="johnson2015",
    status=SourceStatus.UNVERIFIED,
)
MELD = Remark(
    id="liver_function.meld",
    statement="MELD, without sodium: 3.78 × ln bilirubin + 11.2 × ln INR + 9.57 × ln creatinine + "
    "6.43 (mg/dL); values below 1 count as 1, creatinine above 4 or dialysis as 4; 6 to 40.",
    population="end-stage liver disease",
    source="kamath2001",
    status=SourceStatus.UNVERIFIED,
)
CHILD_PUGH = Remark(
    id="liver_function.child_pugh",
    statement="Child-Pugh: bilirubin 34 and 50 µmol/L, albumin 35 and 28 g/L, INR 1.7 and 2.3, "
    "ascites, encephalopathy; A to 6, B to 9 points. Ascites and encephalopathy of unknown degree "
    "are 2 or 3 points.",
    population="cirrhosis",
    source="pugh1973",
    status=SourceStatus.UNVERIFIED,
)
ICG = Remark(
    id="liver_function.icg_r15",
    statement="ICG retention at 15 minutes is noted. Kubota's minima of the remnant, 40 or 50 % of "
    "the measured functional volume, go by it; which value parts them is not recorded here.",
    population="chronic hepatitis or cirrhosis",
    source="kubota1997",
)
HIDA = Remark(
    id="liver_function.hida_remnant",
    statement="The remnant's share of the liver's function by hepatobiliary scintigraphy is noted; "
    "no limit is recorded here.",
    population="any liver",
    source=PROJECT_SOURCE,
    status=SourceStatus.PROJECT,
)
LIVER_FUNCTION_REMARKS = (ALBI, MELD, CHILD_PUGH, ICG, HIDA)
"""In the order in which they are shown."""
