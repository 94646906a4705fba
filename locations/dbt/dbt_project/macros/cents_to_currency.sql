{# Amounts arrive in cents; models show them in currency. #}
{% macro cents_to_currency(column_name, scale=2) -%}
    cast({{ column_name }} / 100.0 as decimal(18, {{ scale }}))
{%- endmacro %}
