{# Runs generic data tests at the end of a cycle without a node per test, because on a small build a node takes longer
   than the query of such a test. #}

{# Runs the generic tests of the models that a run built, one query a model; raises an error that names the first that fails,
   with an example. Does nothing if the variable is off or the run has already failed. #}
{% macro run_generic_tests(results) %}
    {%- if execute and var("generic_tests_at_end") -%}
        {%- set built = [] -%}
        {%- for result in results -%}
            {%- if result.status not in ("success", "pass", "warn", "skipped", "no-op") -%}{{ return("") }}{%- endif -%}
            {%- do built.append(result.node.unique_id) -%}
        {%- endfor -%}
        {%- for tests in generic_tests(built).values() -%}
            {%- for test, failures in failures_of(tests) if failures -%}
                {%- do exceptions.raise_compiler_error("[input] " ~ failed_test(test, failures)) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}
{% endmacro %}

{# The generic tests of some nodes by node, without those that ran as nodes and those that compare with a relation that is
   not built yet; tests of sources belong to every run. #}
{% macro generic_tests(unique_ids) %}
    {%- set found = {} -%}
    {%- for test in graph.nodes.values() if test.resource_type == "test" and test.test_metadata -%}
        {%- set tested = test.attached_node or (test.depends_on.nodes | first) -%}
        {%- set is_chosen = (tested in unique_ids or tested in graph.sources) and test.unique_id not in unique_ids -%}
        {%- set missing = [] -%}
        {%- for other in test.depends_on.nodes if is_chosen and other in graph.nodes and other not in unique_ids -%}
            {%- set node = graph.nodes[other] -%}
            {%- if not adapter.get_relation(node.database, node.schema, node.alias) -%}{%- do missing.append(other) -%}{%- endif -%}
        {%- endfor -%}
        {%- if is_chosen and not missing and test.config.enabled and test.config.severity | lower == "error" -%}
            {%- do found.setdefault(tested, []).append(test) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found) }}
{% endmacro %}

{# Pairs of each test of one node and the number of rows that it finds. #}
{% macro failures_of(tests) %}
    {%- set counts = [] -%}
    {%- for test in tests -%}
        {%- do counts.append("select " ~ loop.index0 ~ " as test, count(*) as failures from (" ~ generic_test_sql(test) ~ ") as rows_found") -%}
    {%- endfor -%}
    {%- set pairs = [] -%}
    {%- for row in run_query(counts | join(" union all ")).rows -%}
        {%- do pairs.append((tests[row[0] | int], row[1] | int)) -%}
    {%- endfor -%}
    {{ return(pairs) }}
{% endmacro %}

{# The SQL of a generic test, as dbt renders it for a node. #}
{% macro generic_test_sql(test) %}
    {%- set arguments = {} -%}
    {%- for name, value in test.test_metadata.kwargs.items() -%}
        {%- do arguments.update({name: value}) -%}
    {%- endfor -%}
    {%- set tested = test.attached_node or (test.depends_on.nodes | first) -%}
    {%- set relation = (graph.nodes.get(tested) or graph.sources.get(tested)).relation_name -%}
    {%- if test.config.where -%}
        {%- set relation = "(select * from " ~ relation ~ " where " ~ test.config.where ~ ") as tested" -%}
    {%- endif -%}
    {%- do arguments.update({"model": relation}) -%}
    {%- if "to" in arguments -%}
        {%- set other = test.depends_on.nodes | reject("equalto", tested) | first | default(tested) -%}
        {%- do arguments.update({"to": (graph.nodes.get(other) or graph.sources.get(other)).relation_name}) -%}
    {%- endif -%}
    {{ return(context["test_" ~ test.test_metadata.name](**arguments)) }}
{% endmacro %}

{# Sentence about a failed test: its kind, the model, the columns or the expression, and the first row. #}
{% macro failed_test(test, failures) %}
    {%- set given = test.test_metadata.kwargs -%}
    {%- set tested = test.attached_node or (test.depends_on.nodes | first) -%}
    {%- set subject = given.get("column_name") or given.get("columns", []) | join(", ") or given.get("expression", "") -%}
    {%- set found = run_query("select * from (" ~ generic_test_sql(test) ~ ") as rows_found limit 1") -%}
    {%- set values = [] -%}
    {%- for name in found.column_names -%}
        {%- do values.append(name ~ " = " ~ found.rows[0][loop.index0]) -%}
    {%- endfor -%}
    {{ return(
        "data test " ~ test.test_metadata.name ~ " of " ~ tested.split(".")[-1] ~ " (" ~ subject ~ ") failed: "
        ~ failures ~ " found, such as " ~ values | join(", ")
    ) }}
{% endmacro %}
