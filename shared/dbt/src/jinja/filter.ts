import { fromJinja, type JinjaValue, pythonText, toJinja } from "./value.ts";

type Filter = (operand: JinjaValue, args: JinjaValue[], kwargs: Map<string, JinjaValue>) => JinjaValue | undefined;

const asNumber = (value: JinjaValue): number => {
  const number = Number(fromJinja(value));
  if (Number.isNaN(number)) throw new Error(`"${pythonText(value)}" is not a number`);
  return number;
};

/** Filters of dbt and Jinja that the library lacks, or has with other results than Python. */
const filters: Record<string, Filter> = {
  as_bool: (operand) =>
    toJinja(typeof operand.value === "string" ? operand.value.toLowerCase() === "true" : operand.__bool__().value),
  as_number: (operand) => toJinja(asNumber(operand)),
  as_native: (operand) => operand,
  as_text: (operand) => toJinja(pythonText(operand)),
  string: (operand) => toJinja(pythonText(operand)),
  count: (operand) => filters.length!(operand, [], new Map()),
  length: (operand) =>
    Array.isArray(operand.value)
      ? toJinja(operand.value.length)
      : typeof operand.value === "string"
        ? toJinja([...operand.value].length)
        : undefined,
  min: (operand) => (Array.isArray(operand.value) ? extreme(operand.value as JinjaValue[], -1) : undefined),
  max: (operand) => (Array.isArray(operand.value) ? extreme(operand.value as JinjaValue[], 1) : undefined),
  sum: (operand) =>
    Array.isArray(operand.value)
      ? toJinja((operand.value as JinjaValue[]).reduce((sum, item) => sum + asNumber(item), 0))
      : undefined,
  list: (operand) => (operand.value instanceof Map ? toJinja([...operand.value.keys()]) : undefined),
  round(operand, args, kwargs) {
    const method = fromJinja(args[1] ?? kwargs.get("method") ?? toJinja("common"));
    const digits = asNumber(args[0] ?? kwargs.get("precision") ?? toJinja(0));
    const scaled = asNumber(operand) * 10 ** digits;
    if (method !== "ceil" && method !== "floor" && method !== "common")
      throw new Error(`round method must be common, ceil or floor, not "${String(method)}"`);
    const rounded = method === "ceil" ? Math.ceil(scaled) : method === "floor" ? Math.floor(scaled) : bankers(scaled);
    return float(rounded / 10 ** digits);
  },
  join(operand, args) {
    if (!Array.isArray(operand.value)) return undefined;
    return toJinja((operand.value as JinjaValue[]).map((item) => pythonText(item)).join(args[0] ? pythonText(args[0]) : ""));
  },
  map(operand, args) {
    if (!Array.isArray(operand.value) || args.length !== 1 || typeof args[0]?.value !== "string") return undefined;
    const filter = args[0].value;
    return toJinja(
      (operand.value as JinjaValue[]).map((item) => applyExtraFilter(filter, item, [], new Map()) ?? textFilter(filter, item)),
    );
  },
};

/** The result of a filter that this table has, undefined when the library must answer. */
export function applyExtraFilter(
  name: string,
  operand: JinjaValue,
  args: JinjaValue[],
  kwargs: Map<string, JinjaValue>,
): JinjaValue | undefined {
  return Object.hasOwn(filters, name) ? filters[name]!(operand, args, kwargs) : undefined;
}

function textFilter(name: string, item: JinjaValue): JinjaValue {
  const text = pythonText(item);
  if (name === "upper") return toJinja(text.toUpperCase());
  if (name === "lower") return toJinja(text.toLowerCase());
  if (name === "trim") return toJinja(text.trim());
  throw new Error(`Unknown filter: ${name} in map()`);
}

function extreme(items: JinjaValue[], sign: number): JinjaValue {
  if (items.length === 0) throw new Error("min/max of an empty list");
  return items.reduce((best, item) =>
    (item.value as number) > (best.value as number) === sign > 0 && item.value !== best.value ? item : best,
  );
}

/** Python rounds halves to the even neighbour. */
function bankers(value: number): number {
  const floor = Math.floor(value);
  return value - floor === 0.5 ? (floor % 2 === 0 ? floor : floor + 1) : Math.round(value);
}

/** A Python float prints with its ".0", also when it is whole. */
function float(value: number): JinjaValue {
  const made = toJinja(0.5);
  made.value = value;
  return made;
}
