import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { joinHost } from "../src/join.ts";
import { alive, definitions, makeWorkspace } from "./workspace.ts";

const workspace = makeWorkspace({ team: definitions("team", "") });
const home = mkdtempSync(join(tmpdir(), "kc-leave-"));
afterAll(() => {
  workspace.remove();
  // A code server that was told to end may still write its compile cache.
  rmSync(home, { recursive: true, force: true, maxRetries: 10 });
});

const start = () => joinHost({ root: workspace.root, home, port: 0, watch: false, writeKeys: false, lingerMs: 0, daemon: true });

test("who joins while the host ends gets the next one", async () => {
  for (let round = 0; round < 4; round++) {
    const one = await start();
    one.leave();
    // Now the host has no lease, and ends while it still answers.
    await new Promise((resolve) => setTimeout(resolve, round * 3));
    const next = await start();
    expect((await next.api.settled()).locations.map((location) => location.name)).toEqual(["team"]);
    next.leave();
    await next.gone();
  }
});

test("who has left last and waits for the end never joins the host that is ending", async () => {
  for (let round = 0; round < 4; round++) {
    const host = await start();
    expect(host.started).toBe(true);
    const { pid } = await host.api.health();
    const other = await start();
    expect(other.started).toBe(false);
    host.leave();
    await host.gone();
    expect(alive(pid)).toBe(true);
    other.leave();
    await other.gone();
    expect(alive(pid)).toBe(false);
  }
});

test("what a command asked for and left to itself is carried out before the host ends, over all its locations", async () => {
  const slow = "await new Promise((done) => setTimeout(done, 900));";
  const chain = makeWorkspace({
    first: definitions("first", `asset({ key: "slow", async materialize() { ${slow} } })`),
    second: definitions("second", `asset({ key: "after", deps: ["slow" as never], async materialize() { ${slow} } })`),
  });
  const own = mkdtempSync(join(tmpdir(), "kc-leave-"));
  const command = () =>
    joinHost({
      ...{ root: chain.root, home: own, port: 0, watch: false },
      ...{ writeKeys: false, lingerMs: 100, daemon: false },
    });
  try {
    const host = await command();
    await host.api.settled();
    await host.api.submit({ selection: "slow or after" });
    host.leave();
    await host.gone();
    const next = await command();
    expect((await next.api.runs()).map(({ status }) => status)).toEqual(["succeeded", "succeeded"]);
    next.leave();
    await next.gone();
  } finally {
    chain.remove();
    rmSync(own, { recursive: true, force: true, maxRetries: 10 });
  }
});
