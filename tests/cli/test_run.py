"""`synaflow run`: what goes to stdout, what to stderr, the result as JSON, failures and exit codes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from synaflow import load_runner

from .conftest import Run, Write

FAILING = """
    from collections.abc import Iterator
    from synaflow import pipeline, step

    def helper(row: int) -> float:
        return 1 / row

    def rows() -> Iterator[int]:
        yield from (2, 1, 0)

    def parse(rows: int) -> float:
        return helper(rows)

    def total(parse: Iterator[float]) -> float:
        return sum(parse)

    stops = pipeline("stops", steps=[rows, parse, total])
    goes_on = pipeline("goes on", steps=[rows, step("parse", fn=parse, on_error="continue"), total])
"""


def without_times(text: str) -> str:
    """The text with every measured time written as T, and what aligns the column with it left out."""
    return re.sub(r" +$", "", re.sub(r" *\d+(?:\.\d+)? (?:ms|s)\b", " T", text), flags=re.MULTILINE)


def test_stdout_is_the_pipelines_and_stderr_the_summarys(counting: Path, synaflow: Run) -> None:
    ran = synaflow("run", "counting.py", "--count", "2")
    assert ran.code == 0
    assert ran.out == "0\n1\n"
    assert without_times(ran.err) == (
        "pipeline 'counting': ok in T\n"
        "  step     status  in  out  time\n"
        "  numbers  ok       -    -     -\n"
        "  show     ok       -    -     -\n"
        "  show = 2\n"
    )


def test_stats_are_counted_when_asked_for(counting: Path, synaflow: Run) -> None:
    ran = synaflow("run", "counting.py", "--count", "2000", "--stats")
    assert [line.split()[:4] for line in ran.err.splitlines()[2:4]] == [
        ["numbers", "ok", "-", "2,000"],
        ["show", "ok", "2,000", "-"],
    ]


def test_json_is_alone_on_stdout(counting: Path, synaflow: Run) -> None:
    ran = synaflow("run", "counting.py", "--count", "2", "--json")
    assert ran.code == 0
    result = json.loads(ran.out)
    assert isinstance(result.pop("seconds"), float)
    step = {"status": "ok", "items_in": None, "items_out": None, "seconds": None, "dropped": 0}
    assert {name: {**left, "seconds": None} for name, left in result.pop("steps").items()} == {
        "numbers": step,
        "show": step,
    }
    assert result == {
        "pipeline": "counting",
        "ok": True,
        "outputs": {"show": 2},
        "branches": [],
        "errors": [],
        "dead_letters": [],
    }
    assert ran.err.startswith("0\n1\npipeline 'counting': ok in ")


def test_outputs_can_be_chosen(counting: Path, synaflow: Run) -> None:
    ran = synaflow("run", "counting.py", "--count", "3", "--output", "numbers", "--output=show", "--json")
    assert json.loads(ran.out)["outputs"] == {"numbers": [0, 1, 2], "show": 3}


def test_an_output_that_is_none(counting: Path, synaflow: Run) -> None:
    ran = synaflow("run", "counting.py", "--count", "3", "--output", "number")
    assert ran.code == 2
    assert ran.out == ""
    assert "'number'" in ran.err
    assert "numbers, show" in ran.err


def test_a_step_that_fails(write: Write, synaflow: Run) -> None:
    write("failing.py", FAILING)
    ran = synaflow("run", "failing.py:stops")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err[ran.err.index("error:") :] == (
        "error: step 'parse' of pipeline 'stops' failed at item 2: ZeroDivisionError: division by zero\n"
        '  File "./failing.py", line 14, in total\n'
        "    return sum(parse)\n"
        '  File "./failing.py", line 11, in parse\n'
        "    return helper(rows)\n"
        '  File "./failing.py", line 5, in helper\n'
        "    return 1 / row\n"
        "ZeroDivisionError: division by zero\n"
    )
    assert "Traceback" not in ran.err
    assert re.search(r"^  parse +failed ", ran.err, re.MULTILINE)


def test_a_step_that_fails_as_json(write: Write, synaflow: Run) -> None:
    write("failing.py", FAILING)
    ran = synaflow("run", "failing.py:stops", "--json")
    assert ran.code == 1
    result = json.loads(ran.out)
    assert result["ok"] is False
    assert result["steps"]["parse"]["status"] == "failed"
    message = "step 'parse' of pipeline 'stops' failed at item 2: ZeroDivisionError: division by zero"
    assert result["errors"] == [{"step": "parse", "index": 2, "message": message, "type": "builtins.ZeroDivisionError"}]


def test_a_run_that_went_on_is_not_fine(write: Write, synaflow: Run) -> None:
    write("failing.py", FAILING)
    ran = synaflow("run", "failing.py:goes_on")
    assert (ran.code, ran.out) == (1, "")
    assert without_times(ran.err) == (
        "pipeline 'goes on': failed in T\n"
        "  step   status  in  out  time  dropped\n"
        "  rows   ok       -    3     -        0\n"
        "  parse  ok       3    2     -        1\n"
        "  total  ok       2    -     -        0\n"
        "  total = 1.5\n"
        "  dropped: step 'parse' of pipeline 'goes on' failed at item 2: ZeroDivisionError: division by zero\n"
    )


def test_what_was_dropped_as_json(write: Write, synaflow: Run) -> None:
    write("failing.py", FAILING)
    ran = synaflow("run", "failing.py:goes_on", "--json")
    assert ran.code == 1
    (letter,) = json.loads(ran.out)["dead_letters"]
    assert (letter["step"], letter["index"], letter["items"]) == ("parse", 2, {"rows": 0})
    assert letter["error"]["type"] == "builtins.ZeroDivisionError"


def test_a_long_list_of_drops_is_cut(write: Write, synaflow: Run) -> None:
    write("failing.py", FAILING.replace("(2, 1, 0)", "(0,) * 30"))
    lines = synaflow("run", "failing.py:goes_on").err.splitlines()
    assert len([line for line in lines if line.startswith("  dropped:")]) == 10
    assert lines[-1] == "  and 20 more"


def test_how_far_a_branch_lagged(write: Write, synaflow: Run) -> None:
    write(
        "lag.py",
        """
        from collections.abc import Iterator
        from synaflow import pipeline

        def numbers() -> Iterator[int]:
            yield from range(50)

        def odd(numbers: Iterator[int]) -> Iterator[int]:
            yield from (n for n in numbers if n % 2)

        def even(numbers: Iterator[int]) -> Iterator[int]:
            yield from (n for n in numbers if n % 2 == 0)

        def join(odd: Iterator[int], even: Iterator[int]) -> int:
            return sum(odd) - sum(even)

        p = pipeline("p", steps=[numbers, odd, even, join])
        """,
    )
    assert "  'even' lagged up to 50 items behind 'numbers'\n" in synaflow("run", "lag.py").err


def test_an_interrupt(write: Write, synaflow: Run) -> None:
    write(
        "interrupted.py",
        """
        import os, signal
        from collections.abc import Iterator
        from synaflow import pipeline

        def numbers() -> Iterator[int]:
            try:
                while True:
                    yield 1
            finally:
                print("closed")

        def show(numbers: Iterator[int]) -> None:
            for number in numbers:
                os.kill(os.getpid(), signal.SIGINT)

        p = pipeline("p", steps=[numbers, show])
        """,
    )
    ran = synaflow("run", "interrupted.py")
    assert (ran.code, ran.out, ran.err) == (130, "closed\n", "error: interrupted\n")


def test_an_interrupt_while_the_file_is_imported(write: Write, synaflow: Run) -> None:
    write("interrupted.py", "raise KeyboardInterrupt\n")
    assert synaflow("run", "interrupted.py").code == 130


def test_an_unknown_runner(counting: Path, synaflow: Run) -> None:
    ran = synaflow("run", "counting.py", "--count", "1", "--runner", "nope")
    assert ran.code == 2
    assert re.fullmatch(r"error: no runner 'nope'; installed: .*\blocal\b.*\n", ran.err)


def test_the_local_runner_is_the_default(counting: Path, synaflow: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}
    local = load_runner("local").run

    def run(*args: Any, **options: Any) -> object:
        seen.update(options)
        return local(*args, **options)

    monkeypatch.setattr("synaflow_local.run", run)
    assert synaflow("run", "counting.py", "--count", "1").code == 0
    assert seen == {"outputs": (), "stats": False, "progress": False}  # stderr is no terminal here
    assert synaflow("run", "counting.py", "--count", "1", "--progress", "--stats", "--output", "show").code == 0
    assert seen == {"outputs": ("show",), "stats": True, "progress": True}


def test_progress_is_shown_where_stderr_is_a_terminal(
    counting: Path, synaflow: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[object] = []
    local = load_runner("local").run

    def run(*args: Any, progress: bool, **options: Any) -> object:
        seen.append(progress)
        return local(*args, **options)

    monkeypatch.setattr("synaflow_local.run", run)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    synaflow("run", "counting.py", "--count", "1")
    synaflow("run", "counting.py", "--count", "1", "--no-progress")
    assert seen == [True, False]


@pytest.mark.parametrize("text", ["no TARGET", "--json"])
def test_without_target(synaflow: Run, text: str) -> None:
    ran = synaflow("run", *(["--json"] if text == "--json" else []))
    expected = "error: which pipeline? TARGET is module:attribute, path/to/file.py or path/to/file.py:attribute\n"
    assert (ran.code, ran.out, ran.err) == (2, "", expected)


def test_help_without_target(synaflow: Run) -> None:
    ran = synaflow("run", "--help")
    assert ran.code == 0
    assert ran.out.startswith("Usage: synaflow run TARGET [--PARAM VALUE ...] [OPTIONS]\n")
    assert "--runner" in ran.out


def test_nothing_in_names_and_values_is_markup(write: Write, synaflow: Run) -> None:
    write(
        "hostile.py",
        r"""
        from synaflow import pipeline

        class Loud:
            def __repr__(self) -> str:
                return "[red]loud[/red] \x1b[31m:smile:"

        def one() -> Loud:
            return Loud()

        def two() -> str:
            raise ValueError("[bold]not bold[/nope]")

        good = pipeline("[red]good[/x] :smile:", steps=[one])
        bad = pipeline("[red]bad[/x]", steps=[two])
        """,
    )
    good = synaflow("run", "hostile.py:good")
    assert good.err.startswith("pipeline '[red]good[/x] :smile:': ok")
    assert "  one = [red]loud[/red] \\x1b[31m:smile:\n" in good.err
    bad = synaflow("run", "hostile.py:bad")
    assert "error: step 'two' of pipeline '[red]bad[/x]' failed: ValueError: [bold]not bold[/nope]\n" in bad.err


def test_values_whose_repr_fails(write: Write, synaflow: Run) -> None:
    write(
        "mute.py",
        """
        from synaflow import pipeline

        class Mute:
            def __repr__(self) -> str:
                raise RuntimeError

        def one() -> Mute:
            return Mute()

        p = pipeline("p", steps=[one])
        """,
    )
    assert "  one = <Mute, whose repr() raises RuntimeError>\n" in synaflow("run", "mute.py").err
    assert json.loads(synaflow("run", "mute.py", "--json").out)["outputs"]["one"] == {
        "$type": "mute.Mute",
        "$repr": "<Mute, whose repr() raises RuntimeError>",
    }
