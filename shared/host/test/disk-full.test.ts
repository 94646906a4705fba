import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { RunEvent } from "../src/client/types.ts";
import { testInstance } from "../src/testing.ts";
import { definitions, makeWorkspace, until } from "./workspace.ts";

// A disk of 40 MB: root may mount one, everybody else cannot fill a disk without harm.
const disk = mkdtempSync(join(tmpdir(), "kc-disk-"));
const mounted = process.platform === "linux" && spawnSync("mount", ["-t", "tmpfs", "-o", "size=40m", "tmpfs", disk]).status === 0;
const away = mkdtempSync(join(tmpdir(), "kc-away-"));
const workspace = makeWorkspace({
  team: definitions(
    "team",
    `asset({ key: "flood", async materialize({ log, signal }) {
      for (let at = 0; ; at++) { log.info(at + " " + "x".repeat(500)); if (at % 100 === 0) { await new Promise((resolve) => setTimeout(resolve, 1)); signal.throwIfAborted(); } }
    } }),
    asset({ key: "quick", materialize: () => {} })`,
  ),
});
afterAll(() => {
  if (mounted) spawnSync("umount", ["-l", disk]);
  for (const folder of [disk, away]) rmSync(folder, { recursive: true, force: true });
  workspace.remove();
});

test.skipIf(!mounted)("a full disk is told as such, loses no event that was acknowledged, and is got over", async () => {
  const home = join(disk, "home");
  const options = { root: workspace.root, home, env: { NODE_COMPILE_CACHE: join(away, "cache"), OUTPUT_DIR: away } };
  const first = await testInstance(options);
  // Most of it is taken up by something that is removed later, to make room again.
  const ballast = join(disk, "ballast");
  writeFileSync(ballast, Buffer.alloc(30 << 20));
  const submitted = await first.api.submit({ selection: "flood" });
  const runId = submitted.runs[0]!.id;
  const seen: RunEvent[] = [];
  const abort = new AbortController();
  const following = (async () => {
    for await (const event of first.api.events({ after: 0, runId }, abort.signal)) seen.push(event);
  })().catch(() => undefined);
  const refused = await until(async () => {
    try {
      await first.api.submit({ selection: "quick" });
    } catch (error) {
      return (error as Error).message;
    }
  }, 40_000);
  expect(refused).toMatch(/disk is full/i);
  expect((await first.api.health()).status).toBe("ok");
  rmSync(ballast);
  const run = await until(async () => {
    const one = await first.api.run(runId);
    return one.status === "failed" && one;
  });
  expect(run.reason).toMatch(/disk is full|no space left/i);
  expect((await first.materialize("quick")).runs[0]!.status).toBe("succeeded");
  abort.abort();
  await following;
  await first.stop();
  const second = await testInstance(options);
  const kept = new Set<number>();
  for (let after = 0; ; ) {
    const page = await second.api.runEvents(runId, { after, limit: 10_000 });
    for (const event of page) kept.add(event.id);
    if (page.length < 10_000) break;
    after = page.at(-1)!.id;
  }
  expect(seen.length).toBeGreaterThan(100);
  expect(seen.filter((event) => !kept.has(event.id))).toEqual([]);
  await second.stop();
});
if (!mounted) test.skip("a full disk: skipped, because mounting a small file system needs root", () => {});
