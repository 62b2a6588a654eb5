"""urllib3's errors as values and back: they hold pools, connections and other errors."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from agenttrace.adapters import asking
from agenttrace.model.call import Failure
from agenttrace.model.failure import exception_of, failure_of
from agenttrace.model.values import qualified

if TYPE_CHECKING:
    from agenttrace.model.values import Value

_HOME = "urllib3.exceptions"
_INNER = "exception"


def told(error: Exception) -> Failure:
    """Write an error down; of urllib3's own what they say, without the pool and its address."""
    if type(error).__module__ != _HOME:
        return failure_of(error)
    said = getattr(error, "_message", None)
    args = (said,) if isinstance(said, str) else error.args
    return Failure(
        type=qualified(type(error)),
        args=tuple(_told(item) for item in args),
        message=said if isinstance(said, str) else str(error),
    )


def raised(pool: Any, conn: Any, failure: Failure) -> BaseException:
    """Build an error again, for a pool and a connection of this run."""
    met = asking.error_of_fault(failure, timeout="ReadTimeoutError", broken="ProtocolError")
    kind = _kind_of(f"{_HOME}.{met}" if met else failure.type)
    if kind is None:
        return exception_of(failure)
    if _is_a(kind, "PoolError"):
        error = kind.__new__(kind)
        error.args = (f"{pool}: {failure.message}",)
        error.pool, error._message, error.url = pool, failure.message, None
    elif _is_a(kind, "NewConnectionError"):
        error = kind.__new__(kind)
        error.args = (f"{conn}: {failure.message}",)
        error.conn, error._message = conn, failure.message
        error._host, error._reason = getattr(conn, "host", None), failure.message
    else:
        error = kind.__new__(kind)
        error.args = tuple(_raised(item) for item in failure.args)
    built: BaseException = error
    return built


def _told(item: object) -> Value:
    if isinstance(item, Exception):
        fields = {name: value for name, value in vars(item).items() if _is_simple(value)}
        return {
            _INNER: qualified(type(item)),
            "args": [one for one in item.args if _is_simple(one)],
            "fields": fields,
        }
    return item if _is_simple(item) else str(item)  # type: ignore[return-value]


def _raised(item: Value) -> object:
    if not isinstance(item, dict) or _INNER not in item:
        return item
    args, fields = item.get("args"), item.get("fields")
    failure = Failure(
        type=str(item[_INNER]),
        args=tuple(args) if isinstance(args, list) else (),
        fields=fields if isinstance(fields, dict) else {},
    )
    return exception_of(failure)


def _is_simple(value: object) -> bool:
    return value is None or isinstance(value, str | bytes | int | float)


def _kind_of(name: str) -> Any:
    home, _, own = name.rpartition(".")
    return getattr(sys.modules.get(_HOME), own, None) if home == _HOME else None


def _is_a(kind: Any, name: str) -> bool:
    return any(one.__name__ == name and one.__module__ == _HOME for one in kind.__mro__)
