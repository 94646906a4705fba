import type { RunEvent } from "@kc/host/client";
import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { describe, expect, test } from "vitest";
import { append, refresher, staleAfter } from "./live.ts";
import { stepSpans } from "./parts/step-timeline.tsx";
import { span } from "./parts/time.tsx";

describe("live updates", () => {
  test("a log line makes no query stale", () => {
    expect(staleAfter({ type: "log" })).toEqual([]);
  });
  test("a run's change makes runs, assets, automation and alerts stale", () => {
    expect(staleAfter({ type: "run_succeeded" })).toEqual(["runs", "assets", "instigators", "alerts"]);
  });
});

describe("a run's log", () => {
  const event = (id: number) => ({ id, type: "log", at: "2026-01-01T00:00:00.000Z", runId: "r" }) as RunEvent;
  test("keeps an event that came while the log was being fetched, though that answer is older", async () => {
    const client = new QueryClient();
    const answers: ((events: RunEvent[]) => void)[] = [];
    const queryFn = () => new Promise<RunEvent[]>((resolve) => answers.push(resolve));
    const stop = new QueryObserver(client, { queryKey: ["events", "r"], queryFn, staleTime: Number.POSITIVE_INFINITY }).subscribe(
      () => {},
    );
    const live = refresher(client, 1);
    const log = () => client.getQueryData<RunEvent[]>(["events", "r"])?.map((one) => one.id);
    expect(append(client, "r", event(2))).toBe(false);
    live.mark(["events", "r"]);
    answers[0]!([event(1)]);
    await expect.poll(() => answers.length).toBe(2);
    answers[1]!([event(1), event(2)]);
    await expect.poll(log).toEqual([1, 2]);
    expect(append(client, "r", event(3))).toBe(true);
    expect(append(client, "r", event(3))).toBe(true);
    expect(log()).toEqual([1, 2, 3]);
    live.stop();
    stop();
    client.clear();
  });
});

describe("stepSpans()", () => {
  const event = (type: string, second: number, step = "a") => ({
    id: second,
    type,
    at: `2026-01-01T00:00:0${second}.000Z`,
    step,
  });
  test("a step spans from its first try to its end and counts its tries", () => {
    const [a, b] = stepSpans(
      [{ key: "a" }, { key: "b" }],
      [event("step_started", 1), event("step_retry", 2), event("step_started", 3), event("step_succeeded", 4)],
    );
    expect(a).toMatchObject({
      status: "succeeded",
      attempts: 2,
      from: Date.parse("2026-01-01T00:00:01Z"),
      to: Date.parse("2026-01-01T00:00:04Z"),
    });
    expect(b).toMatchObject({ status: "queued", from: undefined });
  });
});

test("a span of time reads as a person says it", () => {
  expect([0, 999, 1_400, 65_000, 600_000].map(span)).toEqual(["0 ms", "999 ms", "1.4 s", "65 s", "10 min"]);
});
