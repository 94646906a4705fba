import { describe, expect, test } from "vitest";
import { assetNamed, locationOf } from "../../test/build.ts";
import type { Backfill } from "../backfill.ts";
import { januaryBackfill } from "../backfill-contract.testsuite.ts";
import { buildGraph } from "../graph.ts";
import { dailyPartitions, hourlyPartitions, staticPartitions, weeklyPartitions } from "../partition/definition.ts";
import { unionSets } from "../partition/partition-set.ts";
import { partitionTexts } from "../partition/status.ts";
import { workspacePartitions } from "../partition/workspace-partitions.ts";
import type { AssetSnapshot } from "../snapshot.ts";
import { type BackfillScope, backfillGroups, backfillTargets, decideBackfill } from "./backfill.ts";

const daily = dailyPartitions({ start: "2026-01-01" });
const context = { now: Date.parse("2026-02-01T00:00:00Z"), dynamicKeys: () => [] };

/** A backfill over assets, with what it does when its requests end as told. */
function backfillOf(assets: AssetSnapshot[], scope: BackfillScope, more: Partial<Backfill> = {}) {
  const { graph } = buildGraph([locationOf("team", assets)]);
  const partitions = workspacePartitions(graph, context);
  const targets = backfillTargets(graph, partitions, graph.order, scope);
  const kept = (key: string, set: Parameters<typeof unionSets>[0]) => partitions.spaceOf(key).kept(set);
  let state = januaryBackfill("b", {
    targets: Object.fromEntries([...targets].map(([key, set]) => [key, kept(key, set)])),
    ...more,
  });
  const add = (field: "requested" | "done" | "failed" | "skipped", key: string, texts: string[]) => {
    const space = partitions.spaceOf(key);
    const before = space.definition ? space.read(state[field][key] ?? []) : new Map();
    const now = space.definition ? space.read(texts) : space.all();
    state = { ...state, [field]: { ...state[field], [key]: space.kept(unionSets(before, now)) } };
  };
  return {
    targets: () => state.targets,
    state: () => state,
    groups: () => backfillGroups({ backfill: state, graph, partitions }),
    next(limit = 1_000) {
      const decision = decideBackfill({ backfill: state, graph, partitions, limit });
      for (const [key, set] of decision.skipped) add("skipped", key, kept(key, set));
      return decision;
    },
    request(one: { assets: string[]; partition: string | null }, outcome: (asset: string) => "done" | "failed" = () => "done") {
      for (const asset of one.assets) {
        add("requested", asset, partitionTexts(one.partition));
        add(outcome(asset), asset, partitionTexts(one.partition));
      }
    },
  };
}
const days = { partitions: ["2026-01-01...2026-01-10"] };
const shape = (requests: { assets: string[]; partition: string | null }[]) =>
  requests.map((one) => `${one.assets.join("+")} ${one.partition}`);

