"""Pairs of nested types, grown from a seed: `Callable[[Dog], list[int | str]]` and what one may be given for the other.

Two types taken at random hardly ever fit. So the second is the first with a few changes, at any depth, by which it
becomes a little wider or narrower, or is so no longer.
"""

# ruff: noqa: SIM905  # many names are easier to read as one text
from __future__ import annotations

import sys
from dataclasses import dataclass
from random import Random

__all__ = ["nested_pairs"]

# Left to the flat zoo: what has the explained differences (Hashable), and what mypy itself remembers wrongly of classes.
ATOMS = """
    int bool float complex str bytes bytearray None object Any Never range list dict tuple type TextIO Sized
    Literal[1] Literal[1,2] Literal['a'] Literal[True] Colour Literal[Colour.RED] Level
    UserId AdminId Text Names Movie LongMovie MaybeMovie MixedMovie Point Pair
    Animal Dog Strange IntList Registry Walker SelfWalker Doubler Record Frozen Named File Constant Sheep Chain Lister IntLister
    Closable HasName ReadsName Cloner Node Adder Applies Mapper Comparable
""".split()
CLASSES = "Animal Dog Sheep str object Any".split()
KEYS = "str int bool float Any object Text UserId Literal['a']".split()
#: Generics of one parameter that are related, whatever their parameter; and of two.
ONE = """
    list MutableSequence Sequence Reversible collections.deque Collection Iterable Container set frozenset Set MutableSet
    Iterator KeysView ValuesView enumerate Bag Batch Grid
""".split()
TWO = """
    dict collections.defaultdict collections.OrderedDict MutableMapping Mapping collections.ChainMap ItemsView
    types.MappingProxyType Flipped
""".split()
#: Other generics, of every variance; those in a row are related.
OTHERS = [
    "Inv Box Co Getter".split(),
    "Contra Putter LoudContra".split(),
    "Keyed Tagged Entry".split(),
    "AsyncIterator AsyncIterable".split(),
    "Coming Awaitable".split(),
    "Visit Callable1".split(),
]
if sys.version_info >= (3, 12):
    ATOMS += ["Json", "Number", "ListOrSet[int]", "Tree"]
    ONE += ["Rows", "Feed"]
    OTHERS += ["Cell View Source Linked Box695".split(), "Sink Putter Handler".split()]
#: What a type becomes when it is changed a little, there or back.
NEAR = {
    "int": "float bool Literal[1] UserId Level object",
    "bool": "int Literal[True]",
    "float": "int complex",
    "str": "Text Literal['a'] object",
    "Text": "str",
    "Literal[1]": "Literal[1,2] int",
    "Literal[1,2]": "Literal[1] int",
    "Literal['a']": "str",
    "Literal[True]": "bool",
    "Literal[Colour.RED]": "Colour",
    "Level": "int",
    "UserId": "int AdminId",
    "AdminId": "UserId int",
    "Animal": "Dog",
    "Dog": "Animal HasName",
    "Movie": "LongMovie MixedMovie MaybeMovie",
    "LongMovie": "Movie",
    "Point": "Pair",
    "File": "Closable",
    "Record": "HasName Frozen",
    "Frozen": "ReadsName",
    "Named": "ReadsName",
    "IntList": "list",
    "Sheep": "Cloner",
    "Chain": "Node",
    "Doubler": "Applies",
    "Lister": "Mapper",
}


@dataclass(frozen=True)
class Tree:
    """A type, taken apart."""

    head: str
    parts: tuple[Tree, ...] = ()

    def __str__(self) -> str:
        parts = [str(part) for part in self.parts]
        match self.head:
            case "Callable":
                return f"Callable[[{', '.join(parts[:-1])}], {parts[-1]}]"
            case "Callable1":
                return f"Callable[[{parts[0]}], None]"
            case "AnyCallable":
                return f"Callable[..., {parts[0]}]"
            case "Tuple":
                return f"tuple[{', '.join(parts) or '()'}]"
            case "Tuples":
                return f"tuple[{parts[0]}, ...]"
            case "Annotated":
                return f"Annotated[{parts[0]}, 'note']"
            case "Coming":
                return f"Coroutine[Any, Any, {parts[0]}]"
        return f"{self.head}[{', '.join(parts)}]" if parts else self.head


