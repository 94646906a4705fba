import { describe, expect, test } from "vitest";
import { latestTick, nextTick } from "./cron.ts";
import { dueTicks, handledUpTo, upcomingTicks } from "./decide/schedule.ts";

const ms = (text: string) => Date.parse(text);
const iso = (at: number | undefined) => (at === undefined ? undefined : new Date(at).toISOString().replace(":00.000Z", "Z"));
const ticks = (cron: string, zone: string, from: string, count: number) => {
  const found: (string | undefined)[] = [];
  for (let at = ms(from); found.length < count; ) {
    const next = nextTick(cron, zone, at)!;
    found.push(iso(next));
    at = next;
  }
  return found;
};

describe("ticks of a cron expression", () => {
  test.each([
    ["in the zone's winter time", "0 9 * * *", "Europe/Athens", "2026-01-01T12:00Z", ["2026-01-02T07:00Z"]],
    ["in the zone's summer time", "0 9 * * *", "Europe/Athens", "2026-07-01T12:00Z", ["2026-07-02T06:00Z"]],
    ["of leap days only", "0 0 29 2 *", "UTC", "2026-07-01T00:00Z", ["2028-02-29T00:00Z"]],
    // The hour that does not exist: at its end, once.
    [
      "daily in the spring gap, Los Angeles",
      "30 2 * * *",
      "America/Los_Angeles",
      "2026-03-07T00:00Z",
      ["2026-03-07T10:30Z", "2026-03-08T10:00Z", "2026-03-09T09:30Z"],
    ],
    [
      "daily in the spring gap, Athens",
      "30 3 * * *",
      "Europe/Athens",
      "2026-03-28T00:00Z",
      ["2026-03-28T01:30Z", "2026-03-29T01:00Z", "2026-03-30T00:30Z"],
    ],
    // The hour that comes twice: at the first one, once.
    [
      "daily in the autumn overlap, Los Angeles",
      "30 1 * * *",
      "America/Los_Angeles",
      "2026-10-31T00:00Z",
      ["2026-10-31T08:30Z", "2026-11-01T08:30Z", "2026-11-02T09:30Z"],
    ],
    [
      "daily in the autumn overlap, Athens",
      "30 3 * * *",
      "Europe/Athens",
      "2026-10-24T00:00Z",
      ["2026-10-24T00:30Z", "2026-10-25T00:30Z", "2026-10-26T01:30Z"],
    ],
    // Several times a day: each of them once on every day.
    [
      "twice a day over the spring gap, Los Angeles",
      "30 2,14 * * *",
      "America/Los_Angeles",
      "2026-03-07T22:31Z",
      ["2026-03-08T10:00Z", "2026-03-08T21:30Z", "2026-03-09T09:30Z"],
    ],
    [
      "twice a day in the autumn overlap, Los Angeles",
      "30 1,13 * * *",
      "America/Los_Angeles",
      "2026-11-01T00:00Z",
      ["2026-11-01T08:30Z", "2026-11-01T21:30Z", "2026-11-02T09:30Z"],
    ],
    [
      "all times of the spring gap come together at its end",
      "0,30 2,3 * * *",
      "America/Los_Angeles",
      "2026-03-08T00:00Z",
      ["2026-03-08T10:00Z", "2026-03-08T10:30Z", "2026-03-09T09:00Z"],
    ],
    [
      "at midnight where clocks skip it, Beirut",
      "0 0,12 * * *",
      "Asia/Beirut",
      "2026-03-28T11:00Z",
      ["2026-03-28T22:00Z", "2026-03-29T09:00Z", "2026-03-29T21:00Z"],
    ],
    [
      "where half an hour comes twice, Lord Howe",
      "45 1,13 * * *",
      "Australia/Lord_Howe",
      "2026-04-04T00:00Z",
      ["2026-04-04T02:45Z", "2026-04-04T14:45Z", "2026-04-05T03:15Z"],
    ],
    [
      "where a whole day was left out, Apia",
      "0 6 * * *",
      "Pacific/Apia",
      "2011-12-29T17:00Z",
      ["2011-12-30T10:00Z", "2011-12-30T16:00Z"],
    ],
    [
      "hourly stay hourly in the overlap",
      "30 * * * *",
      "America/Los_Angeles",
      "2026-11-01T07:00Z",
      ["2026-11-01T07:30Z", "2026-11-01T08:30Z", "2026-11-01T09:30Z", "2026-11-01T10:30Z"],
    ],
    [
      "hourly stay hourly over the gap",
      "30 * * * *",
      "America/Los_Angeles",
      "2026-03-08T08:00Z",
      ["2026-03-08T08:30Z", "2026-03-08T09:30Z", "2026-03-08T10:30Z"],
    ],
  ] as const)("%s", (_, cron, zone, from, found) => {
    expect(ticks(cron, zone, from, found.length)).toEqual(found);
  });
  test("the day has 25 hourly ticks in autumn and 23 in spring", () => {
    const count = (from: string, to: string) => {
      const next = (at: number) => nextTick("0 * * * *", "America/Los_Angeles", at)!;
      let found = 0;
      for (let at = next(ms(from) - 1); at < ms(to); at = next(at)) found++;
      return found;
    };
    expect(count("2026-11-01T07:00Z", "2026-11-02T08:00Z")).toBe(25);
    expect(count("2026-03-08T08:00Z", "2026-03-09T07:00Z")).toBe(23);
  });
  test("a tick is after the instant asked for, never at it", () => {
    expect(iso(nextTick("* * * * *", "UTC", ms("2026-01-01T00:00Z")))).toBe("2026-01-01T00:01Z");
    expect(iso(nextTick("* * * * *", "UTC", ms("2025-12-31T23:59:59.999Z")))).toBe("2026-01-01T00:00Z");
  });
  test("a date that never comes has no tick", () => {
    expect(nextTick("0 0 30 2 *", "UTC", 0)).toBeUndefined();
    expect(latestTick("0 0 30 2 *", "UTC", 0, ms("2026-01-01T00:00Z"))).toBeUndefined();
  });
  test.each(["America/Los_Angeles", "Europe/Athens", "UTC", "Australia/Lord_Howe"])(
    "looking back finds the very ticks that looking forward does, %s",
    (zone) => {
      for (const cron of ["30 1 * * *", "30 2 * * *", "30 3 * * *", "15 * * * *", "30 1,2,3,14 * * *", "0,45 1-3 * * 1-7"])
        for (const day of [
          "2026-03-07T18:00Z",
          "2026-03-28T12:00Z",
          "2026-04-04T06:00Z",
          "2026-10-03T06:00Z",
          "2026-10-24T12:00Z",
          "2026-10-31T18:00Z",
        ]) {
          let next = nextTick(cron, zone, ms(day) - 1)!;
          let last: number | undefined;
          for (let now = ms(day); now < ms(day) + 86_400_000; now += 23 * 60_000) {
            while (next <= now) {
              last = next;
              next = nextTick(cron, zone, next)!;
            }
            if (last !== undefined)
              expect(`${cron} ${iso(now)} ${iso(latestTick(cron, zone, 0, now))}`).toBe(`${cron} ${iso(now)} ${iso(last)}`);
          }
        }
    },
  );
});

