"""The glossary's table of inputs is made from the vocabulary."""

import runpy

from planning.inputs import INPUTS
from remnant.wording import input_table


def test_glossary__has_the_table_of_the_vocabulary(repository):
    text = (repository / input_table.PAGE).read_text(encoding="utf-8")
    made = "run: python -m remnant.wording.input_table"
    assert text == input_table.page_with_table(text), made
    assert [name for name in INPUTS if f"`{name}`" not in text] == []


def test_main__makes_the_table_anew(tmp_path, monkeypatch):
    page = tmp_path / "page.md"
    page.write_text(f"Before.\n{input_table.BEGIN}\nof yesterday\n{input_table.END}\nAfter.\n")
    monkeypatch.setattr("sys.argv", ["input_table", str(page)])
    runpy.run_path(input_table.__file__, run_name="__main__")
    text = page.read_text(encoding="utf-8")
    assert text.startswith("Before.\n")
    assert text.endswith("After.\n")
    assert "yesterday" not in text
    assert text.count("`ki67_percent`") == 1


def test_table__a_row_for_every_input_and_no_other():
    rows = [line for line in input_table.table().splitlines() if line.startswith("| ")]
    assert len(rows) == len(INPUTS) + 2
