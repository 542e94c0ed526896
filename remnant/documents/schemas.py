"""The JSON schemas of all documents, generated from their types and kept as files beside this.

``python -m remnant.documents.schemas`` writes them anew after a type was changed.
"""

import json
from pathlib import Path
from typing import Any, Final

from remnant.documents.agreement_document import AGREEMENT
from remnant.documents.codec import Codec
from remnant.documents.comparison_document import COMPARISON
from remnant.documents.report_document import REPORT
from remnant.documents.state_document import STATE

FOLDER: Final = Path(__file__).with_name("schema")
DOCUMENTS: Final[tuple[Codec[Any], ...]] = (REPORT, AGREEMENT, COMPARISON, STATE)


def schema_file(document: Codec[Any]) -> Path:
    """Return the file that holds a document's schema."""
    return FOLDER / f"{Path(document.name).stem}-{document.version}.json"


def committed_schema(document: Codec[Any]) -> dict[str, Any]:
    """Return a document's schema (draft 2020-12) as it is kept."""
    schema: dict[str, Any] = json.loads(schema_file(document).read_text(encoding="utf-8"))
    return schema


def write_schemas() -> None:
    """Write the schema of every document."""
    for document in DOCUMENTS:
        text = json.dumps(document.json_schema(), ensure_ascii=False, indent=1)
        schema_file(document).write_text(text + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write_schemas()
