"""`python -m benchmarks.peers MODULE FILE`: measures one peer, where it is installed, and writes what came out as JSON."""

from __future__ import annotations

import argparse
import json
from importlib import import_module
from pathlib import Path

from benchmarks.peers.peer import Peer, PeerEffort, measure


def main() -> None:
    """Measures the peer of that module."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("module")
    parser.add_argument("file", type=Path)
    parser.add_argument("--quick", action="store_true", help="only see that it runs")
    arguments = parser.parse_args()
    peer: Peer = import_module(f"benchmarks.peers.{arguments.module}").peer
    print(peer.title, flush=True)
    measured = measure(peer, PeerEffort.quick() if arguments.quick else PeerEffort())
    arguments.file.write_text(json.dumps(measured, indent=2) + "\n", encoding="utf-8")


main()
