import { literalOf, type Node, nodes } from "./ast.ts";

/** Databricks' names for the columns of the outermost SELECT that have none: the translation must not show in them. */
export function nameColumns(query: Node): void {
  if (query.type === "SET_OPERATION_NODE") nameColumns((query.left ?? nodes(query.children)[0] ?? {}) as Node);
  for (const item of nodes(query.select_list)) {
    if (item.alias === "" && item.class !== "STAR" && item.class !== "COLUMN_REF" && item.function_name !== "unnest")
      item.alias = printed(item);
  }
}

function printed(node: Node): string {
  if (node.class === "COLUMN_REF") return (node.column_names as string[]).at(-1) ?? "";
  if (node.class === "CONSTANT") {
    const { type, value: digits } = node.value as { type: { id: string; type_info: { scale: number } | null }; value: unknown };
    if (type.id === "DECIMAL") return String(Number(JSON.stringify(digits)) / 10 ** (type.type_info?.scale ?? 0));
    const value = literalOf(node) ?? "NULL";
    return typeof value === "string" ? value : JSON.stringify(value);
  }
  if (node.class === "CAST") return printed(node.child as Node);
  if (node.class === "FUNCTION" || node.class === "WINDOW") {
    const children = nodes(node.children).map(printed);
    if (node.function_name === "count_star") return "count(1)";
    if (node.is_operator === true)
      return children.length === 2 ? `(${children.join(` ${node.function_name} `)})` : `(${node.function_name} ${children[0]})`;
    return `${node.function_name}(${children.join(", ")})`;
  }
  return String(node.class).toLowerCase();
}
