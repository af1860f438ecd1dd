"""How values and formulas are written, for pictures, messages and derivations alike.

`names` typesets names. `reader` reads an `expression` off a graph, as data; `simplify` (with
`nodes`, `algebra` and others) rewrites it as a person would, `forms` puts it into the forms that
people prefer, and `printing` writes it in LaTeX and in plain text, by the `template` of each
operation's record.
"""

from minigrad.notation import simplify  # noqa: F401  fills the table that `nodes` simplifies by
