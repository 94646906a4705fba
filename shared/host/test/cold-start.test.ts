import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { instancePaths } from "../src/paths.ts";
import { type TestInstance, testInstance } from "../src/testing.ts";
import { definitions, makeWorkspace, until } from "./workspace.ts";

const source = definitions("source", 'asset({ key: "src", materialize() {} })');
const mart = definitions(
  "mart",
  'asset({ key: "mart", deps: ["src" as never], automation: anyDepsUpdated(), materialize() {} })',
  // Slower than the location upstream, so that what happens meanwhile could be looked at without it.
  "await new Promise((done) => setTimeout(done, 700));",
);

describe("a host that starts", () => {
  let workspace: ReturnType<typeof makeWorkspace>;
  let home: string;
  let instance: TestInstance | undefined;
  const start = async (daemon: boolean) => {
    instance = await testInstance({ root: workspace.root, home, daemon });
    return instance;
  };
  beforeEach(async () => {
    workspace = makeWorkspace({ source, mart });
    home = mkdtempSync(join(tmpdir(), "kc-home-"));
    const first = await start(true);
    await until(async () => (await first.api.evaluations("mart")).evaluations.length > 0);
    await first.stop();
  });
  afterEach(async () => {
    await instance?.stop();
    workspace.remove();
    rmSync(home, { recursive: true, force: true });
  });
  const madeOf = async (one: TestInstance) => (await one.api.runs({ asset: "mart" })).map(({ status }) => status);

  test("asks for what an update while nobody decided makes due, though its location loads last", async () => {
    const between = await start(false);
    await between.materialize("src");
    await between.stop();
    const next = await start(true);
    await until(async () => (await madeOf(next))[0] === "succeeded");
  });

  test("clears away the sockets of one that was killed, and its own when it ends", async () => {
    const { sockets } = instancePaths(workspace.root, home);
    const killed = await start(false);
    process.kill((await killed.api.health()).pid, "SIGKILL");
    await until(async () => !(await killed.api.health().catch(() => undefined)));
    const left = readdirSync(sockets);
    expect(left.length).toBeGreaterThan(0);
    const next = await start(false);
    expect(readdirSync(sockets).filter((name) => left.includes(name))).toEqual([]);
    await next.stop();
    expect(existsSync(sockets)).toBe(false);
  });

  test("knows a location that does not load from before; what becomes due in it is asked for once it loads", async () => {
    const file = join(workspace.root, "locations/mart/src/definitions.ts");
    writeFileSync(file, 'throw new Error("half an edit");');
    const next = await start(true);
    expect((await next.api.workspace()).locations.find(({ name }) => name === "mart")).toMatchObject({
      status: "error",
      assets: 1,
    });
    expect((await next.api.assets()).map(({ key }) => key).sort()).toEqual(["mart", "src"]);
    await expect(next.materialize("mart")).rejects.toThrow("location mart does not load: half an edit");
    await next.materialize("src");
    expect(await madeOf(next)).toEqual([]);
    writeFileSync(file, mart);
    await next.api.reload("mart");
    await until(async () => (await madeOf(next))[0] === "succeeded");
  });
});
