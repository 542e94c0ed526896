"""The data dictionary: ``docs/reference/cohort_tables.md``, made from the declarations.

``python -m remnant.cohort.dictionary > docs/reference/cohort_tables.md`` writes it anew.
"""

import sys
from collections.abc import Iterable, Iterator
from typing import Final

from remnant.cohort.every_table import EVERY_TABLE
from remnant.cohort.tables import ABSENT_BECAUSE, MEDIAN, SCHEMA_VERSION, Column, Table
from remnant.documents.plan_table import BOUND, ENDS

PARTS: Final = (*ENDS[1:], MEDIAN, BOUND, ABSENT_BECAUSE)
"""Ends of the names of a quantity's columns after the first."""
HEAD: Final = f"""# Tables of a cohort

Schema version {SCHEMA_VERSION}. `DIR/tables/TABLE/*.parquet` is a table; tables are joined by
`case`. The files say the same: unit and meaning in the metadata of each column, meaning of the
table and version in that of the file. How they are used: [queries](../how-to/cohort_queries.md).

- An empty cell is an absence, 0 a measurement. `_absent_because` holds the causes.
- `_low`, `_high` and `_median` after a name: of the 90 % interval, 5 % of the distribution lie
  below, 5 % above. Beside a `_bound` they are of the part within the scan.
- `_bound` after a name: `lower` or `upper` where the true value is at least or at most this one,
  `indicative` where it may be wrong either way; absent where it is measured whole.
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
    yield from (_line(*family) for family in families(table.columns))
    yield ""


def families(columns: Iterable[Column]) -> Iterator[tuple[Column, ...]]:
    """Give each column with those after it that are parts of the same quantity."""
    family: list[Column] = []
    for column in columns:
        if family and column.name.removeprefix(family[0].name) in PARTS:
            family.append(column)
            continue
        if family:
            yield tuple(family)
        family = [column]
    yield tuple(family)


def _line(first: Column, *parts: Column) -> str:
    names = [f"`{first.name}`", *(f"`{part.name.removeprefix(first.name)}`" for part in parts)]
    return f"| {' '.join(names)} | {first.type} | {first.unit} | {first.meaning} |"


if __name__ == "__main__":
    sys.stdout.write(dictionary_page())
