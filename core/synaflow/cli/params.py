"""The params of a pipeline as typed options of a command, and their values as an instance of the params class.

A field `max_rows` is `--max-rows`. Options of SynaFlow's own win: a field whose name one of them has, `stats` say, is
`--param.stats`. Every field answers to `--param.NAME`, so a script can be sure of it.
"""

from __future__ import annotations

import inspect
import json
import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Optional, TypeVar, get_args, get_origin

from cyclopts import (
    App,
    ArgumentCollection,
    CoercionError,
    CycloptsError,
    Group,
    MissingArgumentError,
    Parameter,
    Token,
    UnknownOptionError,
    UnusedCliTokensError,
    convert,
)
from cyclopts.config import Dict
from rich.markup import escape

from synaflow._check.params import field_default
from synaflow._errors import ParamsError
from synaflow._model import NO_DEFAULT, FieldDef, PipelineDef
from synaflow._types import TypeForm, is_assignable, members, spell
from synaflow.cli.options import SharedOptions, option_names, options_parameter, with_signature

__all__ = ["parse_options"]

Options = TypeVar("Options", bound=SharedOptions)


def parse_options(
    command: str, options: type[Options], pipeline: PipelineDef, tokens: Sequence[str]
) -> tuple[Options, object] | None:
    """Parses the command line of a command that takes a pipeline's params.

    Args:
        command: What the person typed so far, for the help text: `"synaflow run flights.py"`.
        options: The command's own options.
        pipeline: The pipeline whose params are options too.
        tokens: What follows on the command line.

    Returns:
        The command's own options and a value of the params class (None if the pipeline has no params); None if help
        was asked for, and has been printed.

    Raises:
        CycloptsError: There is no such option, or its value is not of its type.
        ParamsError: Params are missing, or can't be given on a command line.
    """
    fields = _Fields(pipeline, option_names(options))
    app = fields.app(command, options)
    try:
        called, bound, *_ = app.parse_args(tokens, print_error=False, exit_on_error=False)
    except CycloptsError as error:
        raise fields.in_our_words(error, app) from None
    if called is not app.default_command:
        fields.app(command, options, for_help=True).help_print([])
        return None
    given: dict[str, object] = bound.kwargs
    chosen = given.pop("options", None)
    if not isinstance(chosen, options):  # none was given
        chosen = options()
    return chosen, fields.value({fields.by_parameter[name]: value for name, value in given.items()})


