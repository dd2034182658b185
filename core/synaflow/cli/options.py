"""SynaFlow's own options of a command, and where TARGET stands among them."""

# No `from __future__ import annotations`: cyclopts reads a subclass's hints where that subclass is defined.

import dataclasses
import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import App, ArgumentCollection, Parameter

from synaflow._errors import TargetError

__all__ = ["HELP", "SharedOptions", "option_names", "options_parameter", "split_target", "with_signature"]

HELP = ("--help", "-h")


@Parameter(name="*", group="Options")
@dataclasses.dataclass(frozen=True, kw_only=True)
class SharedOptions:
    """Options of every command that takes a pipeline's params; a command adds its own in a subclass.

    Attributes:
        params: Take params from this JSON or TOML file. Those on the command line win.
    """

    params: Annotated[
        Path | None, Parameter(help="Take params from this JSON or TOML file. Those on the command line win.")
    ] = None


def split_target(options: type[SharedOptions], tokens: Sequence[str]) -> tuple[str, list[str]] | None:
    """Finds TARGET: the first token that is no option of ours nor its value. The params' options come after it.

    Returns:
        TARGET and the other tokens; None where there is none because help is what was asked for.

    Raises:
        TargetError: There is none, or an option stands before it that isn't ours.
    """
    takes = {
        name: 0 if argument.is_flag() else argument.token_count()[0]
        for argument in _arguments(options)
        for name in argument.names
    }
    position = 0
    while position < len(tokens):
        token = tokens[position]
        if not token.startswith("-"):
            return token, [*tokens[:position], *tokens[position + 1 :]]
        name, equals, _ = token.partition("=")
        if name not in takes and name not in HELP:
            raise TargetError(
                f"'{name}' before TARGET is no option of SynaFlow's; those of the pipeline come after TARGET"
            )
        position += 1 if equals or name in HELP else 1 + takes[name]
    if not set(tokens) & set(HELP):
        raise TargetError("which pipeline? TARGET is module:attribute, path/to/file.py or path/to/file.py:attribute")
    return None


def option_names(options: type[SharedOptions]) -> frozenset[str]:
    """Every spelling of those options, and of help's."""
    return frozenset(name for argument in _arguments(options) for name in argument.names).union(HELP)


def options_parameter(options: type[SharedOptions]) -> inspect.Parameter:
    """The parameter `options` of a command, that takes them."""
    return inspect.Parameter("options", inspect.Parameter.KEYWORD_ONLY, annotation=options, default=options())


def with_signature(parameters: Sequence[inspect.Parameter]) -> Callable[..., None]:
    """A function with that signature, for cyclopts to make a command of; it is never called."""

    def command(**values: object) -> None: ...

    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return command


def _arguments(options: type[SharedOptions]) -> ArgumentCollection:
    return App(default_command=with_signature([options_parameter(options)])).assemble_argument_collection()
