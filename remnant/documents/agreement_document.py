"""``agreement.json``: the agreement of cases as a document that other programs read.

The same input gives the same bytes: no time and no path is in it.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import remnant
from remnant.core.agreement import Agreement, DetectionScore, LesionMatch, SizeClass
from remnant.core.quantity import Quantity
from remnant.documents.codec import Codec
from remnant.documents.shared_parts import REASONS, STORED, SharedParts

SPREADS: Final = ("mean", "sd", "median", "minimum", "maximum")
BURDEN_FIGURES: Final = ("mean_fraction", "rmse_fraction", "max_fraction")
BURDENS: Final = ("prediction_fraction", "truth_fraction", "error_fraction")
SOFTWARE: Final[Mapping[str, str]] = MappingProxyType(
    {"name": "remnant", "version": remnant.__version__}
)
AGREEMENT: Final = Codec(
    Agreement,
    name="agreement.json",
    version="2.0",
    advice="compare the segmentations again",
    head={"software": Mapping[str, str]},
    derived={
        LesionMatch: {"size_class": SizeClass},
        DetectionScore: dict.fromkeys(("recall", "precision", "f1"), Quantity),
    },
    tables=REASONS,
    stored=STORED,
    shared=SharedParts,
)


def write_agreement_json(agreement: Agreement, path: Path) -> None:
    """Write ``agreement.json`` with the version of this program.

    Raises
    ------
    InputError
        A value breaks the schema.
    """
    AGREEMENT.write(agreement, path, head={"software": SOFTWARE})
