"""Classes of msgspec that pass for a check's facts: they are made, and written, in half the time.

Such a class has the fields and everything else of the dataclass, says that it is that class (`isinstance`,
`match`, `==`, `replace` and the rest take it for one), and cannot be changed either. Only `type(x)` could
tell, and no check asks (tests/verify/test_structs.py). A class that is more than frozen slots with fields is
left as it is.
"""

import dataclasses
import types
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

Make = Callable[..., Any]  # msgspec.defstruct: handed in, for only swift.py knows the library

# What msgspec makes anew, or what belongs to the other layout.
_OWN = frozenset(
    ("__annotations__", "__delattr__", "__dict__", "__doc__", "__getstate__", "__init__", "__module__")
) | frozenset(("__new__", "__qualname__", "__setattr__", "__setstate__", "__slots__", "__weakref__"))


@cache
def like(kind: Any, make: Make) -> Any:
    """A type for the decoder whose values do for those of `kind`."""
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        return _struct(kind, make) if _plain(kind) else kind
    origin, args = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return Union[tuple(like(one, make) for one in args)]  # noqa: UP007 - made at run time
    if origin in (tuple, frozenset, list) or (isinstance(origin, type) and issubclass(origin, Mapping)):
        return origin[tuple(one if one is Ellipsis else like(one, make) for one in args)]
    return kind


def _plain(kind: Any) -> bool:
    """Whether it is frozen slots with fields, and what they make possible."""
    own = vars(kind)
    return (
        kind.__mro__ == (kind, object)
        and "__slots__" in own
        and "__post_init__" not in own
        and own["__dataclass_params__"].frozen
        and all(one.init and not one.kw_only for one in dataclasses.fields(kind))
    )


def _struct(kind: Any, make: Make) -> Any:
    hints = get_type_hints(kind)
    fields = [(one.name, like(hints[one.name], make)) for one in dataclasses.fields(kind)]
    names = {name for name, _ in fields}
    more = {name: value for name, value in vars(kind).items() if name not in _OWN and name not in names}
    more["__class__"] = property(lambda _self: kind)
    return make(
        kind.__name__, fields, namespace=more, frozen=True, eq=False, gc=False, forbid_unknown_fields=True
    )
