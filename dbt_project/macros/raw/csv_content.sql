{# Encoding or compression of a file by its first bytes, ignoring its name. Stops if the file is not text. #}
{% macro csv_content(path) %}
    {%- set bytes = query_rows(
        "select upper(hex(content[:4])) as first from read_blob(" ~ quoted(glob_literal(path)) ~ ")"
    )[0]["first"] -%}
    {%- if bytes.startswith("1F8B") and not path.lower().endswith(".gz") -%}
        {{ return({"compression": "gzip"}) }}
    {%- elif bytes.startswith("FFFE") or (bytes[2:4] == "00" and bytes[6:8] == "00") -%}
        {{ return({"encoding": "utf-16"}) }}
    {%- elif not bytes.startswith("504B") or bytes == "504B0304" -%}
        {{ exceptions.raise_compiler_error("[input] " ~ path ~ ": " ~ content_remedy(bytes)) }}
    {%- endif -%}
    {{ return({}) }}
{% endmacro %}

{# Name of a file format by its first bytes, and what to do about it. #}
{% macro content_remedy(bytes) %}
    {%- set known = {
        "504B0304": "is a zip archive or an Excel workbook, not text; unpack it, or save the sheet as CSV UTF-8",
        "50415231": "is a Parquet file; rename it to end in .parquet",
        "28B52FFD": "is compressed with zstd; unpack it, or compress it with gzip",
        "D0CF11E0": "is an old Excel workbook; save the sheet as CSV UTF-8",
    } -%}
    {%- if bytes in known -%}{{ return(known[bytes]) }}{%- endif -%}
    {%- if bytes.startswith("425A68") -%}{{ return("is compressed with bzip2; unpack it, or compress it with gzip") }}{%- endif -%}
    {%- if bytes.startswith("FEFF") -%}{{ return("is UTF-16 with the high byte first; save it as UTF-8") }}{%- endif -%}
    {%- if query_rows("select 1 as found from rejects_dialect where line = 1") -%}
        {{ return("line 1 is not UTF-8, probably in an ANSI code page, which nextoffer reads and dbt alone does not; save it as UTF-8, in Excel as CSV UTF-8") }}
    {%- endif -%}
    {{ return("has NUL bytes, which no text has; export it again") }}
{% endmacro %}
