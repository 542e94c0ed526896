"""``remnant compare``: one liver at two time points."""

from pathlib import Path

from cyclopts import App

from remnant.cli.help_page import page
from remnant.cli.options import Output, OverwriteOption, parse_segments
from remnant.cli.outcome import Outcome, stored_outcome
from remnant.core.errors import InputError
from remnant.core.labels import CouinaudSegment

app = App(
    name="compare",
    help="Compare two measured cases of one liver: lesions, changes, growth of the remnant.",
    help_formatter=page(
        "remnant compare BEFORE AFTER -o OUT",
        "remnant compare BEFORE AFTER -o OUT --weeks 3 --resect right_hemihepatectomy",
        "remnant compare BEFORE AFTER -o OUT --weeks 3 --resect V,VI,VII,VIII --threshold 0.3",
    ),
)

LONGEST_SEGMENT = len("VIII")


@app.default
def compare(
    before: Path,
    after: Path,
    *,
    output: Output,
    overwrite: OverwriteOption = False,
    weeks: float | None = None,
    resect: str | None = None,
    threshold: float | None = None,
) -> Outcome:
    """Compare two measured cases of one liver: lesions, changes, growth of the remnant.

    Parameters
    ----------
    before
        Folder of the earlier case, as `remnant measure` or `remnant run` wrote it.
    after
        Folder of the later case.
    output
        Folder of the comparison: comparison.json and matches.csv.
    weeks
        Time between the scans; without it there are no rates.
    resect
        The resection whose remnant is followed: segments such as V,VI,VII,VIII, or a name such as
        right_hemihepatectomy.
    threshold
        sFLR to reach, as a fraction, e.g. 0.3 for 30 %.
    """
    from remnant.pipeline.case_files import require_measured

    for case in (before, after):
        require_measured(case)

    from remnant.pipeline.comparison import (
        COMPARISON_JSON,
        CompareRequest,
        compare_cases,
        require_comparison_folder,
        write_comparison,
    )
    from remnant.terminal.comparison_summary import print_comparison
    from remnant.terminal.consoles import say_all

    request = CompareRequest(
        before=before,
        after=after,
        weeks=weeks,
        removed=None if resect is None else resected_segments(resect),
        threshold_sflr=threshold,
    )
    replaced = require_comparison_folder(output, overwrite=overwrite)
    report = compare_cases(request)
    write_comparison(report, output)
    if replaced:
        say_all([replaced])
    print_comparison(report, output)
    return stored_outcome(output / COMPARISON_JSON, report)


def resected_segments(text: str) -> frozenset[CouinaudSegment]:
    """Return the segments of a hepatectomy's name or of a list such as ``VI,VII``.

    Raises
    ------
    InputError
        It is neither; the message lists the names.
    """
    from planning.hepatectomies.named_sets import ALSO_NAMED, BRISBANE_HEPATECTOMIES

    named = {one.name: one.segments for one in (*BRISBANE_HEPATECTOMIES, *ALSO_NAMED)}
    name = text.strip().lower().replace("-", "_").replace(" ", "_")
    if name in named:
        return named[name]
    if len(name) > LONGEST_SEGMENT and "," not in name:
        raise InputError(
            f"--resect got {text[:40]!r}; allowed are segments such as VI,VII and the names "
            f"{', '.join(named)}"
        )
    (removed,) = parse_segments((text,))
    return removed