describe("a backfill", () => {
  test.each([
    [undefined, "perPartition", 10],
    ["single", "single", 1],
    [{ chunks: 4 }, { chunks: 4 }, 3],
    [{ chunks: 20 }, { chunks: 20 }, 1],
  ] as const)("foretells its runs: the assets' own policy overruled by %j makes %j, %i runs", (overrule, policy, runs) => {
    const assets = [
      assetNamed("a", [], { partitions: daily }),
      assetNamed("b", ["a"], { partitions: daily, mappings: { a: { type: "identity" } } }),
      assetNamed("plain", ["b"]),
    ];
    const one = backfillOf(assets, days, { policy: overrule ?? null });
    const [first, ...rest] = one.groups();
    expect(first).toMatchObject({ policy, runs });
    expect(rest.every((group) => group.policy === null && group.runs === 1)).toBe(true);
    const { requests } = one.next();
    expect(requests.filter((request) => request.partition)).toHaveLength(runs);
  });
  test("makes one run for each partition, in their order", () => {
    const one = backfillOf([assetNamed("a", [], { partitions: daily })], days);
    expect(shape(one.next().requests)).toEqual(
      Array.from({ length: 10 }, (_, n) => `a 2026-01-${String(n + 1).padStart(2, "0")}`),
    );
  });
  test("single: one run over the range", () => {
    const one = backfillOf([assetNamed("a", [], { partitions: daily, backfill: "single" })], days);
    expect(shape(one.next().requests)).toEqual(["a 2026-01-01...2026-01-10"]);
  });
  test("a hundred partitions in chunks of eleven are ten runs, none empty, together all", () => {
    const keys = Array.from({ length: 100 }, (_, n) => `k${n}`);
    const one = backfillOf([assetNamed("a", [], { partitions: staticPartitions(keys), backfill: { chunks: 11 } })], "all");
    const { requests } = one.next();
    expect(requests.map((request) => partitionTexts(request.partition).length)).toEqual([11, 11, 11, 11, 11, 11, 11, 11, 11, 1]);
    expect(requests.flatMap((request) => partitionTexts(request.partition))).toEqual(keys);
  });
  test("a run over the range, or a chunk, waits until all it makes is ready", () => {
    const of = (backfill: AssetSnapshot["backfill"]) =>
      backfillOf(
        [
          assetNamed("a", [], { partitions: daily }),
          assetNamed("z", ["a"], {
            partitions: daily,
            mappings: { a: { type: "window", startOffset: 0, endOffset: 0 } },
            backfill: backfill!,
          }),
        ],
        { partitions: ["2026-01-01...2026-01-05"] },
      );
    for (const [policy, after3] of [
      ["single", []],
      [{ chunks: 2 }, ["z 2026-01-01...2026-01-02"]],
    ] as const) {
      const one = of(policy);
      const first = one.next().requests;
      for (const request of first.slice(0, 3)) one.request(request);
      expect(shape(one.next().requests).filter((text) => text.startsWith("z"))).toEqual(after3);
      for (const request of first.slice(3)) one.request(request);
      expect(
        shape(one.next().requests)
          .filter((text) => text.startsWith("z"))
          .join(),
      ).toMatch(policy === "single" ? "z 2026-01-01...2026-01-05" : /2026-01-05$/);
    }
  });
  test("its own policy overrules those of the assets", () => {
    const one = backfillOf([assetNamed("a", [], { partitions: daily })], days, { policy: { chunks: 5 } });
    expect(shape(one.next().requests)).toEqual(["a 2026-01-01...2026-01-05", "a 2026-01-06...2026-01-10"]);
  });
  test("asks for no more than it may", () => {
    const one = backfillOf([assetNamed("a", [], { partitions: daily })], days);
    expect(one.next(3).requests).toHaveLength(3);
  });
  test("assets of equal keys are made together, partition by partition", () => {
    const one = backfillOf([assetNamed("a", [], { partitions: daily }), assetNamed("b", ["a"], { partitions: daily })], {
      partitions: ["2026-01-01...2026-01-02"],
    });
    expect(shape(one.next().requests)).toEqual(["a+b 2026-01-01", "a+b 2026-01-02"]);
  });
  test("a week waits for its seven days, and starts when they are made", () => {
    const one = backfillOf(
      [
        assetNamed("a", [], { partitions: daily }),
        assetNamed("w", ["a"], { partitions: weeklyPartitions({ start: "2026-01-01" }) }),
      ],
      { partitions: ["2026-01-04...2026-01-17"] },
    );
    expect(one.targets().w).toEqual(["2026-01-04...2026-01-11"]);
    const first = one.next().requests;
    expect(first).toHaveLength(14);
    for (const request of first.slice(0, 6)) one.request(request);
    expect(shape(one.next().requests).some((text) => text.startsWith("w"))).toBe(false);
    one.request(first[6]!);
    expect(shape(one.next().requests)).toContain("w 2026-01-04");
  });
  test("hours that need the day wait for it; an asset without partitions comes last", () => {
    const one = backfillOf(
      [
        assetNamed("a", [], { partitions: daily }),
        assetNamed("h", ["a"], { partitions: hourlyPartitions({ start: "2026-01-01" }), backfill: "single" }),
        assetNamed("u", ["h"]),
      ],
      { partitions: ["2026-01-01"] },
    );
    expect(shape(one.next().requests)).toEqual(["a 2026-01-01"]);
    one.request(one.next().requests[0]!);
    expect(shape(one.next().requests)).toEqual(["h 2026-01-01-00:00...2026-01-01-23:00"]);
    one.request(one.next().requests[0]!);
    expect(shape(one.next().requests)).toEqual(["u null"]);
    one.request(one.next().requests[0]!);
    expect(one.next()).toEqual({ requests: [], skipped: new Map(), ended: true });
  });
  test("an asset that needs its own yesterday is made day by day", () => {
    const one = backfillOf(
      [assetNamed("a", ["a"], { partitions: daily, mappings: { a: { type: "window", startOffset: -1, endOffset: -1 } } })],
      { partitions: ["2026-01-05...2026-01-07"] },
    );
    expect(shape(one.next().requests)).toEqual(["a 2026-01-05"]);
    one.request(one.next().requests[0]!);
    expect(shape(one.next().requests)).toEqual(["a 2026-01-06"]);
  });
  test("what needs a failed partition is skipped, the rest goes on, and it ends", () => {
    const one = backfillOf(
      [
        assetNamed("a", [], { partitions: daily }),
        assetNamed("w", ["a"], { partitions: weeklyPartitions({ start: "2026-01-01" }) }),
      ],
      { partitions: ["2026-01-04...2026-01-17"] },
    );
    for (const request of one.next().requests)
      one.request(request, () => (request.partition === "2026-01-05" ? "failed" : "done"));
    const { requests } = one.next();
    expect(shape(requests)).toEqual(["w 2026-01-11"]);
    one.request(requests[0]!);
    expect(one.state().skipped).toEqual({ w: ["2026-01-04"] });
    expect(one.next().ended).toBe(true);
  });
  test("while its runs are open it has not ended", () => {
    const one = backfillOf([assetNamed("a", [], { partitions: daily })], days, {
      open: ["r"],
      requested: { a: ["2026-01-01...2026-01-10"] },
    });
    expect(one.next()).toMatchObject({ requests: [], ended: false });
  });
  test.each([
    [{ chunks: 3 }, ["2026-01-01...2026-01-03", "2026-01-04...2026-01-06", "2026-01-07"]],
    [{ chunks: 1 }, ["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04", "2026-01-05", "2026-01-06", "2026-01-07"]],
    ["single", ["2026-01-01...2026-01-07"]],
  ] as const)(
    "over the own past: %j are one run after the other, each with the windows that it needs of itself",
    (policy, runs) => {
      const past = { a: { type: "window" as const, startOffset: -1, endOffset: -1 } };
      const own = assetNamed("a", ["a"], { partitions: daily, mappings: past });
      const one = backfillOf([own], { partitions: ["2026-01-01...2026-01-07"] }, { policy });
      const made: string[] = [];
      for (let decision = one.next(); decision.requests.length > 0; decision = one.next()) {
        expect(decision.requests).toHaveLength(1);
        made.push(decision.requests[0]!.partition!);
        one.request(decision.requests[0]!);
      }
      expect(made).toEqual(runs);
      expect(one.next().ended).toBe(true);
    },
  );

  test("chunks over a past farther back than a chunk go side by side as far as it allows", () => {
    const past = { a: { type: "window" as const, startOffset: -4, endOffset: -4 } };
    const own = assetNamed("a", ["a"], { partitions: daily, mappings: past });
    const one = backfillOf([own], { partitions: ["2026-01-01...2026-01-08"] }, { policy: { chunks: 2 } });
    expect(shape(one.next().requests)).toEqual(["a 2026-01-01...2026-01-02", "a 2026-01-03...2026-01-04"]);
  });

  test("a way out of a group and back in does not make the group wait for itself", () => {
    // a -> w (weekly) -> c, and a -> c by equal keys: c cannot be requested together with a.
    const one = backfillOf(
      [
        assetNamed("a", [], { partitions: daily }),
        assetNamed("w", ["a"], { partitions: weeklyPartitions({ start: "2026-01-01" }) }),
        assetNamed("c", ["a", "w"], { partitions: daily }),
      ],
      { partitions: ["2026-01-04...2026-01-10"] },
    );
    for (let round = 0; round < 10; round++) {
      const { requests, ended } = one.next();
      if (ended) return;
      expect(requests.length).toBeGreaterThan(0);
      for (const request of requests) one.request(request);
    }
    expect.unreachable("the backfill waits for itself");
  });
  test("a hundred thousand partitions are planned without listing them", () => {
    const hourly = hourlyPartitions({ start: "2014-09-01" });
    const one = backfillOf([assetNamed("a", [], { partitions: hourly }), assetNamed("b", ["a"], { partitions: hourly })], "all");
    expect(one.next(10).requests).toHaveLength(10);
    expect(one.targets().a).toHaveLength(1);
  });
});

describe("the targets of a backfill", () => {
  test("of several most upstream assets must have the same partitions", () => {
    expect(() =>
      backfillOf(
        [assetNamed("a", [], { partitions: daily }), assetNamed("b", [], { partitions: staticPartitions(["x"]) })],
        days,
      ),
    ).toThrow('"a" and "b" have different partitions');
  });
  test("need an asset with partitions, and known keys", () => {
    expect(() => backfillOf([assetNamed("a")], days)).toThrow("needs an asset with partitions");
    expect(() => backfillOf([assetNamed("a", [], { partitions: daily })], { partitions: ["2027-01-01"] })).toThrow(
      "no partition",
    );
  });
});
