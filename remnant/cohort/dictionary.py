"""The data dictionary: ``docs/reference/cohort_tables.md``, made from the declarations.

``python -m remnant.cohort.dictionary > docs/reference/cohort_tables.md`` writes it anew.
"""

import sys
from collections.abc import Iterator

from remnant.cohort.every_table import EVERY_TABLE
from remnant.cohort.tables import SCHEMA_VERSION, Column, Table

HEAD = f"""# Tables of a cohort

Schema version {SCHEMA_VERSION}. `DIR/tables/TABLE/*.parquet` is a table; tables are joined by
`case`. The files say the same: unit and meaning in the metadata of each column, meaning of the
table and version in that of the file. How they are used: [queries](../how-to/cohort_queries.md).

- An empty cell is an absence, 0 a measurement. `…_absent_because` holds the causes.
- `…_low`, `…_high` and `…_median` are of the 90 % interval: 5 % of its distribution lie below, 5 %
  above. Beside a `…_bound` they are of the part within the scan.
- Fractions are of 1, not percent. Numbers are those of `report.json`, to the last digit.
- `case` is a word of SQL: write `"case"`.
"""


def dictionary_page() -> str:
    """Return the dictionary of every table as Markdown."""
    return "\n".join((HEAD, *(line for t in EVERY_TABLE.values() for line in _section(t))))


def _section(table: Table) -> Iterator[str]:
    yield from (f"## {table.name}", "", f"{table.meaning}.", "")
    yield from (f"Key: {', '.join(f'`{name}`' for name in table.key)}.", "")
    yield from ("| column | type | unit | meaning |", "|---|---|---|---|")
    yield from map(_line, table.columns)
    yield ""


def _line(column: Column) -> str:
    return f"| `{column.name}` | {column.type} | {column.unit} | {column.meaning} |"


if __name__ == "__main__":
    sys.stdout.write(dictionary_page())
