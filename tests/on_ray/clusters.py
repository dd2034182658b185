"""A real cluster of two nodes on this machine, for what one node can't show: placement, a node's death, jobs."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

os.environ.setdefault("RAY_AUTH_MODE", "disabled")

from ray.cluster_utils import Cluster

__all__ = ["TwoNodes", "two_nodes"]

QUICK_DEATHS = {
    "RAY_health_check_initial_delay_ms": "0",
    "RAY_health_check_period_ms": "500",
    "RAY_health_check_timeout_ms": "500",
    "RAY_health_check_failure_threshold": "3",
}
"""A node that is killed is missed after a second or two, by Ray's own figures after 14."""


@dataclass(frozen=True)
class TwoNodes:
    """What runs.

    Attributes:
        address: For `ray.init` and `run(address=...)`.
        dashboard: For jobs: http://HOST:PORT; None without a dashboard.
        cluster: Ray's own handle: `add_node`, `remove_node`.
        second: The second node, for `remove_node(second, allow_graceful=False)`.
    """

    address: str
    dashboard: str | None
    cluster: Any
    second: Any


@contextmanager
def two_nodes(
    *, cpus: int = 2, resources: tuple[str, str] = ("one", "two"), dashboard: bool = False
) -> Iterator[TwoNodes]:
    """Starts a cluster, and stops it. Nobody is connected to it.

    Args:
        cpus: Of each node.
        resources: The custom resource, 100 of it, that the first node has, and the second. Actors without CPUs land on any
            node: ask for these.
        dashboard: Whether it takes jobs.
    """
    with ExitStack() as stack:
        # What is importable only here is not importable there, as on other people's machines.
        environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "RAY_ADDRESS")}
        environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment["PATH"]])
        with patch.dict(os.environ, environment | QUICK_DEATHS, clear=True):
            shared: dict[str, Any] = {"num_cpus": cpus, "object_store_memory": 100 * 2**20}
            head = shared | {"resources": {resources[0]: 100}, "include_dashboard": dashboard}
            # Also without a dashboard, Ray tries its port, and where that is taken leaves a socket open.
            head |= {"dashboard_port": free_port()}
            if dashboard:
                # An agent whose port is taken never says so, and no job starts.
                head |= {"dashboard_agent_listen_port": free_port()}
            cluster = Cluster(initialize_head=True, head_node_args=head)
            stack.callback(cluster.shutdown)
            # With an address of its own, so that a driver here is on the first.
            second = cluster.add_node(
                **shared,
                resources={resources[1]: 100},
                dashboard_agent_listen_port=free_port(),
                node_ip_address="127.0.0.2",
            )
            cluster.wait_for_nodes()
        url = f"http://{cluster.webui_url}" if dashboard else None
        yield TwoNodes(cluster.address, url, cluster, second)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
