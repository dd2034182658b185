"""The driver of a run: sets the actors going, watches them, and sees that all of them end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

import networkx as nx
import ray
from ray.exceptions import RayError, RayTaskError

from synaflow import RunnerError
from synaflow_ray.feed import Feed
from synaflow_ray.packing import first_line, how_lost

if TYPE_CHECKING:
    from synaflow_ray.execution import Execution
    from synaflow_ray.layout import Layout
    from synaflow_ray.report import Report, State

__all__ = ["Supervisor"]

_HEARD: Final = 1.0
"""Seconds in which what is known elsewhere already is waited for, so that errors come in the order in which they happened."""

_LOOK: Final = 0.1
_GLANCE: Final = 0.5
"""Seconds between two looks at how the actors stand: where they may wait in a circle, and where only people look."""


class Supervisor:
    """Watches the actors of one run."""

    def __init__(self, layout: Layout, execution: Execution, *, place_within: float, close_within: float) -> None:
        self._layout: Final = layout
        self._execution: Final = execution
        self._plan: Final = layout.plan
        self._place_within: Final = place_within
        self._close_within: Final = close_within
        self._running: Final[dict[Any, str]] = {}
        self._values: Final[dict[Any, Any]] = {}
        self._feeds: Final[list[Feed]] = []
        self._looks: Final[dict[str, Any]] = {}
        self._looked_at = 0.0
        self._stuck: dict[str, State] = {}
        # Where no branch can lag, nothing can wait in a circle either.
        self._watches: Final = any(bound.limit is None for bound in self._plan.pipeline.bounds())

    def run(self, values: Mapping[str, object]) -> None:
        """Runs all actors to their ends; none is left afterwards, whatever happens.

        Args:
            values: The params.

        Raises:
            RunnerError: An actor can't be placed.
        """
        started = monotonic()
        try:
            self._layout.make()
            self._place()
            self._begin(values)
            while self._running and not self._execution.stopped:
                self._watch()
        except BaseException as error:
            self._execution.abort(error)
        finally:
            try:
                self._end()
            except BaseException as error:  # a second Ctrl-C
                self._execution.abort(error)
            finally:
                for feed in self._feeds:
                    feed.stop()
                    if feed.fault is not None:
                        self._execution.fail(feed.fault)
                self._account()
                self._layout.remove()
                self._execution.seconds = monotonic() - started

    def _place(self) -> None:
        """Waits until all actors are there."""
        refs = {handle.ready.remote(): name for name, handle in self._layout.handles.items()}
        until, waiting = monotonic() + self._place_within, list(refs)
        while waiting:
            done, waiting = ray.wait(waiting, num_returns=len(waiting), timeout=min(1.0, max(0.0, until - monotonic())))
            for ref in done:
                try:
                    ray.get(ref)
                except RayError as error:
                    raise RunnerError(f"the actor of step '{refs[ref]}' can't start: {first_line(error)}") from error
            if waiting and monotonic() >= until:
                raise RunnerError(self._unplaced([refs[ref] for ref in waiting]))

    def _unplaced(self, names: Iterable[str]) -> str:
        asked = {name: dict(self._plan.actors[name].resources) if name in self._plan.actors else {} for name in names}
        steps = "; ".join(f"step '{name}' asks for {what or 'nothing'}" for name, what in asked.items())
        there = {name: amount for name, amount in ray.available_resources().items() if not name.startswith("node:")}
        return f"not placed within {self._place_within:g} s: {steps}; free in the cluster: {there}; see place_within="

    def _begin(self, values: Mapping[str, object]) -> None:
        refs: dict[str, Any] = {}
        ends: dict[str, Any] = {}
        for name, value in values.items():
            if name not in self._plan.feeds:
                refs[name] = ray.put(value)
        for actor in self._plan.actors.values():
            handle = self._layout.handles[actor.name]
            needed = {name: refs[name] for name in (*actor.takes, *actor.fields)}
            after = {name: ends[name] for name in actor.after}
            value, report = handle.run.options(num_returns=2).remote(needed, after)
            refs[actor.name], ends[actor.name] = value, report
            self._running[report] = actor.name
            self._values[report] = value
        for feed in self._plan.feeds.values():
            self._feeds.append(Feed(feed, values[feed.name], self._layout.handles[feed.name], self._plan.pipeline.name))
        for running in self._feeds:
            running.start()

    def _watch(self) -> None:
        done, _ = ray.wait(list(self._running), num_returns=1, timeout=_LOOK)
        for ref in done:
            self._ended(ref)
        if monotonic() - self._looked_at >= (_LOOK if self._watches else _GLANCE):
            self._looked_at = monotonic()
            self._look()
            if self._watches:
                self._loosen()

    def _ended(self, ref: object) -> None:
        name, value = self._running.pop(ref), self._values.pop(ref)
        execution, actor = self._execution, self._plan.actors[name]
        try:
            report: Report = ray.get(ref)
            if report.failure is not None and not report.delivered:
                self._hear_readers(name)
            needed = name in self._plan.outputs
            execution.ended(name, ray.get(value) if needed else None, report)
        except RayTaskError as error:
            execution.died(actor.name, f"its value can't be pickled: {error.cause or error}", error.cause or error)
        except RayError as error:
            execution.died(actor.name, how_lost(error), error)
        else:
            if report.lost is not None:
                producer, why = report.lost
                execution.died(producer, why, None)

    def _hear_readers(self, name: str) -> None:
        """Takes note of those first who have left a stream that failed as it was closed: they may have left by a failure."""
        readers = self._readers(name)
        refs = [ref for ref, other in self._running.items() if other in readers]
        if refs:
            done, _ = ray.wait(refs, num_returns=len(refs), timeout=_HEARD)
            for ref in done:
                self._ended(ref)

    def _account(self) -> None:
        """Asks those that serve the params' streams how far their readers drifted apart."""
        for name in self._plan.feeds:
            try:
                self._execution.reports[name] = ray.get(self._layout.handles[name].account.remote(), timeout=_LOOK * 10)
            except (RayError, KeyError):
                continue  # a run that has failed for that reason says so by itself

    # Looking

    def _look(self) -> None:
        """Asks all that run how they stand. Nobody is waited for: what answers late is seen later."""
        for name in (*self._running.values(), *self._plan.feeds):
            if name not in self._looks:
                self._looks[name] = self._layout.handles[name].state.remote()
        if not self._looks:
            return
        done, _ = ray.wait(list(self._looks.values()), num_returns=len(self._looks), timeout=0.02)
        for name in [name for name, ref in self._looks.items() if ref in done]:
            try:
                self._execution.looked(name, ray.get(self._looks.pop(name)))
            except RayError:
                continue  # it is seen where it is waited for

    def _loosen(self) -> None:
        """Makes branches elastic for which nobody can go on.

        Who waits for whom is a graph: a reader for the one whose stream or value it needs, a step for the readers that are
        full. Where actors wait in a circle that no way leads out of, and have moved in nothing since the last look, the first
        listed of them with a stream that one reader waits for and others are full of lets those lag (Parks' rule for bounded
        scheduling: Bounded scheduling of process networks, 1995).
        """
        states = {
            name: state
            for name, state in self._execution.states.items()
            if name not in self._execution.reports and not state.over
        }
        graph: nx.DiGraph[str] = nx.DiGraph()
        for name, state in states.items():
            for other in (*state.waits_for, *state.full):
                graph.add_edge(name, self._plan.home.get(other, other))
        stuck: list[set[str]] = [part for part in nx.attracting_components(graph) if len(part) > 1]
        before, self._stuck = self._stuck, {name: states[name] for part in stuck for name in part if name in states}
        for part in stuck:
            if not all(name in before and states.get(name) == before[name] for name in part):
                continue
            for name in (*self._plan.feeds, *self._plan.actors):
                if name not in part or not states[name].full:
                    continue
                waiting = [states[other] for other in part if name in states[other].waits_for]
                if waiting:
                    # Who waits for its end, rather than its next item, waits for all that it will ever give.
                    endless = any(name in state.awaits for state in waiting)
                    for reader in states[name].full:
                        if reader in part:
                            self._layout.handles[name].loosen.remote(reader, endless)
                    self._stuck = {}
                    break

    def _readers(self, name: str) -> tuple[str, ...]:
        source = self._plan.actors.get(name) or self._plan.feeds[name]
        return source.readers

    # Ending

    def _end(self) -> None:
        """Ends what still runs, consumers first, so that every `finally` has its turn."""
        if not self._running:
            return
        for feed in self._feeds:
            feed.stop()
        told: dict[str, float] = {}
        forced: set[str] = set()
        started = monotonic()
        while self._running:
            now, running = monotonic(), set(self._running.values())
            spared = self._hearing() if now - started < _HEARD else set()
            for name in running - told.keys() - spared:
                # Who still has a reader that runs waits for it: it is closed by that.
                if not any(reader in running for reader in self._readers(name)):
                    told[name] = now
                    self._layout.handles[name].stop.remote()
            done, _ = ray.wait(list(self._running), num_returns=1, timeout=0.05)
            for ref in done:
                self._ended(ref)
            for ref, name in list(self._running.items()):
                since = now - told.get(name, now)
                if since >= self._close_within / 2 and name not in forced:
                    forced.add(name)
                    self._layout.handles[name].stop.remote(True)
                if since >= self._close_within:
                    del self._running[ref]
                    ray.kill(self._layout.handles[name])
                    self._execution.note(
                        f"step '{name}' did not end within {self._close_within:g} s of being told to; its process was ended, "
                        "and what it had open was not closed (see close_within=)"
                    )

    def _hearing(self) -> set[str]:
        """Those that a stream's failure is on its way to: they get the items before it first, as the first to hear of it did."""
        reports = self._execution.reports
        hearing: set[str] = set()
        if self._execution.fatal is None:
            for name, actor in self._plan.actors.items():
                if any(reports[one].delivered if one in reports else one in hearing for one in actor.reads):
                    hearing.add(name)
        return hearing
