{# Materializations that replace a table or view in place. DuckDB does this in one transaction: readers never see a partial
   relation, and a failure keeps the old one. dbt's own materializations create a second relation, rename twice and drop,
   which takes five more statements and most of the time of a small build. Indexes, grants and Python models are not
   supported. #}

{% materialization table, adapter="duckdb" %}
    {{ return(replace_in_place("table", pre_hooks, post_hooks)) }}
{% endmaterialization %}

{% materialization view, adapter="duckdb" %}
    {{ return(replace_in_place("view", pre_hooks, post_hooks)) }}
{% endmaterialization %}

{% macro replace_in_place(relation_type, pre_hooks, post_hooks) %}
    {%- set target = this.incorporate(type=relation_type) -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set other_kind = existing is not none and existing.type != relation_type -%}
    {#- A single statement needs no explicit transaction; without hooks, the statements open and end it in one call. #}
    {%- set has_hooks = pre_hooks or post_hooks -%}
    {%- set has_statements = config.get("contract").enforced or other_kind -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- call statement("main", auto_begin=has_hooks) -%}
        {%- if has_statements and not has_hooks %}begin;{% endif %}
        {%- if other_kind %}drop {{ existing.type }} {{ existing }};{% endif %}
        {{ replaced_table(target) if relation_type == "table" else replaced_view(target) }}
        {%- if config.get("contract").enforced -%}{{ described_in_comments(target) }}{%- endif -%}
        {%- if has_statements and not has_hooks %}commit;{% endif %}
    {%- endcall -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do persist_docs(target, model) -%}
    {%- if has_hooks -%}{%- do adapter.commit() -%}{%- endif -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({"relations": [target]}) }}
{% endmacro %}

{% macro replaced_table(target) %}
    {%- if config.get("contract").enforced -%}
        {{- require_contract_columns(compiled_code) }}
        create or replace table {{ target }} {{ get_table_columns_and_constraints() }};
        insert into {{ target }} {{ get_column_names() }} ({{ get_select_subquery(compiled_code) }});
    {%- else -%}
        create or replace table {{ target }} as ({{ compiled_code }});
    {%- endif -%}
{% endmacro %}

{% macro replaced_view(target) %}
    {%- if config.get("contract").enforced -%}{{- require_contract_columns(compiled_code) }}{%- endif -%}
    create or replace view {{ target }} as ({{ compiled_code }});
{% endmacro %}

{# Stops unless a query has exactly the columns of the contract, of the same types. It describes both in one statement, where
   dbt's own check takes two, and more time than most queries of a small build. #}
{% macro require_contract_columns(sql) %}
    {%- set columns = [] -%}
    {%- for column in model.columns.values() -%}
        {%- do columns.append("null::" ~ column.data_type ~ " as " ~ identifier(column.name)) -%}
    {%- endfor -%}
    {%- set differences -%}
        select
            coalesce(contract.column_name, query.column_name) as column_name,
            coalesce(contract.column_type, 'no column') as wanted,
            coalesce(query.column_type, 'no column') as found
        from (describe select {{ columns | join(", ") }}) as contract
        full join (describe {{ sql }}) as query on contract.column_name = query.column_name
        where contract.column_type is distinct from query.column_type
        order by 1
    {%- endset -%}
    {%- for row in run_query(differences).rows -%}
        {{ exceptions.raise_compiler_error(
            "column " ~ row["column_name"] ~ " of " ~ this.identifier ~ ": the contract has " ~ row["wanted"] ~ ", the query "
            ~ row["found"] ~ "; correct the SQL or " ~ model.patch_path
        ) }}
    {%- endfor -%}
{% endmacro %}

{# Stores the descriptions of a model and its columns as comments, which any tool that opens the file can show. #}
{% macro described_in_comments(target) %}
    comment on {{ target.type }} {{ target }} is {{ quoted(model.description | trim) }};
    {%- for column in model.columns.values() %}
    comment on column {{ target }}.{{ identifier(column.name) }} is {{ quoted(column.description | trim) }};
    {%- endfor %}
{% endmacro %}
