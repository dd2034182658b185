"""TARGET: how it is written, how it is imported, and what is said when it can't be."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

import pytest

from synaflow import PipelineDef, PipelineError, TargetError
from synaflow.cli import load_target

from .conftest import COUNTING, Run, Write

TWO = """
    from synaflow import pipeline

    def one() -> int:
        return 1

    first = pipeline("first", steps=[one])
    second = pipeline("second", steps=[one])
    again = first
    number = 3

    class Group:
        inner = second
"""


@pytest.mark.parametrize(
    "target", ["counting.py", "./counting.py", "counting.py:counting", "counting:counting", "counting"]
)
def test_every_way_to_write_it(counting: Path, target: str) -> None:
    assert load_target(target).name == "counting"


def test_an_absolute_path(counting: Path) -> None:
    assert load_target(str(counting)).name == "counting"


def test_a_module_in_a_package(write: Write) -> None:
    write("jobs/__init__.py", "")
    write("jobs/daily.py", COUNTING)
    assert load_target("jobs.daily:counting").name == "counting"


def test_an_attribute_of_an_attribute(write: Write) -> None:
    write("two.py", TWO)
    assert load_target("two.py:Group.inner").name == "second"


def test_one_pipeline_under_two_names_is_one(write: Write) -> None:
    write("two.py", TWO.replace('second = pipeline("second", steps=[one])', "second = first"))
    assert load_target("two.py").name == "first"


def test_a_file_is_imported_once_and_is_the_module_of_its_name(write: Write) -> None:
    write("once.py", COUNTING)
    first = load_target("once.py")
    assert load_target("once.py") is first
    assert load_target("once:counting") is first
    assert sys.modules["once"].counting is first


def test_what_a_file_defines_can_be_pickled(counting: Path) -> None:
    fn = load_target("counting.py")["numbers"].fn
    assert pickle.loads(pickle.dumps(fn)) is fn


def test_a_file_whose_name_is_no_identifier(write: Write) -> None:
    write("my-flow.v2.py", COUNTING)
    loaded = load_target("my-flow.v2.py")
    assert loaded.name == "counting"
    assert load_target("my-flow.v2.py") is loaded
    fn = loaded["numbers"].fn
    assert pickle.loads(pickle.dumps(fn)) is fn


def test_a_file_named_like_another_module(write: Write) -> None:
    import json

    write("json.py", COUNTING)
    assert load_target("json.py").name == "counting"
    assert sys.modules["json"] is json


def test_two_files_of_one_name(write: Write) -> None:
    write("a/flow.py", COUNTING)
    write("b/flow.py", COUNTING.replace('"counting"', '"other"'))
    assert [load_target("a/flow.py").name, load_target("b/flow.py").name] == ["counting", "other"]


def test_a_file_finds_its_neighbours(write: Write) -> None:
    write("deep/neighbour.py", "def one() -> int:\n    return 1\n")
    write("deep/flow.py", "from neighbour import one\nfrom synaflow import pipeline\np = pipeline('p', steps=[one])\n")
    assert load_target("deep/flow.py").name == "p"


def test_the_main_part_of_a_file_is_not_run(write: Write) -> None:
    write("script.py", COUNTING + "\n    if __name__ == '__main__':\n        raise SystemExit('ran')\n")
    assert isinstance(load_target("script.py"), PipelineDef)


def test_an_import_that_failed_is_tried_again(write: Write) -> None:
    write("late.py", "import not_there_yet\n")
    with pytest.raises(TargetError):
        load_target("late.py")
    write("late.py", COUNTING)
    assert load_target("late.py").name == "counting"


def test_problems_of_the_pipeline_are_not_hidden(write: Write) -> None:
    write("wrong.py", "from synaflow import pipeline\ndef f(x: int) -> int: ...\np = pipeline('p', steps=[f])\n")
    with pytest.raises(PipelineError):
        load_target("wrong.py")


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("nope.py", "no file nope.py"),
        ("two", "two holds 3 pipelines; say which:\n    two:first\n    two:second\n    two:again"),
        ("two.py", "two.py holds 3 pipelines; say which:\n    two.py:first\n    two.py:second\n    two.py:again"),
        ("./two", "no file two; did you mean two.py?"),
        ("nope:x", "no module 'nope' here or among the installed ones"),
        ("two.nope:x", "no module 'two.nope' here or among the installed ones"),
        ("two.py:frist", "two.py has no 'frist'; did you mean 'first'?"),
        ("two.py:zzz", "two.py has no 'zzz'; pipelines there: 'first', 'second', 'again'"),
        (
            "two.py:number",
            "two.py:number is not a pipeline, its type is int; pipelines there: 'first', 'second', 'again'",
        ),
        (
            "two.py:one",
            "two.py:one is not a pipeline, its type is function; pipelines there: 'first', 'second', 'again'",
        ),
        ("empty.py", "empty.py holds no pipeline: nothing at its top level is what pipeline(...) returns"),
        ("a folder/", "a folder is a folder"),
        ("a b:x", "'a b' is no module's name"),
        (":x", "':x' is no target: write module:attribute, path/to/file.py or path/to/file.py:attribute"),
        ("two:", "'two:' is no target: write module:attribute, path/to/file.py or path/to/file.py:attribute"),
        ("exits.py", "exits.py doesn't import: it ends the program (exit code 3)"),
        (
            "broken.py",
            (
                "broken.py doesn't import:\n"
                '  File "./broken.py", line 3, in <module>\n'
                "    import neighbour_that_breaks\n"
                '  File "./neighbour_that_breaks.py", line 2, in <module>\n'
                "    1 / 0\n"
                "ZeroDivisionError: division by zero"
            ),
        ),
        (
            "needs.py",
            (
                "needs.py doesn't import:\n"
                '  File "./needs.py", line 1, in <module>\n'
                "    import a_module_nobody_has\n"
                "ModuleNotFoundError: No module named 'a_module_nobody_has'"
            ),
        ),
    ],
)
def test_a_target_that_is_none(write: Write, synaflow: Run, target: str, text: str) -> None:
    write("two.py", TWO)
    write("empty.py", "x = 1\n")
    write("exits.py", "raise SystemExit(3)\n")
    write("needs.py", "import a_module_nobody_has\n")
    write("broken.py", "# The error is one file further on.\n\nimport neighbour_that_breaks\n")
    write("neighbour_that_breaks.py", "\n1 / 0\n".replace("\n", "# divides\n", 1))
    write("a folder/x.txt", "")
    ran = synaflow("check", target)
    assert (ran.code, ran.out, ran.err) == (2, "", f"error: {text}\n")


def test_a_file_that_is_no_python(write: Write, synaflow: Run) -> None:
    write("typo.py", "def f(:\n")
    ran = synaflow("check", "typo.py")
    assert ran.code == 2
    assert ran.err.startswith('error: typo.py doesn\'t import:\n  File "./typo.py", line 1\n    def f(:\nSyntaxError:')
