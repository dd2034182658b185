"""What the entry point `ray` names: the runner of `synaflow run --runner ray`, and the command `synaflow ray`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from synaflow_ray.command import command

if TYPE_CHECKING:
    from synaflow_ray.run_options import RayRunOptions
    from synaflow_ray.runner import run

    run_options = RayRunOptions

__all__ = ["command", "run", "run_options"]


if not TYPE_CHECKING:  # a type checker would take any other name for one that this gives

    def __getattr__(name: str) -> object:
        # Ray takes half a second to import, and the help text that lists the commands needs none of it.
        if name == "run":
            from synaflow_ray.runner import run

            return run
        if name == "run_options":
            from synaflow_ray.run_options import RayRunOptions

            return RayRunOptions
        raise AttributeError(f"module 'synaflow_ray.target' has no attribute '{name}'")