def nested_pairs(seed: int, count: int, depth: int = 3) -> list[tuple[str, str]]:
    """Different pairs of types, as text, the same for the same seed."""
    random = Random(seed)
    pairs: dict[tuple[str, str], None] = {}
    while len(pairs) < count:
        one = other = _grown(random, random.randint(1, depth))
        for _ in range(random.randint(1, 3)):
            other = _changed(random, other)
        pair = (one, other) if random.random() < 0.5 else (other, one)
        pairs[str(pair[0]), str(pair[1])] = None
    return list(pairs)


def _atom(random: Random, names: list[str] = ATOMS) -> Tree:
    return Tree(random.choice(names))


def _grown(random: Random, depth: int) -> Tree:
    if depth == 0 or random.random() < 0.1:
        return _atom(random)

    def part() -> Tree:
        return _grown(random, depth - 1)

    def some(least: int, most: int) -> tuple[Tree, ...]:
        return tuple(part() for _ in range(random.randint(least, most)))

    kinds = "one one one two two other other union union tuple callable callable special generator".split()
    match random.choice(kinds):
        case "one":
            return Tree(random.choice(ONE), (part(),))
        case "two":
            return Tree(random.choice(TWO), (_atom(random, KEYS), part()))
        case "other":
            return Tree(random.choice(random.choice(OTHERS)), (part(),))
        case "union":
            return Tree("Union", some(2, 3)) if random.random() < 0.7 else Tree("Optional", (part(),))
        case "tuple":
            return Tree("Tuple", some(0, 3)) if random.random() < 0.6 else Tree("Tuples", (part(),))
        case "callable":
            return Tree("Callable", some(1, 3)) if random.random() < 0.8 else Tree("AnyCallable", (part(),))
        case "generator":
            if random.random() < 0.3:
                return Tree("AsyncGenerator", (part(), Tree("None")))
            return Tree("Generator", (part(), random.choice((Tree("None"), part())), part()))
    return Tree("type", (_atom(random, CLASSES),)) if random.random() < 0.5 else Tree("Annotated", (part(),))


def _changed(random: Random, tree: Tree) -> Tree:
    """The type with one change, somewhere."""
    if tree.head == "type":
        return Tree("type", (_atom(random, CLASSES),))
    if tree.parts and random.random() < 0.75:
        at = random.randrange(len(tree.parts))
        return Tree(tree.head, (*tree.parts[:at], _changed(random, tree.parts[at]), *tree.parts[at + 1 :]))
    if random.random() < 0.7:
        return _related(random, tree)
    new = _grown(random, 1)
    return random.choice((new, Tree("Optional", (tree,)), Tree("Union", (new, tree)), Tree("Any"), Tree("object")))


def _related(random: Random, tree: Tree) -> Tree:
    """Another type of the same family."""
    parts = tree.parts
    for heads in (ONE, TWO, *OTHERS):
        if tree.head in heads:
            return Tree(random.choice(heads), parts)
    match tree.head:
        case "Tuple" if parts:
            item = parts[0] if len(parts) == 1 else Tree("Union", parts)
            return random.choice((Tree("Tuples", (item,)), Tree("Sequence", (item,)), Tree("Tuple", parts[1:])))
        case "Tuples":
            return random.choice((Tree("Sequence", parts), Tree("Iterable", parts), Tree("Tuple", parts)))
        case "Callable":
            return random.choice((Tree("AnyCallable", parts[-1:]), Tree("Callable", parts[1:] or parts)))
        case "AnyCallable":
            return Tree("Callable", (_atom(random), *parts))
        case "Union":
            return Tree("Union", (*parts[1:], parts[0] if random.random() < 0.5 else _grown(random, 1)))
        case "Generator":
            return Tree(random.choice(("Iterator", "Iterable")), parts[:1])
        case "AsyncGenerator":
            return Tree(random.choice(("AsyncIterator", "AsyncIterable")), parts[:1])
        case "Optional" | "Annotated":
            return parts[0]
    return _atom(random, NEAR[tree.head].split()) if tree.head in NEAR else _atom(random)
