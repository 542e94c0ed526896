"""What stands at tables in a notebook."""

from typing import Final

VOLUMES: Final = "Volumes, in brackets the 90 % interval"
VOLUME_TITLES: Final = {
    "tlv": "Total liver volume",
    "tumour": "Tumour volume",
    "burden": "Tumour burden",
    "functional": "Functional liver volume",
    "standardised": "Standardised volume",
}
SEGMENTS: Final = "Couinaud segments"
LESIONS: Final = "Lesions"
NO_LESIONS: Final = "No lesion was found or given."
PLANS: Final = "Plans in the order of rank"
PLAN_HEADINGS: Final = (
    "What is done", "Debulked %", "FLR mL", "FLR of functional %", "sFLR %", "Interventions",
    "Chosen rules",
)  # fmt: skip
SHARES: Final = "From volumes alone; a list for research, not a recommendation."


def lesion_name(number: int) -> str:
    """Name a lesion in the viewer."""
    return f"lesion {number}"


def burden_class(words: str) -> str:
    """Name the class of the tumour burden."""
    return f"Class of the burden: {words}"


def lesions_left_out(number: int) -> str:
    """Say how many lesions a table leaves out."""
    return f"{number} more in report.volumetry.lesion_table."


def plans_left_out(number: int) -> str:
    """Say how many plans a table leaves out."""
    return f"{number} more in report.planning.plans."
