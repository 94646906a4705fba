import type { ColumnType } from "./column-type.ts";

/**
 * Finds the narrowest type that holds every value of a sample exactly. Text that only looks like a number stays text: leading zeros
 * ("007"), a plus sign, thousands separators. Dates and times count only in ISO 8601, where no guess about day and month is needed.
 */
export class TypeGuess {
  #kinds: Set<Kind> | undefined;

  add(value: string): void {
    if (value === "") return;
    if (!this.#kinds) {
      this.#kinds = new Set(order.filter((kind) => tests[kind](value)));
      return;
    }
    for (const kind of this.#kinds) if (!tests[kind](value)) this.#kinds.delete(kind);
  }

  /** Text when nothing but empty values was seen. */
  get type(): ColumnType {
    for (const kind of order) if (this.#kinds?.has(kind)) return { kind };
    return { kind: "text" };
  }
}

type Kind = "boolean" | "bigint" | "decimal" | "double" | "date" | "timestamptz" | "timestamp" | "uuid";
const order: Kind[] = ["boolean", "bigint", "decimal", "double", "date", "timestamptz", "timestamp", "uuid"];

const integer = /^-?(0|[1-9]\d*)$/;
const decimal = /^-?(0|[1-9]\d*)(\.\d+)?$/;
const double = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
const day = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/;
const instant =
  /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?(Z|[+-]\d{2}(:?\d{2})?)?$/;
const zone = /(Z|[+-]\d{2}(:?\d{2})?)$/;
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const bigintMax = 9_223_372_036_854_775_807n;

const tests: Record<Kind, (value: string) => boolean> = {
  boolean: (value) => /^(true|false)$/i.test(value),
  bigint: (value) =>
    integer.test(value) && (value.length < 19 || (BigInt(value) <= bigintMax && BigInt(value) >= -bigintMax - 1n)),
  decimal: (value) => decimal.test(value),
  double: (value) => double.test(value) && Number.isFinite(Number(value)),
  date: (value) => day.test(value) && realDay(value),
  timestamptz: (value) => instant.test(value) && zone.test(value.slice(10)) && realDay(value),
  timestamp: (value) => instant.test(value) && !zone.test(value.slice(10)) && realDay(value),
  uuid: (value) => uuid.test(value),
};

/** Whether the day is in the calendar: 30 February has the right form only. */
function realDay(value: string): boolean {
  const text = value.slice(0, 10);
  // Every month has 28 days, and samples have many dates.
  if (text.slice(8) <= "28") return true;
  const parsed = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().slice(0, 10) === text;
}