test.each([
  ["* * * *", "UTC", '"* * * *" is no cron expression: it has 4 fields'],
  ["0 0 0 * * * *", "UTC", '"0 0 0 * * * *" is no cron expression: it has 7 fields'],
  ["daily", "UTC", '"daily" is no cron expression: it has 1 field'],
  ["61 * * * *", "UTC", '"61 * * * *" is no cron expression: '],
  ["0 9 * * *", "Europe/Athen", 'there is no time zone "Europe/Athen". Did you mean "Europe/Athens"'],
  ["0 9 * * *", "athens ", 'there is no time zone "athens "'],
  ["0 9 * * *", "tokyo", 'there is no time zone "tokyo". Did you mean "Asia/Tokyo"?'],
])("%s in %s is refused in words of kc", (cron, zone, message) => {
  expect(() => nextTick(cron, zone, 0)).toThrow(
    expect.objectContaining({
      message: expect.stringContaining(message),
      hint: expect.stringMatching(/^Five fields|^Write a name/),
    }),
  );
  expect(() => nextTick(cron, zone, 0)).not.toThrow(/CronPattern|seven/);
});

describe("dueTicks()", () => {
  const hourly = { cron: "0 * * * *", timezone: "UTC" };
  const due = (since: string, now: string) => {
    const found = dueTicks(hourly, ms(since), ms(now), "latest");
    return [iso(found.due[0]), iso(found.next)];
  };
  test.each([
    ["nothing yet", "2026-01-01T12:00:30Z", "2026-01-01T12:59:59.999Z", undefined, "2026-01-01T13:00Z"],
    ["at the very instant", "2026-01-01T12:00:30Z", "2026-01-01T13:00Z", "2026-01-01T13:00Z", "2026-01-01T14:00Z"],
    ["of three missed ticks only the latest", "2026-01-01T12:00Z", "2026-01-01T15:10Z", "2026-01-01T15:00Z", "2026-01-01T16:00Z"],
    ["a handled tick is not due again", "2026-01-01T13:00Z", "2026-01-01T13:00:00.500Z", undefined, "2026-01-01T14:00Z"],
    [
      "a clock that was turned back makes no tick twice",
      "2026-01-01T13:00Z",
      "2026-01-01T12:30Z",
      undefined,
      "2026-01-01T14:00Z",
    ],
  ])("%s", (_, since, now, tick, next) => {
    expect(due(since, now)).toEqual([tick, next]);
  });

  test.each([
    ["latest: one, however many were missed", "latest", "2026-01-01T15:10Z", ["2026-01-01T15:00Z"]],
    ["skip: none that is late", "skip", "2026-01-01T15:10Z", []],
    ["skip: one that is on time", "skip", "2026-01-01T15:00:01Z", ["2026-01-01T15:00Z"]],
    ["catchUp: the last so many, oldest first", { catchUp: 2 }, "2026-01-01T15:10Z", ["2026-01-01T14:00Z", "2026-01-01T15:00Z"]],
    ["catchUp: never more than there were", { catchUp: 9 }, "2026-01-01T14:10Z", ["2026-01-01T13:00Z", "2026-01-01T14:00Z"]],
  ] as const)("missed ticks, %s", (_, missed, now, expected) => {
    expect(dueTicks(hourly, ms("2026-01-01T12:00Z"), ms(now), missed).due.map((at) => iso(at))).toEqual(expected);
  });
});

