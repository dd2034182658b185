"""Generated DAG files: readable, the same to the byte, light to parse, and safe whatever the names and texts hold."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import make_dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from on_airflow import reports
from on_airflow.dagruns import run_dag, run_file
from synaflow import PipelineDef, TargetError, pipeline, step
from synaflow.cli import main
from synaflow_airflow import DagError, to_dag, to_dag_file

HERE = Path(__file__).resolve().parent
GOLDEN = HERE / "report_dag.py.txt"


@pytest.fixture(autouse=True)
def _in_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HERE.parent)


def written(subject: PipelineDef | str, folder: Path, **options: Any) -> str:
    file = folder / "dag.py"
    to_dag_file(subject, file, **options)
    return file.read_text(encoding="utf-8")


EVERYTHING: dict[str, Any] = {
    "dag_id": "report",
    "schedule": timedelta(hours=6),
    "join": [("mean", "again")],
    "defaults": {"orders": 7, "day": date(2026, 2, 1)},
    "task_options": {"*": {"retries": 2, "retry_delay": timedelta(minutes=1)}, "told": {"pool": 'it\'s "small"'}},
    "handoff": "file:///var/airflow/handoff",
    "handoff_over": 1000,
    "pickled": ["totals"],
    "stats": True,
    "start_date": datetime(2026, 1, 1, tzinfo=UTC),
    "tags": ["sales"],
}


def test_how_a_file_looks(tmp_path: Path) -> None:
    """To see what changes: SYNAFLOW_GOLDEN=write, and look at the diff."""
    text = written("on_airflow.reports:report", tmp_path, schedule="@daily", tags=["sales"])
    if os.environ.get("SYNAFLOW_GOLDEN") == "write":
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


@pytest.mark.parametrize("options", [{}, EVERYTHING], ids=["plain", "everything"])
def test_a_formatter_and_a_linter_leave_it_alone(options: dict[str, Any], tmp_path: Path) -> None:
    written("on_airflow.reports:report", tmp_path, **options)
    for command in (["format", "--check"], ["check", "--select", "E4,E7,E9,F,I,UP,B,W"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--isolated", str(tmp_path / "dag.py")]
        done = subprocess.run(ruff, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_it_is_the_same_to_the_byte_wherever_it_is_made(tmp_path: Path) -> None:
    made = set()
    for seed in ("1", "2"):
        folder = tmp_path / seed
        folder.mkdir()
        program = (
            "from on_airflow.test_source import *\n"
            f"to_dag_file('on_airflow.reports:report', Path({str(folder / 'dag.py')!r}), **EVERYTHING)"
        )
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        subprocess.run([sys.executable, "-c", program], check=True, env=environment, cwd=HERE.parent)
        made.add((folder / "dag.py").read_bytes())
    assert made == {written("on_airflow.reports:report", tmp_path, **EVERYTHING).encode()}


def test_parsing_it_imports_nothing_of_ours_nor_of_the_users(tmp_path: Path) -> None:
    written("on_airflow.reports:report", tmp_path, **EVERYTHING)
    program = (
        "import runpy, sys\n"
        f"runpy.run_path({str(tmp_path / 'dag.py')!r})\n"
        "loaded = {name.partition('.')[0] for name in sys.modules}\n"
        "print(sorted(loaded & {'synaflow', 'synaflow_airflow', 'synaflow_local', 'networkx', 'on_airflow', 'cyclopts'}))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.splitlines()[-1] == "[]"


def test_both_ways_make_the_same_dag(tmp_path: Path) -> None:
    written("on_airflow.reports:report", tmp_path, **EVERYTHING)
    scope: dict[str, Any] = {}
    exec(compile((tmp_path / "dag.py").read_text(encoding="utf-8"), str(tmp_path / "dag.py"), "exec"), scope)
    theirs = _dag_of(scope)
    ours = to_dag(reports.report, **EVERYTHING)
    assert _told(theirs) == _told(ours)


def _dag_of(scope: dict[str, Any]) -> Any:
    tasks = [value.operator for value in scope.values() if hasattr(value, "operator")]
    (dag,) = {id(task.dag): task.dag for task in tasks}.values()
    return dag


def _told(dag: Any) -> dict[str, Any]:
    names = (
        "task_id",
        "doc_md",
        "task_display_name",
        "retries",
        "retry_delay",
        "pool",
        "trigger_rule",
        "upstream_task_ids",
    )
    tasks = {task.task_id: {name: getattr(task, name) for name in names} for task in dag.tasks}
    params = {
        name: (
            dag.params.get_param(name).value,
            dag.params.get_param(name).schema,
            dag.params.get_param(name).description,
        )
        for name in dag.params
    }
    own = ("dag_id", "description", "doc_md", "schedule", "start_date", "tags", "dag_display_name")
    return {**{name: getattr(dag, name) for name in own}, "tasks": tasks, "params": params}


# The command line


def test_the_command_line_makes_the_same_file(tmp_path: Path) -> None:
    words = [
        "--dag-id",
        "report",
        "--schedule",
        "timedelta(hours=6)",
        "--join",
        "mean,again",
        "--default",
        "orders=7",
        "--default",
        "day=2026-02-01",
        "--task-option",
        "*.retries=2",
        "--task-option",
        "*.retry_delay=timedelta(minutes=1)",
        "--handoff",
        "file:///var/airflow/handoff",
        "--handoff-over",
        "1000",
        "--pickled",
        "totals",
        "--stats",
        "--start-date",
        "2026-01-01",
        "--dag-option",
        "tags=['sales']",
    ]
    words += ["--task-option", 'told.pool=it\'s "small"']
    wanted = written("on_airflow.reports:report", tmp_path, **EVERYTHING)
    assert main(["airflow", "generate", "on_airflow.reports:report", "-o", str(tmp_path / "dag.py"), *words]) == 0
    assert ast.dump(ast.parse((tmp_path / "dag.py").read_text("utf-8"))) == ast.dump(ast.parse(wanted))


def test_a_file_is_checked_against_its_pipeline(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = written("on_airflow.reports:report", tmp_path, **EVERYTHING)
    file = str(tmp_path / "dag.py")
    assert main(["airflow", "check", file]) == 0
    assert main(["airflow", "check", file, "on_airflow.reports:report"]) == 0
    assert capsys.readouterr().out == f"ok: {file} is up to date\n" * 2
    Path(file).write_text(text.replace("        retries=2,", "        retries=3,"), encoding="utf-8")
    assert main(["airflow", "check", file]) == 1
    told = capsys.readouterr().out
    assert told.startswith(
        f"{file} is stale: `synaflow airflow generate` would change it:\n--- as it is\n+++ as it would be\n"
    )
    assert "\n-        retries=3,\n+        retries=2,\n" in told


@pytest.mark.parametrize("text", ["", "#     synaflow airflow generate\n", "#     synaflow airflow generate 'x\n"])
def test_another_file_is_none_to_check(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "dag.py"
    file.write_text(text, encoding="utf-8")
    assert main(["airflow", "check", str(file)]) == 2
    assert "no file that `synaflow airflow generate` has written" in capsys.readouterr().err


def test_a_pipeline_in_a_file_is_found_from_the_dag_file(dags: Path) -> None:
    """By its way from there, whatever the working directory of a task is."""
    folder = dags.parent / "pipelines"
    folder.mkdir(exist_ok=True)
    (folder / "my-report.py").write_text((HERE / "reports.py").read_text("utf-8"), encoding="utf-8")
    file = dags / "from_a_file.py"
    to_dag_file(f"{folder / 'my-report.py'}:report", file, dag_id="from_a_file")
    text = file.read_text("utf-8")
    assert 'PIPELINE = str(Path(__file__).parent / "../pipelines/my-report.py") + ":report"\n' in text
    try:
        assert run_file(file, "from_a_file").state == "success"
    finally:
        file.unlink()


def test_what_cant_be_written_down(tmp_path: Path) -> None:
    with pytest.raises(DagError, match="can't be written into a file; make it in a DAG file of your own, with to_dag"):
        written("on_airflow.reports:report", tmp_path, on_success_callback=print)
    with pytest.raises(TargetError, match="at the top level of no module"):
        written(pipeline("p", None, [reports.other]), tmp_path)
    with pytest.raises(TargetError, match="is the file of the pipeline itself, and would be overwritten"):
        to_dag_file("on_airflow.reports:report", HERE / "reports.py")
    with pytest.raises(TargetError, match="can't write"):
        to_dag_file("on_airflow.reports:report", tmp_path / "none" / "dag.py")


# Names and texts that are none of Airflow's or Python's liking

texts = st.text(max_size=60) | st.text(st.sampled_from("\"'\\\n\r{}#`*<>$();\u2028\ud800 x"), max_size=40)
names = (
    st.sampled_from(
        "params task ds ti dag run_id DAG Param PIPELINE SETTINGS DOCS print str Path größe ﬁ fi run_task clean_up class_ "
        f"match _ a_task a datetime {'x' * 260}".split()
    )
    | st.text(st.characters(categories=["L", "Nd"], include_characters="_"), min_size=1, max_size=12)
).filter(lambda name: name.isidentifier() and "__" not in name and not _is_keyword(name))


def _is_keyword(name: str) -> bool:
    import keyword

    return keyword.iskeyword(name)


def one() -> int:
    return 1


def plus(value: int) -> int:
    return value + 1


@st.composite
def hostile(draw: st.DrawFn) -> PipelineDef:
    """A pipeline of tasks in a row, its names and texts such as may come."""
    chain = draw(st.lists(names, min_size=2, max_size=4, unique=True))
    steps: list[Any] = [step(chain[0], _documented(one, draw(texts)))]
    steps += [step(name, _documented(plus, draw(texts)), inputs={"value": before}) for before, name in pairwise(chain)]
    kept = texts.filter(lambda text: text.isascii() or text.isprintable())  # a lone surrogate is refused there
    params = make_dataclass("Params", [("shop", str, draw(kept))])
    params.__doc__ = f"Params.\n\nAttributes:\n    shop: {draw(kept)}"
    return pipeline(draw(texts.filter(str.strip)), params, steps, doc=draw(texts))


def _documented(fn: Callable[..., int], doc: str) -> Callable[..., int]:
    def copy(*args: int, **kwargs: int) -> int:
        return fn(*args, **kwargs)

    copy.__doc__, copy.__annotations__ = doc, fn.__annotations__
    copy.__signature__ = __import__("inspect").signature(fn, eval_str=True)  # type: ignore[attr-defined]
    return copy


@pytest.fixture(scope="module")
def module() -> Iterator[ModuleType]:
    made = sys.modules["hostile_pipelines"] = ModuleType("hostile_pipelines")
    yield made
    del sys.modules["hostile_pipelines"]


CALLED = {"DAG", "Param", "task", "run_task", "as_teardown"}


@settings(max_examples=150, deadline=None)
@given(subject=hostile())
def test_nothing_in_names_and_texts_becomes_code(
    module: ModuleType, tmp_path_factory: Any, subject: PipelineDef
) -> None:
    module.subject = subject  # type: ignore[attr-defined]
    text = written("hostile_pipelines:subject", tmp_path_factory.getbasetemp())
    tree = ast.parse(text)
    assert [type(node).__name__ for node in tree.body] == ["ImportFrom", "Assign", "Assign", "With"]
    functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            assert isinstance(node.func, ast.Name)
            assert node.func.id in CALLED | functions, ast.unparse(node)
        assert not isinstance(node, ast.Attribute | ast.Lambda | ast.JoinedStr), ast.unparse(node)
    scope: dict[str, Any] = {}
    exec(compile(tree, "<dag>", "exec"), scope)
    theirs = _dag_of(scope)
    assert _told(theirs) == _told(to_dag(subject))


@pytest.mark.parametrize("generated", [False, True])
def test_such_names_run(generated: bool, module: ModuleType, dags: Path) -> None:
    chain = ["params", "task", "ds", "ti", "dag", "größe", "ﬁ", "fi", "x" * 260, "run_task", "clean_up", "print"]
    steps = [step("logical_date", one)] + [
        step(name, plus, inputs={"value": before})
        for before, name in zip(["logical_date", *chain], chain, strict=False)
    ]
    subject = pipeline("names\n'''\"\"\"", None, steps)
    module.subject = subject  # type: ignore[attr-defined]
    if generated:
        to_dag_file("hostile_pipelines:subject", dags / "names.py", dag_id="names_generated")
        ran = run_file(dags / "names.py", "names_generated")
        (dags / "names.py").unlink()
    else:
        ran = run_dag(dags, "names", lambda: to_dag(subject, dag_id="names"))
    assert ran.state == "success"
    assert ran.value("print") == {"value": 13}
