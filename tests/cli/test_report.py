"""What the summary of a run says."""

from __future__ import annotations

import pytest

from synaflow import BranchResult, RunResult
from synaflow.cli.report import report_result


@pytest.mark.parametrize(
    ("branch", "said"),
    [
        (BranchResult("a", "b", "a", 9, 1), None),
        (BranchResult("a", "b", "a", 2000, 1234), "'b' lagged up to 1,234 items behind 'a'"),
        (
            BranchResult("a", "b", "a", 2000, 1234, 1000, 3 * 2**20, 0),
            "'b' lagged up to 1,234 items behind 'a'; 1,000 items went to disk and back, 3.0 MiB",
        ),
        (
            BranchResult("a", "b", "a", 2000, 1234, 0, 0, 7),
            "'b' lagged up to 1,234 items behind 'a'; 7 stayed in memory, as they can't be pickled",
        ),
    ],
)
def test_how_far_a_branch_lagged(branch: BranchResult, said: str | None, capsys: pytest.CaptureFixture[str]) -> None:
    report_result(RunResult("p", {}, {}, (branch,)))
    lines = [line.strip() for line in capsys.readouterr().err.splitlines() if "lagged" in line]
    assert lines == ([said] if said else [])
