import { isNode, type Node, nodes } from "./ast.ts";

const aggregates = new Set(
  `count count_star sum avg min max any_value first last median stddev stddev_pop stddev_samp variance var_pop var_samp corr covar_pop covar_samp bool_and bool_or
  approx_count_distinct mode skewness kurtosis_pop quantile_cont kc_count_if arg_max_null arg_min_null`.split(/\s+/),
);
/** Aggregates that give an array. */
export const lists = new Set(["kc_collect_list", "list"]);

/** Whether an expression aggregates: DuckDB does not know its type yet when it chooses among the overloads of a macro. */
export function aggregated(node: Node, names = aggregates): boolean {
  if (node.class === "SUBQUERY") return false;
  if (node.class === "WINDOW" || (node.class === "FUNCTION" && names.has(String(node.function_name)))) return true;
  return Object.values(node).some((value) =>
    Array.isArray(value) ? nodes(value).some((child) => aggregated(child, names)) : isNode(value) && aggregated(value, names),
  );
}
