"""The warehouse: DuckDB files, dbt runs, reads of marts, tables of the scorer, publications."""
