import { describe, expect, test } from "vitest";
import { dbt, projectFolder } from "./project-folder.ts";

/** The compiled SQL of a model of this text, or the error of the command. */
async function compiled(
  text: string,
  files: Record<string, string> = {},
  options: { vars?: string; env?: Record<string, string> } = {},
): Promise<string> {
  using project = projectFolder({ "models/m.sql": text, "models/other.sql": "select 1 as id", ...files });
  const out = await dbt(`compile --select m${options.vars ? ` --vars '${options.vars}'` : ""}`, project.path, undefined, {
    env: options.env ?? {},
  });
  if (out.error) return out.error.toString();
  const [result] = out.runResults!.results;
  return result!.status === "success" ? result!.compiled_code!.trim() : result!.message!;
}

describe("what dbt and Python say, the embedded runner says", () => {
  test.each([
    ["{{ true }} {{ none }} {{ [1, 'a', none] }} {{ {'k': 1.5} }}", "True None [1, 'a', None] {'k': 1.5}"],
    ["{{ 7 / 2 }} {{ 6 / 2 }} {{ 7 // 2 }} {{ -7 % 3 }}", "3.5 3.0 3 2"],
    ["{{ 2.5 | round }} {{ 3.5 | round }} {{ 2.345 | round(2) }} {{ 2.1 | round(0, 'ceil') }}", "2.0 4.0 2.35 3.0"],
    ["{% set x = 0 %}{% for i in range(3) %}{% set x = x + 1 %}{% endfor %}{{ x }}", "0"],
    ["{% set ns = namespace(x=0) %}{% for i in range(3) %}{% set ns.x = ns.x + 1 %}{% endfor %}{{ ns.x }}", "3"],
    ["{% set l = [] %}{% do l.append('a') %}{% do l.append('b') %}{{ l | join(', ') }}", "a, b"],
    ["{%- for k in ['a', 'b'] -%}{{ k }}{% if not loop.last %},{% endif %}{%- endfor -%}", "a,b"],
    ["{% set sql %}select 1{% endset %}{{ sql }}", "select 1"],
    ["{{ 'a' ~ 1 ~ true }}", "a1True"],
    ["{{ ['b', 'a'] | sort | map('upper') | join('-') }}", "A-B"],
    ['{{ "it\'s" | replace("\'", "\'\'") }}', "it''s"],
    ["{{ var('x', 5) + 1 }}", "6"],
    ["{{ env_var('PLACE', 'here') }}", "here"],
    ["{{ target.schema }}.{{ target.type }}", "main.databricks"],
    ["{{ this }} {{ this.identifier }}", "`test`.`main`.`m` m"],
    ["{{ ref('other') }} {{ ref('shop', 'other').schema }}", "`test`.`main`.`other` main"],
    ["{{ dbt.type_string() }} {{ dbt.safe_cast('a', dbt.type_int()) }}", "string try_cast(a as int)"],
    ["{{ adapter.quote('a`b') }}", "`a``b`"],
    ["{# {{ ref('nowhere') }} #}x", "x"],
  ])("%s", async (text, expected) => {
    expect(await compiled(text)).toBe(expected);
  });

  test("variables: --vars over the project's, the package's own over the general ones", async () => {
    const yml = { "dbt_project.yml": "name: shop\nvars: {a: 1, b: 2, shop: {b: 3}}\n" };
    expect(await compiled("{{ var('a') }} {{ var('b') }}", yml)).toBe("1 3");
    expect(await compiled("{{ var('a') }} {{ var('b') }}", yml, { vars: "{a: 9}" })).toBe("9 3");
  });

  test("macros call each other, take defaults and callers, return native values, and do not see the caller's variables", async () => {
    const macros = {
      "macros/m.sql":
        "{% macro outer(x, y=2) %}{{ inner(x) + y }}{% endmacro %}{% macro inner(x) %}{{ return(x * 10) }}{% endmacro %}{% macro wrap() %}<{{ caller() }}>{% endmacro %}{% macro peek() %}{{ secret is defined }}{% endmacro %}",
    };
    expect(await compiled("{{ outer(1) }} {{ outer(1, y=5) }}", macros)).toBe("12 15");
    expect(await compiled("{% call wrap() %}in{% endcall %}", macros)).toBe("<in>");
    expect(await compiled("{% set secret = 1 %}{{ peek() }}", macros)).toBe("False");
    expect(
      await compiled("{{ adapter.dispatch('pick')() }}", {
        "macros/p.sql": "{% macro default__pick() %}d{% endmacro %}{% macro databricks__pick() %}b{% endmacro %}",
      }),
    ).toBe("b");
  });

  test("generate_schema_name: dbt's default, and the project's own", async () => {
    expect(await compiled("{{ config(schema='x') }}{{ this.schema }}")).toBe("main_x");
    expect(
      await compiled("{{ config(schema='x') }}{{ this.schema }}", {
        "macros/s.sql":
          "{% macro generate_schema_name(custom_schema_name, node) %}{{ custom_schema_name or target.schema }}{% endmacro %}",
      }),
    ).toBe("x");
  });

  test("ephemeral models become CTEs, once each, before the model's own", async () => {
    const files = {
      "models/e1.sql": "{{ config(materialized='ephemeral') }} select 1 as id",
      "models/e2.sql": "{{ config(materialized='ephemeral') }} select * from {{ ref('e1') }}",
    };
    expect(
      await compiled("-- note\nwith a as (select * from {{ ref('e2') }}) select * from a join {{ ref('e1') }} using (id)", files),
    ).toBe(
      "-- note\nwith __dbt__cte__e1 as (\nselect 1 as id\n), __dbt__cte__e2 as (\nselect * from __dbt__cte__e1\n), a as (select * from __dbt__cte__e2) select * from a join __dbt__cte__e1 using (id)",
    );
  });
});

