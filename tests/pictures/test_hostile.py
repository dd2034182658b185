"""Names, types, docstrings and errors are the user's: whatever is in them stays text, in DOT, SVG and HTML."""

from __future__ import annotations

import html
import json
import re
import subprocess
import sys
from contextlib import suppress
from dataclasses import make_dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pictures.reading_back import parsed, shown
from synaflow import PipelineDef, StepError, pipeline, run, step
from synaflow_graphviz import to_dot, to_svg
from synaflow_graphviz.page import page

HOSTILE = (
    'a "quoted" text',
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    "<b>x</b>",
    "<<b>x</b>>",
    r"\N \G \L \l \r \n \E \T \H \\ \"",
    "trailing backslash \\",
    "A:x",
    "a -> b; c [label=x]",
    "&amp; &#60; &lt; & &unknown;",
    "]]> <!-- --> <![CDATA[",
    "{curly} | pipe | <port> {data}",
    "日本語 עברית ไทย 🎈 é",
    "x" * 10_000,
)
ODD = (
    "two\nlines",
    "tab\tand\rreturn",
    "nul \0 bell \x07 escape \x1b[31m",
    "lone \ud800 surrogate",
    "next\u2028line \ufffe",
)


def made(text: str) -> PipelineDef:
    """A pipeline that has the text wherever one can be."""
    kind = type("K", (), {})
    with suppress(ValueError):  # Python itself takes no name with a zero or half a surrogate pair in it
        kind.__name__ = kind.__qualname__ = text

    def source(given: Any) -> Any:
        return given

    def sink(source: Any) -> None:
        raise ValueError(text)

    source.__doc__ = text
    source.__name__ = text
    params = make_dataclass("P", [("given", kind)])
    params.__doc__ = f"P.\n\nAttributes:\n    given: {text}"
    with suppress(ValueError):
        params.__name__ = text
    return pipeline(
        text,
        params,
        [
            step("source", source, hints={"given": kind, "return": kind}),
            step("sink", sink, hints={"source": kind, "return": None}),
        ],
        doc=text,
    )


def params_of(subject: PipelineDef) -> object:
    assert subject.params is not None
    kind: Any = subject.fields[0].output.type
    return subject.params.type(given=kind())


def flat(text: str) -> str:
    """As it is told: a line break in a label is a space, and so is any other that is no plain one."""
    return "".join(" " if char.isspace() else char for char in text)


def in_a_line(text: str) -> str:
    """As a line of a label has it: `dot` refuses to draw what is wider than 65,000 points."""
    return text if len(text) <= 200 else f"{text[:199]}…"


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:12])
def test_a_text_stays_text(text: str, graphviz_way: str) -> None:
    drawn = shown(to_svg(made(text), legend=False))
    svg = "{http://www.w3.org/2000/svg}"
    allowed = {
        f"{svg}{name}" for name in ("svg", "style", "g", "title", "text", "polygon", "path", "ellipse", "polyline")
    }
    assert {element.tag for element in drawn.root.iter()} <= allowed
    assert [node.texts[0] for node in drawn.nodes if "source" in node.tip.partition(":")[0]] == ["source"]
    titles = [text_.text for text_ in drawn.root.iter(f"{svg}text")]
    assert in_a_line(text) in titles, "the pipeline's name"
    (source,) = [node for node in drawn.nodes if node.texts[0] == "source"]
    assert source.texts[1] == in_a_line(f"{text}()")
    assert text[:500] in source.tip
    if len(text) < 1_000:
        assert source.tip.partition("\n\n")[2] == text, "the docstring"
    else:
        assert source.tip.endswith("…")
    assert any(text[:300] in edge.tip for edge in drawn.edges), "its type"
    assert drawn.root.findtext(f"{svg}g/{svg}title", "").startswith(text[:300]), "what the pipeline is for"


@pytest.mark.parametrize("text", ODD, ids=repr)
def test_what_cannot_be_shown_is_written_out(text: str, graphviz_way: str) -> None:
    drawn = shown(to_svg(made(text)))
    titles = [element.text or "" for element in drawn.root.iter("{http://www.w3.org/2000/svg}text")]
    wanted = re.sub(r"[\0\x07\x1b]", lambda found: f"\\x{ord(found[0]):02x}", flat(text))
    wanted = re.sub("[\ud800\ufffe]", lambda found: f"\\u{ord(found[0]):04x}", wanted)
    assert wanted in titles
    assert page(made(text))


@settings(max_examples=60)
@given(st.text(min_size=1, max_size=60).filter(str.strip))
def test_any_text(text: str) -> None:
    dot = to_dot(made(text), legend=False)
    graph = parsed(dot)
    assert sorted(graph.nodes()) == ["n0", "n1", "n2"], "no node and no port but ours"
    assert graph.number_of_edges() == 2
    shown(to_svg(made(text)))


def data_of(written: str) -> dict[str, Any]:
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', written, re.DOTALL)
    read: dict[str, Any] = json.loads(data)
    return read


@pytest.mark.parametrize("text", [*HOSTILE, *ODD], ids=lambda text: text[:12])
def test_the_page_keeps_texts_as_data(text: str) -> None:
    subject = made(text)
    with pytest.raises(StepError) as caught:
        run(subject, params_of(subject))
    written = page(subject, caught.value.result)
    data = data_of(written)
    assert data["doc"] == text
    assert data["steps"]["source"]["doc"] == text.expandtabs().strip() or "\t" in text or "\r" in text
    assert any(text in line for line in data["steps"]["sink"]["ran"])
    assert written.count("<script") == written.count("</script>") == 3
    assert f"<title>{html.escape(text)}: failed in" in written


def test_a_graph_is_the_same_whatever_the_hash_seed() -> None:
    program = (
        "from corpus import CASES, Recorder\nfrom synaflow_graphviz import to_dot\nimport hashlib\n"
        "text = ''.join(to_dot(c.build(Recorder())) for c in CASES if len(c.build(Recorder()).steps) < 60)\n"
        "print(hashlib.sha256(text.encode()).hexdigest())"
    )
    env = {"PYTHONPATH": ":".join(sys.path)}
    said = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**env, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "42")
    }
    assert len(said) == 1


MISSING = """
import sys
sys.modules["pygraphviz"] = None
from synaflow import pipeline, TargetError
from synaflow_graphviz import to_svg

def one() -> int:
    return 1

try:
    to_svg(pipeline("p", steps=[one]))
except TargetError as error:
    print(error)
"""


def test_neither_way_is_one_sentence() -> None:
    env = {"PYTHONPATH": ":".join(sys.path), "PATH": ""}
    done = subprocess.run([sys.executable, "-c", MISSING], env=env, capture_output=True, text=True, check=True)
    assert done.stdout == (
        "Graphviz isn't there: `dot` is not on PATH, and pygraphviz, whose wheel brings it along, can't be imported; run pip "
        "install '.[graphviz]' in a clone of SynaFlow, or install your system's graphviz package\n"
    )
    assert not done.stderr


def test_without_the_package_the_extra_is_named() -> None:
    program = "import sys\nsys.modules['graphviz'] = None\nimport synaflow_graphviz"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr.splitlines()[-1] == (
        "ImportError: synaflow_graphviz needs the extra `graphviz`: run pip install '.[graphviz]' in a clone of SynaFlow"
    )
