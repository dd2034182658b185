"""`synaflow check`, `explain`, `export`, and what all commands share."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

import pytest

from synaflow.cli import load_target

from .conftest import Run, Write

FIVE_MISTAKES = """
    from collections.abc import Iterator
    from typing import NamedTuple

    from synaflow import pipeline, step


    class Params(NamedTuple):
        count: int


    def numbers(count: str) -> Iterator[int]:
        yield from range(3)


    def total(numbers):
        return sum(numbers)


    def report(total: int, report: str) -> None:
        print(total, report)


    def mean(numbers: Iterator[int]) -> float:
        return 0.0


    flow = pipeline(
        "five",
        params=Params,
        steps=[numbers, total, report, step("mean", fn=mean, inputs={"numbers": "nubmers"}), step("total", fn=mean)],
    )
"""


def test_check(counting: Path, synaflow: Run) -> None:
    ran = synaflow("check", "counting.py")
    assert (ran.code, ran.out, ran.err) == (0, "ok: pipeline 'counting': 2 steps, 2 edges, 1 region\n", "")


def test_check_as_json(counting: Path, synaflow: Run) -> None:
    ran = synaflow("check", "counting.py", "--json")
    assert (ran.code, ran.err) == (0, "")
    wanted = {"ok": True, "pipeline": "counting", "steps": 2, "edges": 2, "regions": 1, "problems": []}
    assert json.loads(ran.out) == wanted


def test_five_mistakes(write: Write, synaflow: Run) -> None:
    write("five.py", FIVE_MISTAKES)
    for command in (
        ("check", "five.py"),
        ("run", "five.py", "--count", "1"),
        ("explain", "five.py"),
        ("export", "five.py"),
    ):
        ran = synaflow(*command)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err == (
            "error: pipeline 'five' has 5 problems:\n"
            "1. step 'numbers': parameter 'count' asks for `str`, but params field 'count' gives `int`: `int` is no `str`\n"
            "    at ./five.py:11\n"
            "2. step 'total': 'total' has no type hints\n"
            "    at ./five.py:15\n"
            '    add them, or give them at the step: hints={"numbers": ..., "return": ...}\n'
            "3. step 'report': parameter 'report' has the step's own name, and a step can't take its own output\n"
            "    at ./five.py:19\n"
            '    say what it takes, step("report", fn=report, inputs={"report": "..."}), or rename one of them\n'
            "4. step 'mean': inputs= takes 'numbers' from 'nubmers', but there is no such step or params field\n"
            "    at ./five.py:23\n"
            "    did you mean 'numbers'?\n"
            "5. step 'total' is listed twice, as items 1 and 4 of steps\n"
            "    at ./five.py:23\n"
            "    give one of them another name\n"
        )


def test_five_mistakes_as_json(write: Write, synaflow: Run) -> None:
    write("five.py", FIVE_MISTAKES)
    ran = synaflow("check", "five.py", "--json")
    assert (ran.code, ran.err) == (2, "")
    report = json.loads(ran.out)
    assert (report["ok"], report["pipeline"]) == (False, "five")
    assert report["error"].startswith("pipeline 'five' has 5 problems:\n1. ")
    assert len(report["problems"]) == 5
    assert report["problems"][0] == {
        "code": "incompatible-types",
        "message": "step 'numbers': parameter 'count' asks for `str`, but params field 'count' gives `int`: `int` is no `str`",
        "step": "numbers",
        "parameter": "count",
        "produced": "int",
        "wanted": "str",
        "location": "./five.py:11",
        "suggestion": None,
    }


def test_check_of_what_does_not_load_as_json(synaflow: Run) -> None:
    ran = synaflow("check", "nope.py", "--json")
    assert (ran.code, ran.err) == (2, "")
    assert json.loads(ran.out) == {"ok": False, "pipeline": None, "error": "no file nope.py", "problems": []}


def test_what_a_file_prints_when_imported_stays_out_of_the_json(write: Write, synaflow: Run) -> None:
    path = write("loud.py", "print('loud')\nfrom synaflow import pipeline\ndef one() -> int:\n    return 1\n")
    path.write_text(path.read_text() + "p = pipeline('p', steps=[one])\n")
    ran = synaflow("check", "loud.py", "--json")
    assert json.loads(ran.out)["ok"] is True
    assert ran.err == "loud\n"


def test_explain(counting: Path, synaflow: Run) -> None:
    ran = synaflow("explain", "counting.py")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == load_target("counting.py").explain().rstrip() + "\n"
    assert "numbers" in ran.out


def test_export(counting: Path, synaflow: Run) -> None:
    ran = synaflow("export", "counting.py")
    assert (ran.code, ran.err) == (0, "")
    assert json.loads(ran.out) == load_target("counting.py").to_dict()
    assert list(json.loads(ran.out)) == ["numbers", "show", "count"]


def test_export_in_full(counting: Path, synaflow: Run) -> None:
    ran = synaflow("export", "--full", "counting.py")
    assert json.loads(ran.out) == load_target("counting.py").to_contract()


@pytest.mark.parametrize("option", ["-o", "--output"])
def test_export_into_a_file(counting: Path, synaflow: Run, folder: Path, option: str) -> None:
    ran = synaflow("export", "counting.py", option, "out.json")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert json.loads((folder / "out.json").read_text()) == load_target("counting.py").to_dict()


def test_export_into_a_file_that_cannot_be(counting: Path, synaflow: Run) -> None:
    ran = synaflow("export", "counting.py", "-o", "no/such/folder/out.json")
    assert ran.code == 2
    assert ran.err.startswith("error: can't write no/such/folder/out.json: ")


@pytest.mark.parametrize("command", ["check", "explain", "export"])
def test_a_command_without_target(synaflow: Run, command: str) -> None:
    ran = synaflow(command)
    assert (ran.code, ran.err) == (2, f'error: Command "{command}" parameter TARGET requires an argument.\n')


def test_an_unknown_command(synaflow: Run) -> None:
    ran = synaflow("chekc", "x.py")
    assert ran.code == 2
    assert ran.err.startswith('error: Unknown command "chekc". Did you mean "check"?')


def test_version(synaflow: Run) -> None:
    assert synaflow("--version").out == f"synaflow {version('synaflow')}\n"


@pytest.mark.parametrize("tokens", [[], ["--help"]])
def test_help(synaflow: Run, tokens: list[str]) -> None:
    ran = synaflow(*tokens)
    assert (ran.code, ran.err) == (0, "")
    words = [line.strip("│ ").partition(" ")[0] for line in ran.out.splitlines()]
    assert {"run", "check", "explain", "export", "--version"} <= set(words)


@pytest.mark.parametrize("command", ["check", "explain", "export"])
def test_help_of_a_command(synaflow: Run, command: str) -> None:
    ran = synaflow(command, "--help")
    assert ran.code == 0
    assert ran.out.startswith(f"Usage: synaflow {command} ")
