"""The conformance corpus: pipelines with the values, order, statuses, buffering and errors that every runner owes them.

Run them with `run_case`, compare with `check_outcome` and `check_events`. `CASES` are all of them, by module:

- `linear`: straight chains, value steps, params, wiring
- `forks`: order, depth, width, `max_in_flight`, return values
- `joins`: branches that meet again, run-ahead
- `collecting`: materialised branches, iterated collections
- `each`: each steps, flat-maps, modes
- `early`: consumers that stop early
- `objects`: forms of callables, what becomes of the objects
- `includes`: pipelines in pipelines
- `roles`: an error in each role of one pipeline, under both policies
- `errors`: who sees an error, who may handle it
- `continuing`: items that are dropped, steps that are skipped
- `closing`: a `finally` that fails
"""

from __future__ import annotations

from corpus import closing, collecting, continuing, each, early, errors, forks, includes, joins, linear, objects, roles
from corpus.case import Case, Outcome, Recorder, RunnerUnderTest, missing, registered, run_case
from corpus.happened import check_events
from corpus.verify import check_outcome

__all__ = [
    "CASES",
    "Case",
    "Outcome",
    "Recorder",
    "RunnerUnderTest",
    "check_events",
    "check_outcome",
    "missing",
    "run_case",
]

_MODULES = (linear, forks, joins, collecting, each, early, objects, includes, roles, errors, continuing, closing)

CASES: tuple[Case, ...] = registered()
