import { asset, automation, defineLocation, onMissing, schedule } from "@kc/runtime";
import { assembleLocation, type NewEvent } from "@kc/runtime/internal";
import { expect, test } from "vitest";
import { simulate } from "../src/testing.ts";

const make = () => {};
const clock = defineLocation({
  name: "clock",
  assets: [asset({ key: "tick", materialize: make })],
  schedules: [schedule({ name: "tick", cron: "*/10 * * * *", target: "tick", defaultStatus: "running" })],
});

/** `HH:MM asset` of what automation requests while these things happen. */
async function requested(condition: ReturnType<typeof onMissing>, happens: Record<string, Omit<NewEvent, "at">[]>) {
  const team = defineLocation({
    name: "team",
    assets: [
      asset({ key: "src", materialize: make }),
      asset({ key: "made", deps: ["src" as never], automation: condition, materialize: make }),
    ],
  });
  const { runs } = await simulate({
    locations: [clock, team].map((definition) => assembleLocation(definition).snapshot),
    from: "2026-01-01T00:05:00Z",
    to: "2026-01-01T06:00:00Z",
    async at(instant, { log }) {
      const events = instant.getUTCSeconds() === 0 ? happens[instant.toISOString().slice(11, 16)] : undefined;
      if (events) await log.append(events.map((event) => ({ ...event, at: instant.getTime() })));
    },
  });
  return runs
    .filter(({ tags }) => tags["kc/automation"])
    .map(({ createdAt, plan }) => `${new Date(createdAt).toISOString().slice(11, 16)} ${plan.assets.join(",")}`);
}
const materialized = (key: string) => ({ type: "materialization" as const, asset: key });

test("an asset that is wiped is missing again", async () => {
  const happens = {
    "01:00": [materialized("src"), materialized("made")],
    "02:00": [{ type: "wiped" as const, asset: "made" }],
  };
  expect(await requested(onMissing(), happens)).toEqual(["02:00 made"]);
});

test("one whose source is wiped waits for it, and is not asked for because of that", async () => {
  const happens = {
    "01:00": [materialized("src"), materialized("made")],
    "02:00": [
      { type: "wiped" as const, asset: "src" },
      { type: "wiped" as const, asset: "made" },
    ],
    "03:00": [materialized("src")],
  };
  expect(await requested(onMissing(), happens)).toEqual(["03:00 made"]);
});

test("a step that failed and then succeeded, or found nothing to do, has not failed any more: its next failure is new", async () => {
  const condition = automation.newlyTrue(automation.executionFailed());
  const step = (type: "step_failed" | "step_succeeded", runId: string) => ({ type, asset: "made", step: "made", runId });
  const happens = {
    "01:00": [step("step_failed", "r1")],
    "02:00": [{ type: "unchanged" as const, asset: "made", runId: "r2" }, step("step_succeeded", "r2")],
    "03:00": [step("step_failed", "r3")],
    "04:00": [step("step_failed", "r4")],
  };
  // The request of 01:00 has made it: the failure of 03:00 is new, that of 04:00 follows upon what the request of 03:00 made.
  expect(await requested(condition, happens)).toEqual(["01:00 made", "03:00 made", "04:00 made"]);
});
