"""What tables can be exported to; light to import, for the command line."""

from enum import StrEnum


class Sheets(StrEnum):
    """Kind of file for spreadsheets: a folder of ``csv``, or one ``xlsx``."""

    CSV = "csv"
    XLSX = "xlsx"
