{# How one CSV file is written: {encoding, compression, delimiter, names, skip, has_line_breaks}. The sniffer of the
   engine fails on small files with one bad line, so the first record and a count of quotes decide. The count reads the whole
   file; without it `has_line_breaks` is unknown. A column without a name is named by its position, #4. #}
{% macro csv_dialect(path, is_counted=true) %}
    {%- set dialect = {
        "encoding": "utf-8", "compression": "auto", "delimiter": none, "names": [], "skip": 0, "has_line_breaks": false,
    } -%}
    {%- if not execute -%}{{ return(dialect) }}{%- endif -%}
    {%- set lines = first_lines(path, dialect) -%}
    {%- if lines is none -%}
        {%- do dialect.update(csv_content(path)) -%}
        {%- set lines = first_lines(path, dialect) or [] -%}
    {%- endif -%}
    {%- if is_counted -%}{%- do dialect.update({"has_line_breaks": has_line_breaks(path, dialect)}) -%}{%- endif -%}
    {%- set first = (lines[0] if lines else "") | trim -%}
    {%- if modules.re.fullmatch('"?sep=.?"?', first, modules.re.IGNORECASE) -%}
        {%- do dialect.update({"skip": 1, "delimiter": first.strip('"')[4:5] or "\t"}) -%}
        {%- set lines = lines[1:] -%}
    {%- endif -%}
    {%- set header = first_record(lines) -%}
    {%- if not dialect["delimiter"] -%}{%- do dialect.update({"delimiter": csv_delimiter(header)}) -%}{%- endif -%}
    {%- set names = [] -%}
    {%- for name in csv_fields(header, dialect["delimiter"]) -%}{%- do names.append(name or "#" ~ loop.index) -%}{%- endfor -%}
    {{- require_few_columns(path, names) -}}
    {%- do dialect.update({"names": names}) -%}
    {%- if dialect["has_line_breaks"] and names | length > 1 -%}{{- require_no_rows_in_quotes(path, dialect) -}}{%- endif -%}
    {{ return(dialect) }}
{% endmacro %}

{# The lines of one CSV file as the column `line`; those that are not UTF-8 go to `rejects_<input_name>`. #}
{% macro csv_text(path, dialect, input_name="dialect") -%}
    {{ return(read_lines([path], input_name, dialect["encoding"], dialect["compression"])) }}
{%- endmacro %}

{# The rows of a query that reads the lines of a CSV file once, without what `rejects_dialect` has of another file. #}
{% macro csv_query_rows(sql) %}
    {{ return(query_rows("drop table if exists rejects_dialect; drop table if exists rejects_scan_dialect; " ~ sql)) }}
{% endmacro %}

{# The first lines that are not blank; none where the file is no text. #}
{% macro first_lines(path, dialect) %}
    {%- set sql -%}
        create or replace temporary table csv_first_lines as
        select line from {{ csv_text(path, dialect) }} where trim(line) <> '' limit 20;
        select line, false as is_refused from csv_first_lines
        union all
        select '' as line, true as is_refused from rejects_dialect where line = 1
    {%- endset -%}
    {%- set lines = [] -%}
    {%- for row in csv_query_rows(sql) -%}
        {%- set line = row["line"] -%}
        {%- if row["is_refused"] or "\x00" in line or line[:2] == "PK" or line[:3] == "PAR" -%}{{ return(none) }}{%- endif -%}
        {%- do lines.append(line) -%}
    {%- endfor -%}
    {{ return(lines) }}
{% endmacro %}

{# The first record of the lines. It can span lines, because quoted names may contain line breaks. #}
{% macro first_record(lines) %}
    {%- set record = namespace(text="", is_open=true) -%}
    {%- for line in lines if record.is_open -%}
        {%- set record.text = (record.text ~ "\n" if record.text else "") ~ line -%}
        {%- set record.is_open = record.text.count('"') % 2 == 1 -%}
    {%- endfor -%}
    {{ return(record.text) }}
{% endmacro %}

{# The most frequent of the usual delimiters outside quotes. #}
{% macro csv_delimiter(record) %}
    {%- set bare = modules.re.sub('"[^"]*"', "", record) -%}
    {%- set best = namespace(delimiter=",", count=bare.count(",")) -%}
    {%- for delimiter in [";", "\t", "|"] if bare.count(delimiter) > best.count -%}
        {%- set best.delimiter, best.count = delimiter, bare.count(delimiter) -%}
    {%- endfor -%}
    {{ return(best.delimiter) }}
{% endmacro %}

{# The fields of one record as the engine reads them, quoted or not. #}
{% macro csv_fields(record, delimiter) %}
    {%- set names = [] -%}
    {%- if '"' not in record -%}
        {%- for name in record.split(delimiter) -%}{%- do names.append(name | trim) -%}{%- endfor -%}
        {{ return(names) }}
    {%- endif -%}
    {%- set pattern = '\s*"((?:[^"]|"")*)"\s*D|([^D]*)D'.replace("D", modules.re.escape(delimiter)) -%}
    {%- for quoted_name, bare_name in modules.re.findall(pattern, record ~ delimiter) -%}
        {%- do names.append((quoted_name.replace('""', '"') or bare_name) | trim) -%}
    {%- endfor -%}
    {{ return(names) }}
{% endmacro %}
