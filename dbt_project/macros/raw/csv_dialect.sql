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
    {%- if input_name == "dialect" -%}
        {%- do query_rows("drop table if exists rejects_dialect") -%}
        {%- do query_rows("drop table if exists rejects_scan_dialect") -%}
    {%- endif -%}
    {{ return(read_lines([path], input_name, dialect["encoding"], dialect["compression"])) }}
{%- endmacro %}

{# The first lines that are not blank; none where the file is no text. #}
{% macro first_lines(path, dialect) %}
    {%- set lines = query_rows(
        "select line from " ~ csv_text(path, dialect) ~ " where trim(line) <> '' limit 20"
    ) | map(attribute="line") | list -%}
    {%- for line in lines if "\x00" in line or line[:2] == "PK" or line[:3] == "PAR" -%}{{ return(none) }}{%- endfor -%}
    {%- if query_rows("select 1 as found from rejects_dialect where line = 1") -%}{{ return(none) }}{%- endif -%}
    {{ return(lines) }}
{% endmacro %}

{# Whether a line ends inside of quotes. Stops where a quote is never closed, or where bytes are no text. #}
{% macro has_line_breaks(path, dialect) %}
    {%- set sql -%}
        select
            coalesce(sum(quotes), 0)::bigint as quotes,
            count(*) filter (where quotes % 2 = 1) as odd_lines,
            min(line_number) filter (where contains(line, chr(0))) as null_byte_line
        from (
            select line, line_number, strlen(line) - strlen(replace(line, '"', '')) as quotes
            from (select line, row_number() over () as line_number from {{ csv_text(path, dialect) }})
            where contains(line, '"') or contains(line, chr(0))
        )
    {%- endset -%}
    {%- set counted = query_rows(sql)[0] -%}
    {%- if counted["null_byte_line"] -%}
        {{ exceptions.raise_compiler_error(
            "[input] " ~ path ~ " line " ~ counted["null_byte_line"] ~ ": has a NUL byte, which no text has; export the file again"
        ) }}
    {%- endif -%}
    {%- if counted["quotes"] % 2 == 1 -%}{{- require_closed_quotes(path, dialect) -}}{%- endif -%}
    {{ return(counted["odd_lines"] > 0) }}
{% endmacro %}

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

{# Stops with the line of a quote that opens a field and is never closed. Quotes inside unquoted text are plain characters. #}
{% macro require_closed_quotes(path, dialect) %}
    {%- set sql -%}
        select max(line_number) filter (where regexp_matches(line, '(^|[,;|\t])\s*"')) as line_number
        from (select line, row_number() over () as line_number from {{ csv_text(path, dialect) }})
        where (strlen(line) - strlen(replace(line, '"', ''))) % 2 = 1
    {%- endset -%}
    {%- set line_number = query_rows(sql)[0]["line_number"] -%}
    {%- if line_number -%}{{ unclosed_quote_error(path, line_number) }}{%- endif -%}
{% endmacro %}

{# Stops with the line of a quote that opens a field and is closed only after three lines which look like rows. #}
{% macro require_no_rows_in_quotes(path, dialect) %}
    {%- set delimiter = quoted(dialect["delimiter"]) -%}
    {%- set sql -%}
        select min(opened_on) as line_number
        from (
            select
                min(line_number) filter (where quotes % 2 = 1) as opened_on,
                min(line) filter (where quotes % 2 = 1) as opened_by,
                count(*) filter (
                    where quotes = 0 and strlen(line) - strlen(replace(line, {{ delimiter }}, '')) = {{ dialect["names"] | length - 1 }}
                ) as rows_inside
            from (
                select
                    line,
                    line_number,
                    quotes,
                    sum(quotes) over (order by line_number) as quotes_so_far
                from (
                    select line, row_number() over () as line_number, strlen(line) - strlen(replace(line, '"', '')) as quotes
                    from {{ csv_text(path, dialect) }}
                )
            )
            where quotes_so_far % 2 = 1
            group by quotes_so_far
        )
        where rows_inside >= 3 and regexp_matches(opened_by, '(^|[,;|\t])\s*"')
    {%- endset -%}
    {%- set line_number = query_rows(sql)[0]["line_number"] -%}
    {%- if line_number -%}{{ unclosed_quote_error(path, line_number) }}{%- endif -%}
{% endmacro %}

{% macro unclosed_quote_error(path, line_number) %}
    {{ exceptions.raise_compiler_error(
        "[input] " ~ path ~ " line " ~ line_number
        ~ ": a quote is opened and not closed; close it, and double a quote inside of a value"
    ) }}
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
