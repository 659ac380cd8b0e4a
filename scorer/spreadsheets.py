"""Escapes text that a spreadsheet would run as a formula when it opens a CSV file.

A text that begins with a sign of a formula gets an apostrophe in front. Text that is a number, such
as -5, +12 % or +41 79 123 45 67, stays as it is: it has no effect.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

# The signs that OWASP lists for CSV injection, with their full-width forms.
_FORMULA = r"^[=+\-@\t\r\n＝＋－＠]"
_NUMBER = r"^[+-][0-9][0-9., ]*([eE][+-]?[0-9]+)? ?%?$"


def escaped_sql(text: str) -> str:
    """Return an SQL expression that escapes a text expression."""
    return (
        f"case when regexp_matches({text}, '{_FORMULA}')"
        f" and not regexp_matches({text}, '{_NUMBER}')"
        f" then '''' || {text} else {text} end"
    )


def escaped_array(values: pa.Array) -> pa.Array:
    """Return an Arrow array with its texts escaped; arrays of other types as they are."""
    if not (pa.types.is_string(values.type) or pa.types.is_large_string(values.type)):
        return values
    is_formula = pc.and_not(
        pc.match_substring_regex(values, _FORMULA), pc.match_substring_regex(values, _NUMBER)
    )
    quoted = pc.binary_join_element_wise(pa.scalar("'", values.type), values, "")
    return pc.if_else(is_formula, quoted, values)


def escaped_name(name: str) -> str:
    """Return a column name escaped, because a query can make names of values (PIVOT)."""
    return str(escaped_array(pa.array([name]))[0])
