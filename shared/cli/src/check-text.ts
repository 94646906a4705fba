import type { CheckState } from "@kc/host/client";

/** Keys and ranges that a line names. */
const most = 4;

/** How a check stands, in a line: of a partitioned asset for which partitions it fails. */
export function checkText({ result, partitions }: Pick<CheckState, "result" | "partitions">): string {
  if (!result) return "never ran";
  const said = result.passed ? "passed" : `failed (${result.severity})`;
  if (!partitions) return said;
  const { passed, failed, warned, failing, whole } = partitions;
  const count = failed + warned;
  if (count === 0) return whole ? (passed > 0 ? `passed for ${plural(passed)}` : said) : `${said} for the whole`;
  const some = `${failing.slice(0, most).join(", ")}${failing.length > most ? ", …" : ""}`;
  return `failed (${failed > 0 ? "ERROR" : result.severity}) for ${whole ? "" : "the whole and "}${plural(count)}: ${some}`;
}

const plural = (count: number): string => `${count} partition${count === 1 ? "" : "s"}`;
