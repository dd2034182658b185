"""Dates and times as text that a person can read, with everything that Python keeps of them."""

from __future__ import annotations

import json
import re
from datetime import datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

__all__ = ["datetime_from", "datetime_text", "duration_from", "duration_text", "time_from", "time_text"]

_CLOCK = r"\d\d:\d\d:\d\d(?:\.\d{6})?"
_OFFSET = rf"(?P<offset>[+-]{_CLOCK}|[+-]\d\d:\d\d)?"
_NOTES = r'(?P<notes>(?:\[(?:"(?:[^"\\]|\\.)*"|[^\]"\\]*)\])*)'
_TIME = re.compile(rf"(?P<plain>{_CLOCK}){_OFFSET}{_NOTES}", re.ASCII)
_DATETIME = re.compile(rf"(?P<plain>\d{{4}}-\d\d-\d\dT{_CLOCK}){_OFFSET}{_NOTES}", re.ASCII)
_NOTE = re.compile(r'\[("(?:[^"\\]|\\.)*"|[^\]"\\]*)\]')
_DURATION = re.compile(
    r"(?P<sign>-?)P(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)(?:\.(?P<micro>\d{6}))?S)?)?",
    re.ASCII,
)
_MICROSECOND = timedelta(microseconds=1)


def datetime_text(value: datetime) -> str:
    """As `2024-10-27T02:30:00+01:00[Europe/Berlin]`; a fold that the offset doesn't tell is noted."""
    zone = value.tzinfo
    offset = _offset_of(value)
    text = value.replace(tzinfo=None, fold=0).isoformat() + _offset_text(offset) + _zone_text(zone)
    return text if _fold(value, offset) == value.fold else f"{text}[fold={value.fold}]"


def datetime_from(text: str) -> datetime:
    """The date and time that `datetime_text` wrote."""
    found = _DATETIME.fullmatch(text)
    if not found:
        raise ValueError("no date and time")
    offset = _offset_from(found["offset"])
    zone, fold = _notes_from(found["notes"], offset)
    value = datetime.fromisoformat(found["plain"]).replace(tzinfo=zone)
    if isinstance(zone, ZoneInfo) and offset is not None and offset not in _offsets(value):
        raise ValueError(f"the clock of {zone.key} isn't set so here: the two machines' time zone data differ")
    return value.replace(fold=_fold(value, offset) if fold is None else fold)


def time_text(value: time) -> str:
    """As `14:30:00+05:30`; a fold is noted."""
    zone = value.tzinfo
    offset = None if isinstance(zone, ZoneInfo) else value.utcoffset()
    text = value.replace(tzinfo=None, fold=0).isoformat() + _offset_text(offset) + _zone_text(zone)
    return f"{text}[fold=1]" if value.fold else text


def time_from(text: str) -> time:
    """The time that `time_text` wrote."""
    found = _TIME.fullmatch(text)
    if not found:
        raise ValueError("no time")
    zone, fold = _notes_from(found["notes"], _offset_from(found["offset"]))
    return time.fromisoformat(found["plain"]).replace(tzinfo=zone, fold=fold or 0)


def duration_text(value: timedelta) -> str:
    """As ISO 8601 has it: `P1DT2H30M`, `-PT0.000001S`; none at all is `PT0S`."""
    total = value // _MICROSECOND  # exact at any size
    sign, total = ("-", -total) if total < 0 else ("", total)
    seconds, micro = divmod(total, 1_000_000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    part = f"{seconds}.{micro:06}S" if micro else f"{seconds}S" if seconds else ""
    clock = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "") + part
    day = f"{days}D" if days else ""
    return f"{sign}P{day}T{clock}" if clock else f"{sign}P{day or 'T0S'}"


def duration_from(text: str) -> timedelta:
    """The duration that `duration_text` wrote."""
    found = _DURATION.fullmatch(text)
    if not found or text.endswith(("P", "T")):
        raise ValueError("no duration")
    part = {name: int(digits or 0) for name, digits in found.groupdict().items() if name != "sign"}
    seconds = ((part["days"] * 24 + part["hours"]) * 60 + part["minutes"]) * 60 + part["seconds"]
    total = seconds * 1_000_000 + part["micro"]
    return (-total if found["sign"] else total) * _MICROSECOND


def _offset_of(value: datetime) -> timedelta | None:
    try:
        return value.utcoffset()
    except OverflowError:  # within a day of the first or the last date there is
        return None


def _offsets(value: datetime) -> tuple[timedelta | None, timedelta | None]:
    return _offset_of(value.replace(fold=0)), _offset_of(value.replace(fold=1))


def _fold(value: datetime, offset: timedelta | None) -> int:
    """The fold that the offset tells of a date and time in a zone; 0 where it tells none."""
    first, second = _offsets(value)
    return int(first != second and offset == second)


def _offset_text(offset: timedelta | None) -> str:
    if offset is None:
        return ""
    sign, offset = ("-", -offset) if offset < timedelta(0) else ("+", offset)
    text = (datetime.min + offset).time().isoformat()
    return sign + text.removesuffix(":00") if len(text) == len("00:00:00") else sign + text


def _is_pydantic(zone: tzinfo) -> bool:
    """Whether this is what pydantic reads an offset as."""
    return type(zone).__name__ == "TzInfo" and type(zone).__module__.startswith("pydantic_core")


def _offset_from(text: str | None) -> timedelta | None:
    if not text:
        return None
    clock = time.fromisoformat(text[1:])
    offset = datetime.combine(datetime.min, clock) - datetime.min
    return -offset if text[0] == "-" else offset


def _zone_text(zone: tzinfo | None) -> str:
    if zone is None:
        return ""
    if type(zone) is ZoneInfo and zone.key is not None:
        return f"[{zone.key}]"
    if type(zone) is timezone:
        name = zone.tzname(None)
        return "" if name == timezone(zone.utcoffset(None)).tzname(None) else f"[{json.dumps(name)}]"
    if _is_pydantic(zone):
        return "[pydantic]"
    raise ValueError(
        f"its time zone is a {type(zone).__module__}.{type(zone).__qualname__}: use zoneinfo.ZoneInfo or datetime.timezone"
    )


def _notes_from(text: str, offset: timedelta | None) -> tuple[tzinfo | None, int | None]:
    zone: tzinfo | None = None if offset is None else timezone(offset)
    fold: int | None = None
    for note in _NOTE.findall(text):
        if note in ("fold=0", "fold=1"):
            fold = int(note[-1])
        elif note == "pydantic" and offset is not None:
            from pydantic_core import TzInfo

            zone = TzInfo(offset.total_seconds())
        elif note.startswith('"') and offset is not None:
            zone = timezone(offset, json.loads(note))
        else:
            zone = ZoneInfo(note)
    return zone, fold
