"""From an annotated type to plain JSON and back, so that what comes out equals what went in, its type included.

pydantic's JSON can't tell the members of `date | str` apart, so composition is our own; it is asked for its models alone.
"""

from synaflow_airflow.codecs.base import CantTravelError, Codec, Converter
from synaflow_airflow.codecs.build import converter_for
from synaflow_airflow.codecs.envelope import content, pack, size, unpack

__all__ = ["CantTravelError", "Codec", "Converter", "content", "converter_for", "pack", "size", "unpack"]
