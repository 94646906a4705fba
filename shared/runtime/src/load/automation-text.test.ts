import { expect, test } from "vitest";
import { anyDepsUpdated, eager, onCron, onMissing } from "../automation.ts";
import { fillTemplate } from "./template.ts";

const fill = (text: string) =>
  fillTemplate(text, { project_root: "/p", workspace_root: "/w", env: {}, vars: {} }, "src/defs/x/defs.yaml:4:3").value;

test.each([
  ["{{ automation.eager() }}", eager()],
  ["{{ dg.AutomationCondition.eager() }}", eager()],
  ["{{ AutomationCondition.on_missing() }}", onMissing()],
  ["{{ dg.AutomationCondition.any_deps_updated() }}", anyDepsUpdated()],
  ["{{ automation.onCron('0 6 * * *') }}", onCron("0 6 * * *")],
  ['{{ dg.AutomationCondition.on_cron("0 6 * * *", "Europe/Athens") }}', onCron("0 6 * * *", "Europe/Athens")],
])("%s in a defs.yaml is the condition", (text, condition) => {
  expect(fill(text)).toEqual(condition);
});

test.each([
  ["{{ automation.eagr() }}", /no condition "eagr".*eager/],
  ["{{ automation.eager('x') }}", /eager\(\) takes nothing/],
  ["{{ automation.onCron() }}", /takes a cron expression/],
  ["{{ automation.onCron('never') }}", /"never" is no cron expression/],
  ["{{ automation.toString() }}", /no condition "toString"/],
  ["{{ dg.AutomationCondition.eager() & ~dg.AutomationCondition.missing() }}", /more than the call of one condition/],
])("%s is refused with its place", (text, message) => {
  expect(() => fill(text)).toThrow(
    expect.objectContaining({ message: expect.stringMatching(message), where: "src/defs/x/defs.yaml:4:3" }),
  );
});
