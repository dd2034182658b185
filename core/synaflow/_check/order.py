"""Orders and cycles: plain algorithms on `{name: names it depends on}`, all linear (up to a heap)."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from heapq import heapify, heappop, heappush

__all__ = ["components", "cycles", "topological"]

Needs = Mapping[str, Collection[str]]


def topological(names: Sequence[str], needs: Needs) -> list[str]:
    """The names with whatever they need before them, ties in the order given.

    In a cycle, the first of its names comes when nothing else can.
    """
    place = {name: at for at, name in enumerate(names)}
    waits = {name: sum(1 for need in set(needs.get(name, ())) if need in place and need != name) for name in names}
    followers: dict[str, list[str]] = {name: [] for name in names}
    for name in names:
        for need in set(needs.get(name, ())):
            if need in place and need != name:
                followers[need].append(name)
    ready = [place[name] for name in names if not waits[name]]
    heapify(ready)
    order: list[str] = []
    done = [False] * len(names)
    stuck = 0
    while len(order) < len(names):
        if ready:
            at = heappop(ready)
        else:
            while done[stuck]:
                stuck += 1
            at = stuck
        if done[at]:
            continue
        done[at] = True
        name = names[at]
        order.append(name)
        for follower in followers[name]:
            waits[follower] -= 1
            if waits[follower] == 0:
                heappush(ready, place[follower])
    return order


def components(names: Sequence[str], needs: Needs) -> list[list[str]]:
    """The strongly connected components, each in the order given (Tarjan's algorithm, without recursion)."""
    known = set(names)
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    on_path: set[str] = set()
    path: list[str] = []
    found: list[list[str]] = []
    place = {name: at for at, name in enumerate(names)}
    for root in names:
        if root in index:
            continue
        work = [(root, iter(needs.get(root, ())))]
        index[root] = low[root] = len(index)
        path.append(root)
        on_path.add(root)
        while work:
            name, rest = work[-1]
            for need in rest:
                if need not in known:
                    continue
                if need not in index:
                    index[need] = low[need] = len(index)
                    path.append(need)
                    on_path.add(need)
                    work.append((need, iter(needs.get(need, ()))))
                    break
                if need in on_path:
                    low[name] = min(low[name], index[need])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
                if low[name] == index[name]:
                    members: list[str] = []
                    while not members or members[-1] != name:
                        members.append(path.pop())
                        on_path.discard(members[-1])
                    found.append(sorted(members, key=place.__getitem__))
    return found


def cycles(names: Sequence[str], needs: Needs) -> list[list[str]]:
    """One shortest cycle per strongly connected component, from its first name through what needs it back to it."""
    place = {name: at for at, name in enumerate(names)}
    tangled = [
        members for members in components(names, needs) if len(members) > 1 or members[0] in needs.get(members[0], ())
    ]
    return [_cycle(members, needs) for members in sorted(tangled, key=lambda members: place[members[0]])]


def _cycle(members: list[str], needs: Needs) -> list[str]:
    start, inside = members[0], set(members)
    came_from: dict[str, str] = {}
    queue = deque([start])
    while queue:
        name = queue.popleft()
        for need in needs.get(name, ()):
            if need == start:
                path = [start, name]
                while path[-1] != start:
                    path.append(came_from[path[-1]])
                return path
            if need in inside and need not in came_from:
                came_from[need] = name
                queue.append(need)
    raise AssertionError(f"no cycle among {members}")  # pragma: no cover  # they are strongly connected
