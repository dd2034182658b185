"""The params of a pipeline as options: names, types, defaults, help, files, and what can't be given."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

import pytest

from .conftest import COUNTING, Run, Write

Shown = Callable[..., dict[str, object]]

EVERYTHING = '''
    from collections.abc import Iterator
    from dataclasses import dataclass, field
    from datetime import datetime
    from enum import Enum
    from pathlib import Path
    from typing import Literal

    from synaflow import pipeline

    class Color(Enum):
        RED = "r"
        DARK_BLUE = "b"

    @dataclass(frozen=True)
    class Limits:
        low: int = 0
        high: int = 9

    @dataclass
    class Params:
        """What to do.

        Args:
            count: How [red]many[/red] there are.
            stats: Named like an option of SynaFlow's own.
        """

        count: int
        name: str = "x[bold]"
        ratio: float = 0.5
        either: int | float = 1
        on: bool = True
        off: bool = False
        tags: list[str] = field(default_factory=list)
        pair: tuple[int, str] = (1, "a")
        numbers: tuple[int, ...] = ()
        color: Color = Color.RED
        choice: Literal["a", "b"] = "a"
        path: Path | None = None
        when: datetime | None = None
        limits: Limits = Limits()
        table: dict[str, int] = field(default_factory=dict)
        max_rows: int = 5
        class_: str = "c"
        stats: int = 1
        help: str = "h"
        no_stats: bool = False
        params: str = "p"
        live: Iterator[int] = field(default_factory=lambda: iter(()))

    def show(
        count: int, name: str, ratio: float, either: int | float, on: bool, off: bool, tags: list[str], pair: tuple[int, str],
        numbers: tuple[int, ...], color: Color, choice: Literal["a", "b"], path: Path | None, when: datetime | None,
        limits: Limits, table: dict[str, int], max_rows: int, class_: str, stats: int, help: str, no_stats: bool, params: str,
    ) -> dict[str, object]:
        return dict(locals())

    everything = pipeline("every[red]thing", params=Params, steps=[show])
'''


@pytest.fixture(params=["alone", "beside pydantic"])
def shown(request: pytest.FixtureRequest, write: Write, synaflow: Run, monkeypatch: pytest.MonkeyPatch) -> Shown:
    """Runs a pipeline that gives back its params; `--count 1` is given.

    With pydantic in memory cyclopts goes other ways, whether the params class is one of pydantic's or not.
    """
    if request.param == "beside pydantic":
        pytest.importorskip("pydantic")
    else:
        monkeypatch.delitem(sys.modules, "pydantic", raising=False)
    write("everything.py", EVERYTHING)

    def run(*tokens: str) -> dict[str, object]:
        ran = synaflow("run", "everything.py", "--json", "--count", "1", *tokens)
        assert ran.code == 0, ran.err
        outputs: dict[str, dict[str, object]] = json.loads(ran.out)["outputs"]
        return outputs["show"]

    return run


def test_defaults(shown: Shown) -> None:
    assert shown() == {
        "count": 1,
        "name": "x[bold]",
        "ratio": 0.5,
        "either": 1,
        "on": True,
        "off": False,
        "tags": [],
        "pair": [1, "a"],
        "numbers": [],
        "color": "r",
        "choice": "a",
        "path": None,
        "when": None,
        "limits": {"low": 0, "high": 9},
        "table": {},
        "max_rows": 5,
        "class_": "c",
        "stats": 1,
        "help": "h",
        "no_stats": False,
        "params": "p",
    }


@pytest.mark.parametrize(
    ("tokens", "name", "value"),
    [
        ("--name [red]", "name", "[red]"),
        ("--name=--json", "name", "--json"),
        ("--ratio 1", "ratio", 1.0),
        ("--ratio -1.5", "ratio", -1.5),
        ("--either 2", "either", 2),
        ("--either 2.5", "either", 2.5),
        ("--no-on", "on", False),
        ("--on", "on", True),
        ("--off", "off", True),
        ("--off=false", "off", False),
        ("--tags a --tags b", "tags", ["a", "b"]),
        ("--pair 7 z", "pair", [7, "z"]),
        ("--numbers 1 --numbers -2", "numbers", [1, -2]),
        ("--color dark-blue", "color", "b"),
        ("--choice b", "choice", "b"),
        ("--path /a/b", "path", "/a/b"),
        ("--when 2024-02-29", "when", "2024-02-29T00:00:00"),
        ("--limits.low 3 --limits.high 4", "limits", {"low": 3, "high": 4}),
        ("--table.a 1 --table.b 2", "table", {"a": 1, "b": 2}),
        ("--max-rows 6", "max_rows", 6),
        ("--max_rows 6", "max_rows", 6),
        ("--max-rows 0x10", "max_rows", 16),
        ("--max-rows -6", "max_rows", -6),
        ("--param.max_rows 6", "max_rows", 6),
        ("--class d", "class_", "d"),
        ("--param.class_ d", "class_", "d"),
        ("--param.stats 6", "stats", 6),
        ("--param.help me", "help", "me"),
        ("--param.params me", "params", "me"),
        ("--no-stats", "no_stats", True),
    ],
)
def test_every_type_and_every_name(shown: Shown, tokens: str, name: str, value: object) -> None:
    assert shown(*tokens.split())[name] == value


def test_our_own_option_wins_over_a_field_of_its_name(write: Write, synaflow: Run) -> None:
    write("everything.py", EVERYTHING)
    ran = synaflow("run", "everything.py", "--count", "1", "--stats", "--json")
    assert json.loads(ran.out)["steps"]["show"]["seconds"] is not None
    assert json.loads(ran.out)["outputs"]["show"]["stats"] == 1


def test_our_options_may_stand_before_target(write: Write, synaflow: Run) -> None:
    write("everything.py", EVERYTHING)
    write("p.json", '{"count": 7}')
    ran = synaflow("run", "--json", "--params", "p.json", "--runner=local", "everything.py", "--name", "n")
    assert (ran.code, json.loads(ran.out)["outputs"]["show"]["count"]) == (0, 7)


def test_help_lists_every_param(write: Write, synaflow: Run) -> None:
    write("everything.py", EVERYTHING)
    ran = synaflow("run", "everything.py", "--help")
    assert ran.code == 0
    lines = [line.strip("│ ") for line in ran.out.splitlines()]
    squeezed = [" ".join(line.split()) for line in lines]
    assert squeezed[0].startswith("Usage: synaflow run everything.py --count INT")
    assert "* --count INT How [red]many[/red] there are. [required]" in squeezed
    assert "--name STR [default: x[bold]]" in squeezed
    assert "--on --no-on [default: True]" in squeezed
    assert "--color CHOICE [choices: red, dark-blue] [default: red]" in squeezed
    assert "--param.stats INT Named like an option of SynaFlow's own. [default: 1]" in squeezed
    assert "--stats Count and time every step, at a cost per item." in squeezed
    assert any("Params of pipeline 'every[red]thing'" in line for line in squeezed)
    assert not any("--live" in line for line in squeezed)


def test_help_runs_nothing(counting: object, synaflow: Run) -> None:
    ran = synaflow("run", "counting.py", "--count", "3", "--help")
    assert ran.code == 0
    assert "\n1\n" not in ran.out


@pytest.mark.parametrize("suffix", ["json", "toml"])
def test_params_from_a_file(shown: Shown, write: Write, suffix: str) -> None:
    as_json = """{"name": "f", "on": false, "tags": ["a", "b"], "color": "DARK_BLUE", "limits": {"high": 3}, "stats": 4,
        "table": {"k": 1}, "class_": "k", "pair": [2, "b"], "help": "i"}"""
    as_toml = """
        name = "f"
        on = false
        tags = ["a", "b"]
        color = "DARK_BLUE"
        stats = 4
        class_ = "k"
        pair = [2, "b"]
        help = "i"
        limits.high = 3
        table.k = 1
    """
    write(f"p.{suffix}", as_json if suffix == "json" else as_toml)
    params = shown("--params", f"p.{suffix}", "--name", "wins", "--limits.low", "2")
    assert {
        name: params[name] for name in ("name", "on", "tags", "color", "stats", "table", "class_", "pair", "help")
    } == {
        "name": "wins",
        "on": False,
        "tags": ["a", "b"],
        "color": "b",
        "stats": 4,
        "table": {"k": 1},
        "class_": "k",
        "pair": [2, "b"],
        "help": "i",
    }
    assert params["limits"] == {"low": 2, "high": 3}


def test_a_date_from_toml(shown: Shown, write: Write) -> None:
    write("p.toml", "when = 2024-02-29T10:00:00\n")
    assert shown("--params", "p.toml")["when"] == "2024-02-29T10:00:00"


def test_null_from_a_file_where_none_is_allowed(shown: Shown, write: Write) -> None:
    write("p.json", '{"path": null}')
    assert shown("--params", "p.json")["path"] is None


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ('{"count": "five"}', 'Invalid value for [count] from p.json: unable to convert "five" into int.'),
        ('{"count": 2.5}', 'Invalid value for [count] from p.json: unable to convert "2.5" into int.'),
        ('{"count": [1, 2]}', 'Invalid value for [count] from p.json: unable to convert "[1, 2]" into int.'),
        ('{"count": null}', "p.json: param 'count' must be int, not null"),
        (
            '{"count": 1, "colour": 1}',
            "p.json: pipeline 'every[red]thing' has no param 'colour'; did you mean 'color'?",
        ),
        ('{"limits": {"lo": 1}}', 'Unknown option: "[limits][lo]" from p.json. Did you mean --limits.low?'),
        (
            '{"count": 1, "color": "green"}',
            'Invalid value "green" for [color] from p.json. Choose from: "red", "dark-blue".',
        ),
        (
            '{"live": [1]}',
            "p.json: param 'live' is a stream (Iterator[int]) and can't be given on a command line; call run() from Python",
        ),
        ("[1]", "p.json must hold an object with the params' names as keys, not a list"),
        ("{", "p.json is not valid JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
    ],
)
def test_a_file_with_something_wrong_in_it(write: Write, synaflow: Run, content: str, text: str) -> None:
    write("everything.py", EVERYTHING)
    write("p.json", content)
    ran = synaflow("run", "everything.py", "--params", "p.json")
    assert (ran.code, ran.out, ran.err) == (2, "", f"error: {text}\n")


def test_a_file_that_is_not_there(write: Write, synaflow: Run) -> None:
    write("everything.py", EVERYTHING)
    ran = synaflow("run", "everything.py", "--params", "p.json")
    assert (ran.code, ran.err) == (2, "error: can't read p.json: [Errno 2] No such file or directory: 'p.json'\n")


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        ("", "pipeline 'every[red]thing' needs 1 more param:\n    --count (int)  How [red]many[/red] there are."),
        ("--count five", 'Invalid value for --count: unable to convert "five" into int.'),
        ("--count 2.5", 'Invalid value for --count: unable to convert "2.5" into int.'),
        ("--count 1 --numbers 2.5", 'Invalid value for --numbers: unable to convert "2.5" into int.'),
        ("--count 1 --color green", 'Invalid value "green" for --color. Choose from: "red", "dark-blue".'),
        ("--cuont 3", "Unknown option: --cuont. Did you mean --count?"),
        ("--count 3 4 5", "unexpected '4 5': a param is given as an option, --NAME VALUE"),
        ("--count 3 --count 4", "Parameter --count specified multiple times."),
        (
            "--live 3",
            "param 'live' is a stream (Iterator[int]) and can't be given on a command line; call run() from Python",
        ),
    ],
)
def test_a_wrong_param(write: Write, synaflow: Run, tokens: str, text: str) -> None:
    write("everything.py", EVERYTHING)
    ran = synaflow("run", "everything.py", *tokens.split())
    assert (ran.code, ran.out, ran.err) == (2, "", f"error: {text}\n")


def test_every_missing_param_is_listed(write: Write, synaflow: Run) -> None:
    write(
        "three.py",
        """
        from collections.abc import Iterator
        from typing import NamedTuple
        from synaflow import pipeline

        class Params(NamedTuple):
            a: int
            b_c: list[str]
            live: Iterator[int]

        def f(a: int, b_c: list[str], live: Iterator[int]) -> int:
            return 1

        p = pipeline("p", params=Params, steps=[f])
        """,
    )
    ran = synaflow("run", "three.py", "--a", "1")
    assert (ran.code, ran.err) == (
        2,
        "error: pipeline 'p' needs 2 more params:\n"
        "    --b-c (list[str])\n"
        "    param 'live' is a stream (Iterator[int]) and can't be given on a command line; call run() from Python\n",
    )


def test_a_param_of_several_parts_that_lacks_one(write: Write, synaflow: Run) -> None:
    write(
        "parts.py",
        """
        from dataclasses import dataclass
        from synaflow import pipeline

        @dataclass
        class Limits:
            low: int
            high: int

        @dataclass
        class Params:
            limits: Limits

        def span(limits: Limits) -> int:
            return limits.high - limits.low

        p = pipeline("p", params=Params, steps=[span])
        """,
    )
    assert synaflow("run", "parts.py", "--limits.low", "1", "--limits.high", "5").code == 0
    ran = synaflow("run", "parts.py", "--limits.low", "1")
    assert (ran.code, ran.err) == (2, "error: Parameter --limits.high requires an argument.\n")
    assert synaflow("run", "parts.py").err == "error: pipeline 'p' needs 1 more param:\n    --limits (Limits)\n"
    assert synaflow("run", "parts.py", "--limits.lo", "1").err.startswith("error: Unknown option: --limits.lo.")


@pytest.mark.parametrize(
    "head",
    [
        "from typing import NamedTuple\nclass Params(NamedTuple):",
        "from dataclasses import dataclass\n@dataclass\nclass Params:",
        "from typing import TypedDict\nclass Params(TypedDict):",
    ],
    ids=["NamedTuple", "dataclass", "TypedDict"],
)
def test_every_kind_of_params_class(write: Write, synaflow: Run, head: str) -> None:
    text = f"{head}\n    count: int\n\nfrom synaflow import pipeline\n"
    write(
        "kind.py",
        f"{text}def twice(count: int) -> int:\n    return count * 2\np = pipeline('p', params=Params, steps=[twice])\n",
    )
    ran = synaflow("run", "kind.py", "--count", "4", "--json")
    assert json.loads(ran.out)["outputs"] == {"twice": 8}
    assert synaflow("run", "kind.py").err == "error: pipeline 'p' needs 1 more param:\n    --count (int)\n"


def test_a_pydantic_model(write: Write, synaflow: Run) -> None:
    pytest.importorskip("pydantic")
    write(
        "model.py",
        """
        from pydantic import BaseModel, Field
        from synaflow import pipeline

        class Params(BaseModel):
            count: int = Field(description="How many.", le=9)

        def twice(count: int) -> int:
            return count * 2

        p = pipeline("p", params=Params, steps=[twice])
        """,
    )
    assert json.loads(synaflow("run", "model.py", "--count", "4", "--json").out)["outputs"] == {"twice": 8}
    ran = synaflow("run", "model.py", "--count", "10")
    assert ran.code == 2
    assert ran.err.startswith(
        "error: Params refuses these params: ValidationError: 1 validation error for Params\ncount\n"
    )


def test_a_params_class_that_checks_its_fields(write: Write, synaflow: Run) -> None:
    write(
        "checks.py",
        """
        from dataclasses import dataclass
        from synaflow import pipeline

        @dataclass
        class Params:
            count: int

            def __post_init__(self) -> None:
                if self.count < 0:
                    raise ValueError("count must not be negative")

        def twice(count: int) -> int:
            return count * 2

        p = pipeline("p", params=Params, steps=[twice])
        """,
    )
    ran = synaflow("run", "checks.py", "--count", "-1")
    assert (ran.code, ran.err) == (2, "error: Params refuses these params: ValueError: count must not be negative\n")


def test_a_field_that_no_text_can_make(write: Write, synaflow: Run) -> None:
    write(
        "odd.py",
        """
        from dataclasses import dataclass
        from synaflow import pipeline

        class Odd:
            def __init__(self, first: "Nowhere") -> None: ...

        @dataclass
        class Params:
            odd: Odd | None = None
            count: int = 1

        def twice(count: int, odd: Odd | None) -> int:
            return count * 2

        p = pipeline("p", params=Params, steps=[twice])
        """,
    )
    assert synaflow("run", "odd.py", "--count", "2").code == 0
    assert synaflow("run", "odd.py", "--help").code == 0


def test_a_pipeline_without_params(write: Write, synaflow: Run) -> None:
    write("none.py", "from synaflow import pipeline\ndef one() -> int:\n    return 1\np = pipeline('p', steps=[one])\n")
    assert synaflow("run", "none.py").code == 0
    assert synaflow("run", "none.py", "--count", "1").err.startswith("error: Unknown option: --count.")


def test_an_option_before_target_that_is_not_ours(synaflow: Run, write: Write) -> None:
    write("counting.py", COUNTING)
    ran = synaflow("run", "--count", "3", "counting.py")
    text = "'--count' before TARGET is no option of SynaFlow's; those of the pipeline come after TARGET"
    assert (ran.code, ran.err) == (2, f"error: {text}\n")
