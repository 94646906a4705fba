import { aggregated } from "./aggregate.ts";
import { call, castTo, type Node } from "./ast.ts";

/** `true`: DuckDB's function of that name means the same. A text: the function or macro to call instead. Else: what to make of the arguments. */
export type Mapping = true | string | ((children: Node[], node: Node, name: string) => Node);

export const timestamp = (node: Node): Node => castTo("TIMESTAMP WITH TIME ZONE", node);
export const text = (node: Node): Node => call("kc_text", node);

/** A cast to an integer type cuts the fraction, where DuckDB's would round. */
export const integer = (id: string, child: Node): Node => castTo(id, cut(child, "kc_cut"));

export function cut(child: Node, macro: "kc_cut" | "kc_try_cut"): Node {
  if (["count", "count_star"].includes(String(child.function_name))) return child;
  return call(aggregated(child) ? "trunc" : macro, child);
}
