import { join } from "node:path";
import { credentials } from "@grpc/grpc-js";
import { afterEach, describe, expect, test } from "vitest";
import { type HealthCheckResponse, HealthClient } from "../src/gen/health.ts";
import { type CodeProcess, startCodeProcess } from "../src/locations/code-process.ts";
import { readLocationPackage } from "../src/locations/workspace-file.ts";
import { instancePaths } from "../src/paths.ts";
import { definitions, makeWorkspace, until } from "./workspace.ts";

const open: { stop(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.stop();
});

function start(code: string, worker = false): { process: CodeProcess; socket(): string } {
  const workspace = makeWorkspace({ team: code });
  const paths = instancePaths(workspace.root);
  const process = startCodeProcess({
    entry: readLocationPackage(join(workspace.root, "locations/team"), "workspace.yaml"),
    paths,
    env: { PATH: globalThis.process.env.PATH },
    secrets: [],
    loadTimeoutMs: 20_000,
    worker,
    log: () => {},
  });
  open.push({ stop: () => process.stop().finally(workspace.remove) });
  return { process, socket: () => join(paths.sockets, `team-${globalThis.process.pid}-${process.id}.sock`) };
}
const health = (socket: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const client = new HealthClient(`unix:${socket}`, credentials.createInsecure());
    open.unshift({ stop: () => client.close() });
    client.check({ service: "" }, (error: Error | null, answer: HealthCheckResponse) =>
      error ? reject(error) : resolve(answer.status),
    );
  });
const asked = (process: CodeProcess) =>
  new Promise((resolve, reject) => {
    process.client.getDefinitions({}, (error, answer) => (error ? reject(error) : resolve(answer.result)));
  });
const [serving, notServing] = [1, 2];

describe("a code server", () => {
  test("hands over its definitions before anybody connects, and answers the same on its socket", async () => {
    const { process, socket } = start(definitions("team", `asset({ key: "a", materialize: () => {} })`));
    const handed = await process.definitions();
    expect(handed).toMatchObject({ snapshot: { name: "team", assets: [{ key: "a" }] } });
    expect(await asked(process)).toEqual({
      $case: "snapshotJson",
      value: JSON.stringify((handed as { snapshot: unknown }).snapshot),
    });
    expect(await health(socket())).toBe(serving);
  });

  test("several connections that come at once, the first ones, are all served", async () => {
    const { process, socket } = start(definitions("team", `asset({ key: "a", materialize: () => {} })`));
    await process.definitions();
    expect(await Promise.all([health(socket()), health(socket()), health(socket())])).toEqual([serving, serving, serving]);
  });

  test("one whose definitions do not load says so both ways", async () => {
    const { process, socket } = start("throw new Error('no defs today')");
    expect(await process.definitions()).toMatchObject({
      error: { message: "no defs today", where: expect.stringMatching(/definitions\.ts:1/) },
    });
    expect(await asked(process)).toMatchObject({ $case: "error", value: { message: "no defs today" } });
    expect(await health(socket())).toBe(notServing);
  });

  test("that is a run worker says only whether they load; asked on its socket it tells them", async () => {
    const { process, socket } = start(definitions("team", `asset({ key: "a", materialize: () => {} })`), true);
    expect(await process.loaded()).toBeUndefined();
    await expect(process.definitions()).rejects.toThrow("does not tell");
    expect(await asked(process)).toMatchObject({ $case: "snapshotJson" });
    expect(await health(socket())).toBe(serving);
    const { process: broken } = start("throw new Error('no defs today')", true);
    expect(await broken.loaded()).toMatchObject({ message: "no defs today" });
  });

  test("definitions larger than a pipe holds arrive whole", async () => {
    const { process } = start(
      definitions(
        "team",
        `...Array.from({ length: 2_000 }, (_, i) => asset({ key: "a" + i, description: "ü".repeat(500), materialize: () => {} }))`,
      ),
    );
    const handed = (await process.definitions()) as { snapshot: { assets: { description: string }[] } };
    expect(handed.snapshot.assets.map(({ description }) => description)).toEqual(Array(2_000).fill("ü".repeat(500)));
  });

  test("loads what serves it only when somebody connects", async () => {
    const tells = `setInterval(() => console.log("http2 " + process.moduleLoadList.includes("NativeModule http2")), 20);`;
    const { process, socket } = start(definitions("team", `asset({ key: "a", materialize: () => {} })`, tells));
    await process.definitions();
    await until(() => process.lines.length > 3);
    expect(new Set(process.lines)).toEqual(new Set(["http2 false"]));
    await health(socket());
    await until(() => process.lines.at(-1) === "http2 true");
  });
});
