"""How values and formulas are written, for pictures, messages and derivations alike.

`names` typesets names. `expression` reads formulas off a graph as data, `simplify` (with `nodes`,
`algebra` and `shapes`) rewrites them as a person would, `forms` puts them into the forms that
people prefer, and `printing` writes them in LaTeX and in plain text, by the `template` of each
operation's record.
"""
