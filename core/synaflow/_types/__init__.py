"""Type compatibility: the one place that knows whether one type hint fits another.

It reads hints as they exist at run time and answers as mypy would of the same annotations.
`is_assignable` is the relation; `solve` finds TypeVars by it; `stream_item` and `collection_item`
say what a type hands out; `spell` writes a type. What can't be judged raises
`UndecidableTypeError`. Nothing else of synaflow is imported from here.
"""

from synaflow._types.doors import accepts
from synaflow._types.errors import TypeForm, UndecidableTypeError
from synaflow._types.forms import members, strip
from synaflow._types.memory import forget
from synaflow._types.solving import is_assignable, solve, solve_all
from synaflow._types.spelling import spell
from synaflow._types.streams import CollectionItem, StreamItem, collection_item, stream_item
from synaflow._types.substitution import close, free_typevars, substitute

__all__ = [
    "CollectionItem",
    "StreamItem",
    "TypeForm",
    "UndecidableTypeError",
    "accepts",
    "close",
    "collection_item",
    "forget",
    "free_typevars",
    "is_assignable",
    "members",
    "solve",
    "solve_all",
    "spell",
    "stream_item",
    "strip",
    "substitute",
]
