"""What C code writes to standard output stays out of it."""

import os
import sys

from planning.optimiser.quiet import without_output


def test_without_output__c_level_lines_go_nowhere(capfd):
    sys.stdout.write("before\n")
    with without_output():
        os.write(1, b"from the solver\n")
    sys.stdout.write("after\n")

    assert "before\nafter\n" == capfd.readouterr().out


def test_without_output__no_standard_output_at_all(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    done = []
    with without_output():
        done.append(1)

    assert [1] == done
