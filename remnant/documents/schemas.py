"""The JSON schemas of all documents, generated from their types and kept as files beside this.

``python -m remnant.documents.schemas`` writes them anew after a type was changed.
"""

import json
from pathlib import Path
from typing import Any, Final

from remnant.documents.agreement_document import AGREEMENT
from remnant.documents.clinical_facts import FACTS_VERSION
from remnant.documents.codec import Codec
from remnant.documents.comparison_document import COMPARISON
from remnant.documents.facts_template import facts_schema
from remnant.documents.map_document import MAP
from remnant.documents.report_document import REPORT
from remnant.documents.state_document import STATE

FOLDER: Final = Path(__file__).with_name("schema")
FACTS_FILE: Final = FOLDER / f"facts-{FACTS_VERSION}.json"
DOCUMENTS: Final[tuple[Codec[Any], ...]] = (REPORT, AGREEMENT, COMPARISON, STATE, MAP)


def schema_file(document: Codec[Any]) -> Path:
    """Return the file that holds a document's schema."""
    return FOLDER / f"{Path(document.name).stem}-{document.version}.json"


def committed_schema(document: Codec[Any]) -> dict[str, Any]:
    """Return a document's schema (draft 2020-12) as it is kept."""
    schema: dict[str, Any] = json.loads(schema_file(document).read_text(encoding="utf-8"))
    return schema


def write_schemas() -> None:
    """Write the schema of every document, and that of a facts file."""
    schemas = {schema_file(document): document.json_schema() for document in DOCUMENTS}
    for file, schema in (schemas | {FACTS_FILE: facts_schema()}).items():
        text = json.dumps(schema, ensure_ascii=False, indent=1)
        file.write_text(text + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write_schemas()
