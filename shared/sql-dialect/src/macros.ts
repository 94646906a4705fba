/** Scalar functions that DuckDB lacks, or has with another meaning; created once in every DuckDB that runs translated SQL. */
export const macros: readonly string[] = [
  `kc_div(a, b) AS CASE WHEN b = 0 THEN error('[DIVIDE_BY_ZERO] Division by zero. Use try_divide to tolerate divisor being 0 and return NULL instead. SQLSTATE: 22012') ELSE a / b END`,
  `kc_idiv(a, b) AS CASE WHEN b = 0 THEN error('[DIVIDE_BY_ZERO] Division by zero. SQLSTATE: 22012') ELSE CAST(a // b AS BIGINT) END`,
  `kc_mod(a, b) AS CASE WHEN b = 0 THEN error('[REMAINDER_BY_ZERO] Remainder by zero. SQLSTATE: 22012') ELSE a % b END`,
  `kc_pmod(a, b) AS CASE WHEN b = 0 THEN error('[REMAINDER_BY_ZERO] Remainder by zero. SQLSTATE: 22012') ELSE ((a % b) + b) % b END`,
  `kc_try_divide(a, b) AS CASE WHEN b = 0 THEN NULL ELSE a / b END`,
  `kc_integer_text(x) AS CASE WHEN regexp_full_match(trim(x), '[+-]?[0-9]+') THEN trim(x) ELSE error('[CAST_INVALID_INPUT] The value ''' || x || ''' of the type STRING cannot be cast to an integer because it is malformed. SQLSTATE: 22018') END`,
  `kc_cut(x BOOLEAN) AS CAST(x AS INTEGER), (x BIGINT) AS x, (x HUGEINT) AS x, (x VARCHAR) AS kc_integer_text(x), (x TIMESTAMPTZ) AS CAST(floor(epoch(x)) AS BIGINT), (x) AS trunc(x)`,
  `kc_try_cut(x BOOLEAN) AS CAST(x AS INTEGER), (x BIGINT) AS x, (x HUGEINT) AS x, (x VARCHAR) AS CASE WHEN regexp_full_match(trim(x), '[+-]?[0-9]+') THEN trim(x) END, (x TIMESTAMPTZ) AS CAST(floor(epoch(x)) AS BIGINT), (x) AS trunc(x)`,
  `kc_part(x TIMESTAMPTZ) AS regexp_replace(CAST(x AS VARCHAR), '[+]00$', ''), (x DATE) AS x, (x VARCHAR) AS x, (x) AS x`,
  `kc_text(x) AS CASE WHEN typeof(x) = 'TIMESTAMP WITH TIME ZONE' THEN regexp_replace(CAST(x AS VARCHAR), '[+]00$', '') WHEN regexp_matches(typeof(x), '^(STRUCT|MAP)[(]|TIME ZONE\\[|[)]\\[') THEN error('[UNSUPPORTED_FEATURE] The local Databricks SQL does not cast structs, maps and arrays of them or of instants to STRING. Use to_json. SQLSTATE: 0A000') ELSE CAST(x AS VARCHAR) END`,
  `kc_index(x, i) AS CASE WHEN i < 0 OR i >= len(x) THEN error('[INVALID_ARRAY_INDEX] The index ' || i || ' is out of bounds. The array has ' || len(x) || ' elements. Use get() to tolerate accessing element at invalid index and return NULL instead. SQLSTATE: 22003') ELSE list_extract(x, i + 1) END`,
  `kc_get(x, i) AS CASE WHEN i < 0 THEN NULL ELSE list_extract(x, i + 1) END`,
  `kc_map_at(x, k) AS x[k]`,
  `kc_element_at(x, i) AS CASE WHEN i = 0 THEN error('[INVALID_INDEX_OF_ZERO] The index 0 is invalid. SQLSTATE: 22003') WHEN abs(i) > len(x) THEN error('[INVALID_ARRAY_INDEX_IN_ELEMENT_AT] The index ' || i || ' is out of bounds. SQLSTATE: 22003') ELSE list_extract(x, i) END`,
  `kc_substr(s, p) AS substr(CAST(s AS VARCHAR), CASE WHEN p = 0 THEN 1 ELSE p END), (s, p, n) AS CASE WHEN n <= 0 THEN '' WHEN p < 0 AND -p > length(CAST(s AS VARCHAR)) THEN substr(CAST(s AS VARCHAR), 1, CAST(greatest(n + p + length(CAST(s AS VARCHAR)), 0) AS BIGINT)) ELSE substr(CAST(s AS VARCHAR), CASE WHEN p = 0 THEN 1 ELSE p END, n) END`,
  `kc_initcap(s) AS array_to_string(list_transform(string_split(lower(s), ' '), lambda w: upper(w[1:1]) || w[2:]), ' ')`,
  `kc_startswith(s, p) AS starts_with(s, p)`,
  `kc_contains(s, p) AS contains(CAST(s AS VARCHAR), CAST(p AS VARCHAR))`,
  `kc_nvl2(a, b, c) AS CASE WHEN a IS NOT NULL THEN b ELSE c END`,
  `kc_space(n) AS repeat(' ', n)`,
  `kc_collect_list(x) AS list(x) FILTER (x IS NOT NULL)`,
  `kc_size(x) AS len(x)`,
  `kc_date(x) AS CAST(CAST(x AS TIMESTAMPTZ) AS DATE)`,
  `kc_ts(x) AS CAST(x AS TIMESTAMPTZ)`,
  `kc_date_add(d, n) AS kc_date(d) + CAST(n AS INTEGER)`,
  `kc_days_between(e, s) AS date_diff('day', kc_date(s), kc_date(e))`,
  `kc_add_months(d, n) AS CAST(kc_date(d) + to_months(CAST(n AS INTEGER)) AS DATE)`,
  `kc_unix_timestamp(x) AS CAST(floor(epoch(CAST(x AS TIMESTAMPTZ))) AS BIGINT)`,
  `kc_from_unixtime(x) AS strftime(to_timestamp(x), '%Y-%m-%d %H:%M:%S')`,
  `kc_sha2(x, n) AS CASE WHEN n IN (0, 256) THEN sha256(x) ELSE error('[UNSUPPORTED_FEATURE] The local Databricks SQL supports sha2 with 256 bits only. SQLSTATE: 0A000') END`,
  `kc_get_json_object(x, p) AS json_extract_string(x, p)`,
  `kc_hex(x) AS upper(hex(x))`,
  `kc_locate(p, s) AS instr(s, p)`,
  `kc_last_day(d) AS last_day(kc_date(d))`,
  `kc_next_integer(x) AS CAST(ceil(x) AS BIGINT)`,
  `kc_floor_integer(x) AS CAST(floor(x) AS BIGINT)`,
  `kc_count_if(x) AS count(*) FILTER (x)`,
  `kc_regexp_extract(s, p) AS regexp_extract(s, p, 1)`,
  `kc_sequence(a, b) AS generate_series(a, b)`,
];

/** Statements that create the macros. */
export const macroStatements: readonly string[] = macros.map((macro) => {
  const name = macro.slice(0, macro.indexOf("("));
  return `CREATE OR REPLACE MACRO ${name}${macro.slice(name.length)}`;
});
