import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asset, defineLocation, job, schedule, sensor } from "@kc/runtime";
import { assembleLocation } from "@kc/runtime/internal";
import { afterAll, describe, expect, test } from "vitest";
import { definitionsOf, inspectReferences } from "../src/instance-references.ts";
import type { LocationEntry } from "../src/locations/workspace-file.ts";

const root = mkdtempSync(join(tmpdir(), "kc-references-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const shop = assembleLocation(
  defineLocation({
    name: "shop",
    assets: [
      asset({ key: "orders", group: "sales", owners: ["team:finance"], pool: "warehouse", materialize() {} }),
      asset({ key: "customers", group: "people", owners: ["ann@example.com"], materialize() {} }),
    ],
    jobs: [job({ name: "nightly", selection: "orders" })],
    schedules: [schedule({ name: "hourly", cron: "0 * * * *", target: "orders" })],
    sensors: [sensor({ name: "files", target: "orders", run: () => undefined })],
  }),
).snapshot;
const entry = (name: string): LocationEntry => ({
  name,
  folder: join(root, name),
  entry: "",
  loader: "node",
  connections: [],
  watch: [],
  where: "",
});
const workspace = (...names: string[]) => definitionsOf([shop], { locations: names.map(entry), problems: [] });

const found = (text: string, definitions = workspace("shop")) => {
  const file = join(root, "kc.yaml");
  writeFileSync(file, text);
  return inspectReferences(file, { HOOK: "https://hooks.example.com/x" }, definitions).map(
    ({ severity, where, message }) => `${severity} ${where.slice(root.length + 1)} ${message}`,
  );
};
/** A kc.yaml whose one rule stands in line 5. */
const rule = (text: string, more = "") =>
  `alerts:\n  channels:\n    ops: { type: slack, url: env:HOOK }\n  rules:\n    - { name: r, channels: [ops], ${text} }\n${more}`;

describe("an alert rule", () => {
  test.each([
    [
      "a location that is none",
      "on: [run_failed], locations: [shp]",
      'locations.0: there is no location "shp". Did you mean "shop"?',
    ],
    ["a key that is none", "on: [asset_failed], select: order", 'select: there is no asset "order". Did you mean "orders"?'],
    [
      "a group that is none",
      'on: [asset_failed], select: "group:sale"',
      'select: the selection names no asset: no asset has the group "sale". Did you mean "sales"?',
    ],
    [
      "assets that are none together",
      'on: [asset_failed], select: "orders and customers"',
      "select: the selection names no asset",
    ],
    ["an event about no asset, by a selection", "on: [tick_failed], select: orders", "on.0: tick_failed is about no asset"],
    ["an event about no location", "on: [daemon_unhealthy], locations: [shop]", "on.0: daemon_unhealthy is about no location"],
  ])("that names %s is an error at its line", (_, text, message) => {
    expect(found(rule(text))).toEqual([expect.stringContaining(`error kc.yaml:5 alerts.rules.0.${message}`)]);
  });

  test("whose assets are all elsewhere than its locations is an error", () => {
    const both = definitionsOf([shop, assembleLocation(defineLocation({ name: "other", assets: [] })).snapshot], {
      locations: [entry("shop"), entry("other")],
      problems: [],
    });
    expect(found(rule("on: [asset_failed], select: orders, locations: [other]"), both)).toEqual([
      "error kc.yaml:5 alerts.rules.0.select: none of its assets is in other",
    ]);
  });

  test("that tells less than it seems to is a warning", () => {
    expect(found(rule('on: [asset_failed, tick_failed], select: "orders or group:peopel"'))).toEqual([
      expect.stringContaining("warning kc.yaml:5 alerts.rules.0.on.1: tick_failed is about no asset"),
      'warning kc.yaml:5 alerts.rules.0.select: no asset has the group "peopel". Did you mean "people"?',
    ]);
    expect(found(rule("on: [asset_failed], owners: true", "  teams:\n    finanze: { email: f@example.com }\n"))).toEqual([
      'warning kc.yaml:5 alerts.rules.0.owners: team:finance owns assets of this rule, and alerts.teams does not say who that is. Did you mean "finanze"?',
      'warning kc.yaml:7 alerts.teams.finanze: no asset has the owner "team:finanze". Did you mean "finance"?',
    ]);
  });

  test("that is right is nothing, nor is what may stand in a location that is not loaded", () => {
    expect(found(rule('on: [asset_failed], select: "group:sales", locations: [shop]'))).toEqual([]);
    expect(found(rule('on: [asset_failed], select: "group:later"', "pools: { later: 1 }\n"), workspace("shop", "later"))).toEqual(
      [],
    );
  });
});

test("a channel that no rule uses, a pool that no step uses, limits of what is not there", () => {
  const text = [
    "runs:",
    "  tag_limits:",
    "    - { key: kc/location, value: shp, limit: 1 }",
    "    - { key: kc/job, value: nightli, limit: 1 }",
    "    - { key: kc/schedule, value: hourl, limit: 1 }",
    "    - { key: kc/sensor, value: file, limit: 1 }",
    "    - { key: team, value: any, limit: 1 }",
    "    - { key: kc/job, value: nightly, limit: 1 }",
    "pools:",
    "  warehuse:",
    "    slots: 3",
    "  warehouse: 4",
    "alerts:",
    "  channels:",
    "    ops: { type: slack, url: env:HOOK }",
  ];
  expect(found(text.join("\n"))).toEqual([
    "warning kc.yaml:15 alerts.channels.ops: no rule tells anything on this channel",
    'error kc.yaml:3 runs.tag_limits.0.value: there is no location "shp". Did you mean "shop"?',
    'error kc.yaml:4 runs.tag_limits.1.value: there is no job "nightli". Did you mean "nightly"?',
    'error kc.yaml:5 runs.tag_limits.2.value: there is no schedule "hourl". Did you mean "hourly"?',
    'error kc.yaml:6 runs.tag_limits.3.value: there is no sensor "file". Did you mean "files"?',
    'warning kc.yaml:10 pools.warehuse: no step uses a pool of this name. Did you mean "warehouse"?',
  ]);
});

test("a kc.yaml that does not parse, and one that is not there, name nothing", () => {
  expect(found("runs: [\n")).toEqual([]);
  expect(inspectReferences(join(root, "none.yaml"), {}, workspace("shop"))).toEqual([]);
});