class _Fields:
    """The fields of one params class, as options beside those whose names are `taken`."""

    def __init__(self, pipeline: PipelineDef, taken: frozenset[str]) -> None:
        self.pipeline = pipeline
        self.taken = taken
        self.named: dict[str, tuple[str, ...]] = {}
        used = set(taken)
        for field in pipeline.fields:
            short = f"--{field.name.strip('_').replace('_', '-')}"
            exact = f"--param.{field.name}"
            self.named[field.name] = (exact,) if short in used else (short, exact)
            used.add(short)
        # An option `--no-x`, which turns a flag `x` off, is not made where a field or an option of ours has that name.
        self.used = frozenset(used)
        self.given: set[str] = set()
        self.by_parameter = {f"param_{field.name}": field.name for field in pipeline.fields}

    def app(self, command: str, options: type[SharedOptions], *, for_help: bool = False) -> App:
        """The command; for the help text, with one name for each option."""
        group = Group(escape(f"Params of pipeline '{self.pipeline.name}'"), sort_key=0)
        parameters = [
            self._parameter(field, group, for_help) for field in self.pipeline.fields if _unsettable(field) is None
        ]
        app = App(
            name=command,
            help=self.pipeline.doc or f"Pipeline '{self.pipeline.name}'.",
            help_format="plaintext",  # a docstring is text, not markup
            version_flags=(),
            default_command=with_signature([options_parameter(options), *parameters]),
            config=self._from_file,
        )
        app["--help"].group = "Options"
        return app

    def _parameter(self, field: FieldDef, group: Group, for_help: bool) -> inspect.Parameter:
        names = self.named[field.name]
        negative = f"--no-{names[0].removeprefix('--')}"
        settings = Parameter(
            name=names[:1] if for_help else names,
            help=field.doc or "",
            group=group,
            negative=() if negative in self.used else None,
            show_default=field.default is not NO_DEFAULT,
            converter=_without_rounding if _holds_int(field.output.type) else None,
        )
        default, kind = self._default(field), field.output.type
        if default is NO_DEFAULT:
            # A key that may be left out of a TypedDict has none, and pydantic, where it is loaded, checks defaults too.
            default, kind = (inspect.Parameter.empty, kind) if field.required else (None, Optional[kind])  # noqa: UP045 - of a type not known here
        return inspect.Parameter(
            f"param_{field.name}",
            inspect.Parameter.KEYWORD_ONLY,
            annotation=Annotated[kind, settings],
            default=default,
        )

    def _default(self, field: FieldDef) -> object:
        assert self.pipeline.params is not None
        return field_default(self.pipeline.params.type, field.name)

    def _from_file(self, app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
        """Fills in from the `--params` file what the command line doesn't give, and notes what is given by then."""
        file = next((argument for argument in arguments if "--params" in argument.names), None)
        if file is not None and file.tokens:
            self._fill_in(file.tokens[0].value, app, commands, arguments)
        self.given = {argument.field_info.name for argument in arguments if argument.has_tokens and not argument.keys}

    def _fill_in(self, source: str, app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
        values = _read(Path(source))
        for name in values:
            field = next((field for field in self.pipeline.fields if field.name == name), None)
            if field is None:
                raise ParamsError(
                    f"{source}: pipeline '{self.pipeline.name}' has no param '{name}'{self._likely(name)}"
                )
            if (reason := _unsettable(field)) is not None:
                raise ParamsError(f"{source}: {reason}")
            if values[name] is None and not is_assignable(type(None), field.output.type):
                raise ParamsError(f"{source}: param '{name}' must be {spell(field.output.type)}, not null")
        of_fields = [argument for argument in arguments if self.taken.isdisjoint(argument.names)]
        ours = ArgumentCollection(of_fields)  # type: ignore[no-untyped-call]
        Dict({self.named[name][0].removeprefix("--"): value for name, value in values.items()}, source=source)(
            app, commands, ours
        )

    def _likely(self, name: str) -> str:
        names = [field.name for field in self.pipeline.fields]
        close = get_close_matches(name, names, 1)
        return f"; did you mean '{close[0]}'?" if close else f"; it has {', '.join(names) or 'none'}"

    def in_our_words(self, error: CycloptsError, app: App) -> Exception:
        """What to raise for an error of cyclopts's: something of our own where we know more than it does."""
        match error:
            case UnknownOptionError():
                return self._unknown(error.token.keyword or "") or error
            case UnusedCliTokensError():
                stray = " ".join(error.unused_tokens or ())
                return ParamsError(f"unexpected '{stray}': a param is given as an option, --NAME VALUE")
            case MissingArgumentError(keyword=None):
                # What is missing may be there, misspelled.
                for token in error.unused_tokens or ():
                    if token.startswith("-"):
                        name = Token(keyword=token.partition("=")[0], source="cli")
                        known = app.assemble_argument_collection()
                        unknown = UnknownOptionError(token=name, argument_collection=known, verbose=False)
                        return self.in_our_words(unknown, app)
                # A field that is given in part is left to cyclopts: it knows which part is missing.
                return ParamsError(self._needs(missing)) if (missing := self._missing()) else error
        return error

    def _unknown(self, option: str) -> ParamsError | None:
        """Says why there is no such option, though there is a field; None if there is no field either."""
        for field in self.pipeline.fields:
            if option.replace("_", "-") in [name.replace("_", "-") for name in self.named[field.name]]:
                return ParamsError(_unsettable(field))
        return None

    def value(self, values: Mapping[str, object]) -> object:
        """A value of the params class."""
        params = self.pipeline.params
        if params is None:
            return None
        if missing := self._missing():
            raise ParamsError(self._needs(missing))
        try:
            made: object = params.type(**values)
        except Exception as error:
            raise ParamsError(
                f"{params.type.__name__} refuses these params: {type(error).__name__}: {error}"
            ) from error
        return made

    def _missing(self) -> list[FieldDef]:
        return [field for field in self.pipeline.fields if field.required and f"param_{field.name}" not in self.given]

    def _needs(self, missing: Sequence[FieldDef]) -> str:
        lines = [f"pipeline '{self.pipeline.name}' needs {len(missing)} more param{'s' if len(missing) > 1 else ''}:"]
        for field in missing:
            doc = f"  {field.doc}" if field.doc else ""
            lines.append(
                f"    {_unsettable(field) or f'{self.named[field.name][0]} ({spell(field.output.type)}){doc}'}"
            )
        return "\n".join(lines)


def _unsettable(field: FieldDef) -> str | None:
    """Why a field can't be given as text, None if it can."""
    kind = spell(field.output.type)
    if field.output.stream:
        return f"param '{field.name}' is a stream ({kind}) and can't be given on a command line; call run() from Python"
    probe = inspect.Parameter("probe", inspect.Parameter.KEYWORD_ONLY, annotation=field.output.type)
    try:
        App(default_command=with_signature([probe])).assemble_argument_collection()
    except Exception:  # noqa: BLE001 - the class of the field may be of any make
        return f"param '{field.name}' ({kind}) can't be made of text; call run() from Python"
    return None


def _holds_int(tp: TypeForm) -> bool:
    """Whether it is `int`, or a union or plain collection with one in it."""
    inside = (list, set, frozenset, tuple, Sequence)
    return any(
        member is int or (get_origin(member) in inside and any(_holds_int(arg) for arg in get_args(member)))
        for member in members(tp)
    )


def _without_rounding(tp: type, tokens: Sequence[Token]) -> object:
    """Reads what holds an `int`. To cyclopts itself `2.5` is an int, 2; and for one value it takes the first of two."""
    if tp is int and len(tokens) != 1:
        raise CoercionError(target_type=tp)
    return convert(tp, tokens, converter=_one)


def _one(tp: type, text: str) -> object:
    if tp is not int:
        return convert(tp, [text])
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return int(text, 0)  # 0x1f
    except ValueError:
        raise CoercionError(target_type=tp) from None


def _read(path: Path) -> Mapping[str, object]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ParamsError(f"can't read {path}: {error}") from error
    try:
        values = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except ValueError as error:
        raise ParamsError(f"{path} is not valid {'TOML' if path.suffix == '.toml' else 'JSON'}: {error}") from error
    if not isinstance(values, dict):
        raise ParamsError(f"{path} must hold an object with the params' names as keys, not a {type(values).__name__}")
    return values
