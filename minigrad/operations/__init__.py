"""The table of rules: one record for each operation."""
