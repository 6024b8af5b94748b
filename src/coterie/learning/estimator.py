"""What every estimator has: parameters that can be read, set and cloned, as scikit-learn expects them."""

from __future__ import annotations

import inspect
from typing import Any, TypeVar

from coterie.errors import Conflict, Problem, nearest

E = TypeVar("E", bound="Estimator")


class Estimator:
    """Parameters are the arguments of ``__init__``, kept as they were given; what a fit learns ends in an underscore."""

    @classmethod
    def _names(cls) -> list[str]:
        return [name for name in inspect.signature(cls.__init__).parameters if name != "self"]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters as they were given."""
        return {name: getattr(self, name) for name in self._names()}

    def set_params(self: E, **changes: Any) -> E:
        """Return the estimator with these parameters. Raises: Problem for one that it does not have."""
        for name, value in changes.items():
            if name not in self._names():
                known = self._names()
                raise Problem("no such parameter", received=name, allowed=", ".join(known), hint=nearest(name, known))
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        told = ", ".join(f"{name}={value!r}" for name, value in self.get_params().items())
        return f"{type(self).__name__}({told})"

    def _fitted(self, name: str) -> Any:
        """Return what the fit learned. Raises: Conflict before there was one."""
        if not hasattr(self, name):
            raise Conflict(f"this {type(self).__name__} is not fitted yet", hint="call fit first")
        return getattr(self, name)
