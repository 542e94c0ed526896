"""One case from study to report: segment, measure, plan, report, and the four in a row."""
