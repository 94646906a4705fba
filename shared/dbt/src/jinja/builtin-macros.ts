/**
 * dbt's own macros as far as the subset goes, for Databricks SQL. A project's macro of the same name wins.
 * Those below `dbt.` are reached as `dbt.name(…)` and by their bare name.
 */
export const builtinMacros = `
{%- macro generate_schema_name(custom_schema_name, node) -%}
  {%- if custom_schema_name is none or custom_schema_name is undefined -%}{{ target.schema }}{%- else -%}{{ target.schema }}_{{ custom_schema_name | trim }}{%- endif -%}
{%- endmacro -%}
{%- macro generate_database_name(custom_database_name, node) -%}
  {%- if custom_database_name is none or custom_database_name is undefined -%}{{ target.database }}{%- else -%}{{ custom_database_name | trim }}{%- endif -%}
{%- endmacro -%}
{%- macro generate_alias_name(custom_alias_name, node) -%}
  {%- if custom_alias_name -%}{{ custom_alias_name | trim }}{%- else -%}{{ node.name }}{%- endif -%}
{%- endmacro -%}
{%- macro type_string() -%}string{%- endmacro -%}
{%- macro type_timestamp() -%}timestamp{%- endmacro -%}
{%- macro type_int() -%}int{%- endmacro -%}
{%- macro type_bigint() -%}bigint{%- endmacro -%}
{%- macro type_float() -%}double{%- endmacro -%}
{%- macro type_numeric() -%}decimal(28, 6){%- endmacro -%}
{%- macro type_boolean() -%}boolean{%- endmacro -%}
{%- macro current_timestamp() -%}current_timestamp(){%- endmacro -%}
{%- macro date_trunc(datepart, date) -%}date_trunc('{{ datepart }}', {{ date }}){%- endmacro -%}
{%- macro dateadd(datepart, interval, from_date_or_timestamp) -%}dateadd({{ datepart }}, {{ interval }}, {{ from_date_or_timestamp }}){%- endmacro -%}
{%- macro datediff(first_date, second_date, datepart) -%}datediff({{ datepart }}, {{ first_date }}, {{ second_date }}){%- endmacro -%}
{%- macro concat(fields) -%}concat({{ fields | join(', ') }}){%- endmacro -%}
{%- macro hash(field) -%}md5(cast({{ field }} as string)){%- endmacro -%}
{%- macro safe_cast(field, type) -%}try_cast({{ field }} as {{ type }}){%- endmacro -%}
{%- macro cast(field, type) -%}cast({{ field }} as {{ type }}){%- endmacro -%}
{%- macro length(expression) -%}length({{ expression }}){%- endmacro -%}
{%- macro replace(field, old_chars, new_chars) -%}replace({{ field }}, {{ old_chars }}, {{ new_chars }}){%- endmacro -%}
{%- macro any_value(expression) -%}any_value({{ expression }}){%- endmacro -%}
{%- macro bool_or(expression) -%}bool_or({{ expression }}){%- endmacro -%}
{%- macro except() -%}except{%- endmacro -%}
{%- macro intersect() -%}intersect{%- endmacro -%}
{%- macro string_literal(value) -%}'{{ value }}'{%- endmacro -%}
{%- macro right(string_text, length_expression) -%}right({{ string_text }}, {{ length_expression }}){%- endmacro -%}
{%- macro last_day(date, datepart) -%}cast(dateadd(day, -1, dateadd({{ datepart }}, 1, date_trunc('{{ datepart }}', {{ date }}))) as date){%- endmacro -%}

{%- macro test_unique(model, column_name) -%}
select
    {{ column_name }} as unique_field,
    count(*) as n_records

from {{ model }}
where {{ column_name }} is not null
group by {{ column_name }}
having count(*) > 1
{%- endmacro -%}
{%- macro test_not_null(model, column_name) -%}
select {{ column_name }}
from {{ model }}
where {{ column_name }} is null
{%- endmacro -%}
{%- macro test_accepted_values(model, column_name, values, quote=true) -%}
with all_values as (

    select
        {{ column_name }} as value_field,
        count(*) as n_records

    from {{ model }}
    group by {{ column_name }}

)

select *
from all_values
where value_field not in (
    {% for value in values -%}
        {%- if quote -%}
        '{{ value | string | replace("'", "''") }}'
        {%- else -%}
        {{ value }}
        {%- endif -%}
        {%- if not loop.last -%},{%- endif %}
    {%- endfor %}
)
{%- endmacro -%}
{%- macro test_relationships(model, column_name, to, field) -%}
with child as (
    select {{ column_name }} as from_field
    from {{ model }}
    where {{ column_name }} is not null
),

parent as (
    select {{ field }} as to_field
    from {{ to }}
)

select
    from_field

from child
left join parent
    on child.from_field = parent.to_field

where parent.to_field is null
{%- endmacro -%}
`;

/** Names reached as `dbt.name`. */
export const dbtNamespace = [
  "type_string",
  "type_timestamp",
  "type_int",
  "type_bigint",
  "type_float",
  "type_numeric",
  "type_boolean",
  "current_timestamp",
  "date_trunc",
  "dateadd",
  "datediff",
  "concat",
  "hash",
  "safe_cast",
  "cast",
  "length",
  "replace",
  "any_value",
  "bool_or",
  "except",
  "intersect",
  "string_literal",
  "right",
  "last_day",
  "generate_schema_name",
  "generate_database_name",
  "generate_alias_name",
];
