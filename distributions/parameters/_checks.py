"""Checked reading of one parameter file: every problem is kept and reported together."""

from difflib import get_close_matches

import numpy as np


class ParameterError(ValueError):
    """A parameter file is absent or wrong; the message names the file and each key."""


class Reader:
    """Takes keys out of a TOML table and remembers what was wrong.

    Parameters
    ----------
    raw : dict
        The table as ``tomllib`` gives it.
    file_name : str
        Name used in messages.
    prefix : str
        Path of the table inside the file, ending in a dot, or empty.
    parent : Reader, optional
        Reader whose list of problems this one shares.
    """

    def __init__(self, raw, file_name, prefix="", parent=None):
        self._raw = raw
        self._file = file_name
        self._prefix = prefix
        self._seen = set()
        self._children = []
        self._problems = parent._problems if parent else []

    def problem(self, key, text):
        """Remember that ``key`` is wrong."""
        self._problems.append(f"{self._file}: {self._prefix}{key}: {text}")

    def child(self, key):
        """Reader of the table ``key``; an absent table reads as empty."""
        reader = Reader(self.table(key) or {}, self._file, f"{self._prefix}{key}.", self)
        self._children.append(reader)
        return reader

    def table(self, key):
        """Table under ``key`` as read, or None with a problem."""
        return self._take(key, dict, "a table")

    def array_of_tables(self, key):
        """List of tables under ``key`` as read, or None with a problem."""
        value = self._take(key, list, f"tables, each headed [[{key}]]")
        if value is not None and not all(isinstance(one, dict) for one in value):
            self.problem(key, f"{value!r}: must be tables, each headed [[{key}]]")
            return None
        return value

    def has(self, key):
        """Whether the table holds ``key``, which is known but may be absent."""
        self._seen.add(key)
        return key in self._raw

    def peek(self, key):
        """What is under ``key``, unchecked; None where it is absent."""
        return self._raw.get(key)

    def text(self, key):
        """Text under ``key``, or None with a problem."""
        return self._take(key, str, "text")

    def texts(self, key):
        """List of texts under ``key``, or None with a problem."""
        value = self._take(key, list, "an array of texts")
        if value is None or not all(isinstance(item, str) for item in value):
            if value is not None:
                self.problem(key, "must hold texts only")
            return None
        return value

    def number(self, key, *, low=-np.inf, high=np.inf, above=-np.inf, below=np.inf):
        """Finite number under ``key`` with low <= value <= high and above < value < below, or None with a problem."""
        value = self._take(key, (int, float), "a number")
        if value is None or isinstance(value, bool):
            return None
        if not np.isfinite(value):
            self.problem(key, f"{value}: must be finite")
        elif not (low <= value <= high and above < value < below):
            self.problem(key, f"{value}: must lie in {_range(low, high, above, below)}")
        return float(value)

    def array(self, key, shape, *, low=-np.inf, high=np.inf):
        """Read-only float64 array of the given shape, finite and inside [low, high], or None with a problem."""
        value = self._take(key, list, "an array")
        if value is None:
            return None
        try:
            array = np.array(value, dtype=np.float64)
        except (TypeError, ValueError):
            self.problem(key, f"must be a full table of numbers of shape {shape}")
            return None
        if array.shape != shape:
            self.problem(key, f"has shape {array.shape}: must be {shape}")
            return None
        if not np.isfinite(array).all():
            self.problem(key, "holds a value that is not finite")
        elif (array < low).any() or (array > high).any():
            self.problem(key, f"spans {array.min():g} to {array.max():g}: must lie in {_range(low, high)}")
        array.flags.writeable = False
        return array

    def reject_unknown(self):
        """Report keys that nothing has read, with the nearest known key."""
        for key in sorted(set(self._raw) - self._seen):
            near = get_close_matches(key, self._seen, n=1)
            self.problem(key, "unknown key" + (f"; did you mean {near[0]!r}?" if near else ""))
        for reader in self._children:
            reader.reject_unknown()

    def raise_all(self):
        """Raise one error that lists every problem, or return."""
        if self._problems:
            raise ParameterError("\n".join(self._problems))

    def _take(self, key, kinds, expected):
        self._seen.add(key)
        if key not in self._raw:
            self.problem(key, f"missing: must be {expected}")
            return None
        value = self._raw[key]
        if not isinstance(value, kinds):
            self.problem(key, f"{value!r}: must be {expected}")
            return None
        return value


def _range(low, high, above=-np.inf, below=np.inf):
    left = f"({above:g}" if above > low else f"[{low:g}"
    right = f"{below:g})" if below < high else f"{high:g}]"
    return f"{left}, {right}"