describe("handledUpTo()", () => {
  const now = ms("2026-01-01T12:00Z");
  const hour = 3_600_000;
  test.each([
    ["never seen", undefined, undefined],
    ["turned on and never ticked", { since: now - 5, lastTickAt: null }, { at: now - 5, reset: false }],
    ["ticked after it was turned on", { since: now - 5, lastTickAt: now - 1 }, { at: now - 1, reset: false }],
    ["turned on again after its last tick", { since: now - 1, lastTickAt: now - 5 }, { at: now - 1, reset: false }],
    ["the clock was set back an hour", { since: null, lastTickAt: now + hour }, { at: now + hour, reset: false }],
    ["the clock was years ahead", { since: null, lastTickAt: now + 9_000 * hour }, { at: now, reset: true }],
  ])("%s", (_, state, expected) => {
    expect(handledUpTo(state, now)).toEqual(expected);
  });
});

test("upcomingTicks() ends where a cron does", () => {
  const leap = upcomingTicks({ cron: "0 0 29 2 *", timezone: "UTC" }, ms("2026-01-01T00:00Z"), 2);
  expect(leap.map((at) => iso(at))).toEqual(["2028-02-29T00:00Z", "2032-02-29T00:00Z"]);
  expect(upcomingTicks({ cron: "0 0 31 2 *", timezone: "UTC" }, 0, 3)).toEqual([]);
});
