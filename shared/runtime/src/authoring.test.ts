import { describe, expect, expectTypeOf, test } from "vitest";
import { z } from "zod";
import {
  anyDepsUpdated,
  asset,
  assetCheck,
  component,
  defineLocation,
  env,
  md,
  multiAsset,
  resource,
  type SensorEvent,
  schedule,
  sensor,
  type UpstreamMaterialization,
  valueResource,
} from "./index.ts";

// What the compiler says to authors. `tsc` judges these; running them shows that the definitions stand as well.

interface Client {
  query(text: string): Promise<number>;
}
const client = resource({
  schema: z.object({ host: z.string(), port: z.number().default(5432) }),
  config: { host: env("DB_HOST"), port: 1 },
  setup(config): Client {
    expectTypeOf(config).toEqualTypeOf<{ host: string; port: number }>();
    return { query: async () => config.port };
  },
  teardown(value) {
    expectTypeOf(value).toEqualTypeOf<Client>();
  },
});

describe("types of the authoring API", () => {
  test("resources come as what their set-up makes, under their names", () => {
    asset({
      key: "a",
      resources: { client, folder: valueResource("/x") },
      async materialize({ resources, upstream, signal, partition, env }) {
        expectTypeOf(resources).toEqualTypeOf<{ client: Client; folder: string }>();
        expectTypeOf(upstream).toEqualTypeOf<UpstreamMaterialization[]>();
        expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
        expectTypeOf(partition).toEqualTypeOf<string | undefined>();
        expectTypeOf(env.X).toEqualTypeOf<string | undefined>();
        // @ts-expect-error no such resource
        resources.other;
      },
    });
  });
  test("an asset without resources has none", () => {
    asset({
      key: "a",
      materialize({ resources }) {
        // @ts-expect-error none are declared
        resources.client;
      },
    });
  });
  test("config comes as its schema's output", () => {
    asset({
      key: "a",
      config: z.object({ day: z.string(), limit: z.number().default(3) }),
      materialize({ config }) {
        expectTypeOf(config).toEqualTypeOf<{ day: string; limit: number }>();
      },
    });
  });
  test("what materialize gives back is metadata, not anything", () => {
    asset({ key: "a", materialize: () => ({ metadata: { rows: 1, path: md.path("/x"), none: null }, unchanged: false }) });
    // @ts-expect-error a list needs md.json
    asset({ key: "a", materialize: () => ({ metadata: { rows: [1] } }) });
    // @ts-expect-error not a word of the result
    asset({ key: "a", materialize: () => ({ meta: {} }) });
  });
  test("dependencies are keys or definitions", () => {
    const upstream = asset({ key: "up", materialize: () => {} });
    const down = asset({ key: "down", deps: [upstream, "other"], materialize: () => {} });
    expect(down.specs[0]!.deps).toEqual([upstream, "other"]);
    // @ts-expect-error a number is no key
    expect(() => asset({ key: "a", deps: [5], materialize: () => {} })).toThrow();
  });
  test("durations carry their unit", () => {
    asset({
      key: "a",
      freshness: { maxAge: { warn: "10m", fail: "1h30m" } },
      retry: { max: 1, delay: "5s" },
      materialize: () => {},
    });
    // @ts-expect-error no unit
    expect(() => asset({ key: "a", freshness: { maxAge: { fail: "10" } }, materialize: () => {} })).toThrow();
    // @ts-expect-error a bare number
    expect(() => asset({ key: "a", retry: { max: 1, delay: 5 }, materialize: () => {} })).toThrow();
    // @ts-expect-error no such backoff
    expect(() => asset({ key: "a", retry: { max: 1, backoff: "random" }, materialize: () => {} })).toThrow();
  });
  test("a resource's config fits its schema, each value literal or from the environment", () => {
    // @ts-expect-error host is missing
    resource({ schema: z.object({ host: z.string() }), config: {}, setup: () => 1 });
    // @ts-expect-error a port is a number
    resource({ schema: z.object({ port: z.number() }), config: { port: "x" }, setup: () => 1 });
    resource({ schema: z.object({ port: z.coerce.number<string>() }), config: { port: env("PORT", "1") }, setup: () => 1 });
  });
  test("a multi-asset reports by key and sees which were selected", () => {
    multiAsset({
      name: "m",
      assets: [{ key: "x", deps: ["up"] }],
      resources: { client },
      materialize({ selected, materialized, checked, upstreamOf, resources }) {
        expectTypeOf(selected).toEqualTypeOf<string[]>();
        expectTypeOf(resources.client).toEqualTypeOf<Client>();
        expectTypeOf(upstreamOf("x")).toEqualTypeOf<UpstreamMaterialization[]>();
        materialized("x", { metadata: { rows: 1 } });
        // @ts-expect-error a check says whether it passed
        checked({ asset: "x", name: "rows" });
      },
    });
  });
  test("checks, schedules and sensors see their resources", () => {
    assetCheck({
      asset: "a",
      name: "rows",
      resources: { client },
      run: async ({ resources }) => ({ passed: (await resources.client.query("x")) > 0, severity: "WARN" }),
    });
    // @ts-expect-error a result says whether it passed
    assetCheck({ asset: "a", name: "rows", run: () => ({}) });
    schedule({
      name: "s",
      cron: "* * * * *",
      target: "*",
      resources: { client },
      run({ now, resources }) {
        expectTypeOf(now).toEqualTypeOf<Date>();
        expectTypeOf(resources.client).toEqualTypeOf<Client>();
        return { runs: [{ runKey: "x", selection: "a" }] };
      },
    });
    sensor({
      name: "p",
      interval: "5s",
      run({ cursor, events }) {
        expectTypeOf(cursor).toEqualTypeOf<string | undefined>();
        expectTypeOf(events).toEqualTypeOf<SensorEvent[]>();
        return { cursor: "1", events: [{ type: "materialization", asset: "a" }] };
      },
    });
  });
  test("a component's attributes come as its schema's output", () => {
    component({
      type: "vendor.Thing",
      description: "",
      attributes: z.object({ host: z.string().default("db") }),
      build(attributes, { location, at }) {
        expectTypeOf(attributes).toEqualTypeOf<{ host: string }>();
        expectTypeOf(location.projectRoot).toEqualTypeOf<string>();
        expectTypeOf(at("x", 0)).toEqualTypeOf<string>();
        return { assets: [] };
      },
    });
  });
  test("a location holds definitions of each kind in its place", () => {
    const one = asset({ key: "a", automation: anyDepsUpdated(), materialize: () => {} });
    expect(defineLocation({ name: "team", assets: [one] }).assets).toEqual([one]);
    // @ts-expect-error an asset is no schedule
    defineLocation({ name: "team", schedules: [one] });
  });
  test("a definition knows where it was written", () => {
    expect(asset({ key: "a", materialize: () => {} }).where).toMatch(/authoring\.test\.ts:\d+$/);
  });
});