describe("mistakes are told with file and line", () => {
  test.each([
    [
      "select 1\nfrom {{ ref('othr') }}",
      "models/m.sql:2: ref('othr') finds no model or seed with this name. Did you mean \"other\"?",
    ],
    ["select 1\n\nfrom {{ source('raw', 'x') }}", "models/m.sql:3: source('raw', 'x') finds no source table"],
    ["a\n{% if true %}\nb", "the template ends inside a block that is not closed"],
    ["a\nb {{ 'x }}", 'models/m.sql:2: the tag "{{" is not closed'],
    ["a\n{% endif %}", "models/m.sql:2: {% endif %} closes no block"],
    ["\n{{ nothing }}", "models/m.sql:2: 'nothing' is undefined"],
    ["\n{{ rf('other') }}", "models/m.sql:2: 'rf' is undefined: no macro or function has this name. Did you mean \"ref\""],
    ["{{ config(materialized='table')\n}}{{ nothing.at }}", "'nothing' is undefined"],
    ["\n{{ var('missing') }}", 'models/m.sql:2: the var "missing" has no value and no default.'],
    ["\n{{ env_var('MISSING') }}", "models/m.sql:2: the environment variable MISSING is not set"],
    ["{{ exceptions.raise_compiler_error('no way') }}", "models/m.sql:1: no way"],
    ["{% if execute %}{{ ref('other') }}{% endif %}", "was not seen while parsing"],
  ])("%s", async (text, message) => {
    expect(await compiled(text)).toContain(message);
  });

  test("an error inside a macro names the macro's file and line", async () => {
    expect(await compiled("{{ bad() }}", { "macros/b.sql": "\n{% macro bad() %}\n{{ oops() }}\n{% endmacro %}" })).toContain(
      "macros/b.sql:3: 'oops' is undefined",
    );
  });

  test("macros that call each other without end are stopped", async () => {
    expect(await compiled("{{ a() }}", { "macros/a.sql": "{% macro a() %}{{ a() }}{% endmacro %}" })).toContain(
      "call each other without end",
    );
  });
});

describe("what is outside the subset is refused by name, with file and line and the way out", () => {
  test.each([
    ["\n{{ run_query('select 1') }}", "models/m.sql:2: run_query() (a query while rendering)"],
    ["{% call statement('x') %}select 1{% endcall %}", "statement() (a query while rendering)"],
    ["{{ adapter.get_relation('a', 'b', 'c') }}", "adapter.get_relation()"],
    ["{{ dbt_utils.star(ref('other')) }}", "the package dbt_utils"],
    ["{{ '%s' % 'x' }}", "Jinja's % formatting of strings"],
    ["{% raw %}x{% endraw %}", "Jinja's {% raw %}"],
    ["{% snapshot s %}{% endsnapshot %}", "Jinja's {% snapshot %}"],
    ["{{ [1] | batch(2) }}", "Jinja: Unknown ArrayValue filter: batch"],
    ["{{ config(materialized='dynamic_table') }}", 'the materialization "dynamic_table"'],
    [
      "{{ config(materialized='incremental', incremental_strategy='microbatch', unique_key='id') }}",
      'the incremental strategy "microbatch"',
    ],
    ["{{ config(contract={'enforced': true}) }}", "an enforced contract"],
    ["{{ config(grants={'select': ['x']}) }}", "the config grants"],
    ["{{ ref('other', v=2) }}", "ref(…, v=…)"],
    ["{{ modules.datetime.datetime.now() }}", "the variable modules"],
  ])("%s", async (text, message) => {
    const found = await compiled(text);
    expect(found).toContain(message);
    expect(found).toContain("models/m.sql:");
    expect(found).toContain("The real dbt can run it");
  });
});
