import { asset, dailyPartitions, defineLocation, dynamicPartitions, multiAssetSensor, schedule, sensor } from "@kc/runtime";
import { describe, expect, test } from "vitest";
import { made, make, on, play } from "../../test/play.ts";

const clock = schedule({ name: "clock", cron: "*/10 * * * *", target: "tick", defaultStatus: on });

test("a sensor adds a partition and reports it as made in one answer", async () => {
  const { ticks, events } = await play([
    defineLocation({
      name: "team",
      assets: [made("tick"), asset({ key: "file", partitions: dynamicPartitions("files"), materialize: make })],
      schedules: [clock],
      sensors: [
        sensor({
          name: "lands",
          interval: "1h",
          defaultStatus: on,
          run: ({ cursor }) =>
            cursor
              ? { skip: "nothing new" }
              : {
                  cursor: "a",
                  partitions: [{ definition: "files", add: ["a"] }],
                  events: [{ type: "materialization", asset: "file", partition: "a" }],
                },
        }),
      ],
    }),
  ]);
  const first = ticks.find(({ name }) => name === "lands")!;
  expect([first.status, first.error]).toEqual(["success", null]);
  expect(events.filter((event) => event.asset === "file").map(({ type, partition }) => [type, partition])).toEqual([
    ["materialization", "a"],
  ]);
});

describe("a sensor of several assets", () => {
  const seen: string[][] = [];
  const team = defineLocation({
    name: "team",
    assets: [
      made("tick"),
      made("plain"),
      asset({ key: "days", partitions: dailyPartitions({ start: "2025-12-01" }), materialize: make }),
    ],
    schedules: [clock],
    sensors: [
      multiAssetSensor({
        name: "all",
        assets: ["plain", "days"],
        target: "tick",
        require: "all",
        defaultStatus: on,
        run: ({ events }) => {
          seen.push(events.map(({ asset, partition }) => (partition ? `${asset} ${partition}` : asset!)));
          return { runs: [{}] };
        },
      }),
    ],
  });
  test("is told of each new partition, and of the latest materialization of what has none", async () => {
    const happens: Record<string, [string, string?][]> = {
      "01:00": [["days", "2025-12-30"], ["days", "2025-12-31"], ["plain"], ["days", "2025-12-30"], ["plain"]],
      "02:00": [["days", "2025-12-29"]],
      "03:00": [["plain"]],
    };
    await play([team], {
      async at(instant, { log }) {
        const now = instant.getUTCSeconds() === 0 ? (happens[instant.toISOString().slice(11, 16)] ?? []) : [];
        await log.append(
          now.map(([key, partition]) => ({
            ...{ type: "materialization", at: instant.getTime(), asset: key },
            ...(partition ? { partition } : {}),
          })),
        );
      },
    });
    expect(seen).toEqual([
      ["days 2025-12-31", "days 2025-12-30", "plain"],
      ["days 2025-12-29", "plain"],
    ]);
  });
});
