import { expect, test } from "vitest";
import { ownFrames } from "./own-frames.ts";

const kcs = [
  "    at runStep (file:///r/shared/runtime/src/execute/step.ts:66:13)",
  "    at AsyncLocalStorage.run (node:internal/async_local_storage/async_hooks:91:14)",
  "    at async withOutput (/r/shared/host/src/code-server/output.ts:78:12)",
];
const text = (...lines: string[]) => lines.join("\n");

test.each([
  [
    "the team's stay",
    text("Error: no", "    at Object.materialize (/r/locations/shop/src/orders.ts:7:9)", ...kcs),
    text("Error: no", "    at Object.materialize (/r/locations/shop/src/orders.ts:7:9)"),
  ],
  [
    "a connector's and a package's stay",
    text(
      "TypeError: x",
      "    at /r/shared/connectors/dbt/src/step.ts:3:1",
      "    at f (/r/node_modules/pg/lib/client.js:1:2)",
      ...kcs,
    ),
    text("TypeError: x", "    at /r/shared/connectors/dbt/src/step.ts:3:1", "    at f (/r/node_modules/pg/lib/client.js:1:2)"),
  ],
  [
    "those of a cause are looked at too",
    text("Error: no", "    at a (/l/a.ts:1:1)", ...kcs, "caused by Error: socket", "    at b (/l/b.ts:1:1)", ...kcs),
    text("Error: no", "    at a (/l/a.ts:1:1)", "caused by Error: socket", "    at b (/l/b.ts:1:1)"),
  ],
  [
    "a frame without a place is whose caller's it is",
    text(
      "Error: no",
      "    at async Promise.all (index 1)",
      "    at async materialize (/l/a.ts:1:1)",
      ...kcs,
      "    at async Promise.all (index 0)",
    ),
    text("Error: no", "    at async Promise.all (index 1)", "    at async materialize (/l/a.ts:1:1)"),
  ],
  ["a message of several lines stays", text("Error: line", "  at noon", "    at a (/l/a.ts:1:1)"), undefined],
  ["a defect of kc keeps its stack", text("TypeError: of kc", ...kcs), undefined],
  ["no frames at all", "Error: no", undefined],
])("frames of a step's error: %s", (_, stack, expected = stack) => {
  expect(ownFrames(stack)).toBe(expected);
});
