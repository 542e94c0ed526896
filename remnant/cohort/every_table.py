"""Every table that a cohort can have: one line here for each module that declares some."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from remnant.cohort import followup_tables, tables
from remnant.cohort.tables import Table

DECLARED: Final[tuple[Mapping[str, Table], ...]] = (
    tables.TABLES,
    followup_tables.FOLLOWUP_TABLES,
)
EVERY_TABLE: Final[Mapping[str, Table]] = MappingProxyType(
    {name: table for declared in DECLARED for name, table in declared.items()}
)
"""By name, in the order of the dictionary and of exports."""
