import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type ApplyOptions, apply } from "../src/generate/apply.ts";
import { recover, writeFile } from "../src/generate/journal.ts";
import type { Step } from "../src/generate/steps.ts";
import { type Operation, stagedTree } from "../src/generate/tree.ts";
import { loadGenerators } from "../src/generators.ts";
import { miniature, snapshot } from "./new-miniature.ts";

let root: string;
let operations: Operation[];
beforeEach(async () => {
  root = miniature();
  // The state folder is there in any checkout.
  mkdirSync(join(root, ".kc"));
  const tree = stagedTree(root);
  const plop = await loadGenerators(root, tree);
  const answers = { name: "x", team: "x", description: "x", connections: [] };
  const { failures } = await plop.getGenerator("location").runActions(answers);
  expect(failures).toEqual([]);
  operations = tree.operations();
});
afterEach(() => rmSync(root, { recursive: true }));

/** Steps that leave traces as the real ones do: in the new folder, and in a file of the repository. */
const leaving = (name: string, code = 0): Step => ({
  title: () => name,
  touches: () => ["locations/first/src/asset-keys.d.ts", "locations/first/src/definitions.ts"],
  run: async () => {
    for (const path of [
      "locations/x/node_modules/y/z.js",
      "locations/first/src/asset-keys.d.ts",
      "locations/first/src/definitions.ts",
    ]) {
      mkdirSync(join(root, path, ".."), { recursive: true });
      writeFileSync(join(root, path), name);
    }
    return { code, output: `${name} says\nline 2` };
  },
});
const good = { install: leaving("install"), declare: leaving("declare"), test: leaving("test") };
const options = (change: Partial<ApplyOptions> = {}): ApplyOptions => ({
  root,
  what: "location x",
  steps: good,
  env: {},
  signal: new AbortController().signal,
  report: () => {},
  ...change,
});

describe("a generator's work", () => {
  test("is all there at the end, in the order of the plan, and no journal stays", async () => {
    const lines: string[] = [];
    await apply(operations, options({ report: (line) => lines.push(line.trim().replace(/\s+/, " ")) }));
    expect(lines.slice(-5)).toEqual([
      "create locations/x/.kc/base.json",
      "step install",
      "update workspace.yaml",
      "step declare",
      "step test",
    ]);
    expect(readFileSync(join(root, "workspace.yaml"), "utf8")).toContain("- package: { path: locations/x }");
    expect(existsSync(join(root, ".kc", "generate.json"))).toBe(false);
  });

  test("is taken back byte for byte whichever file cannot be written", async () => {
    const before = snapshot(root);
    const files = operations.filter((one) => one.kind !== "step").length;
    for (let nth = 0; nth < files; nth++) {
      let count = 0;
      const write: typeof writeFile = (...args) => {
        if (count++ === nth)
          throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC", syscall: "write" });
        writeFile(...args);
      };
      await expect(apply(operations, options({ write }))).rejects.toMatchObject({
        name: "UserError",
        message: "location x was not made: ENOSPC: no space left on device, write",
        hint: "Check the disk and its permissions. Everything is as it was before.",
      });
      expect(snapshot(root), `file ${nth}`).toEqual(before);
    }
  });

  test.each(["install", "declare", "test"])(
    "is taken back byte for byte when the step %s fails, and its output is shown",
    async (name) => {
      const before = snapshot(root);
      await expect(apply(operations, options({ steps: { ...good, [name]: leaving(name, 3) } }))).rejects.toMatchObject({
        message: `location x was not made: the step "${name}" failed (exit code 3)`,
        hint: `${name} says\nline 2\nEverything is as it was before.`,
      });
      expect(snapshot(root)).toEqual(before);
    },
  );

  test("is taken back when a step throws", async () => {
    const before = snapshot(root);
    const thrown = new Error("a defect");
    const steps = { ...good, test: { ...good.test, run: () => Promise.reject(thrown) } };
    await expect(apply(operations, options({ steps }))).rejects.toBe(thrown);
    expect(snapshot(root)).toEqual(before);
  });

  test.each(["install", "declare", "test"])("is taken back when it is interrupted during %s", async (name) => {
    const before = snapshot(root);
    const abort = new AbortController();
    const steps = {
      ...good,
      [name]: {
        ...leaving(name),
        run: async () => {
          await leaving(name).run({} as never);
          abort.abort();
          return { code: 130, output: "" };
        },
      },
    };
    await expect(apply(operations, options({ steps, signal: abort.signal }))).rejects.toMatchObject({
      message: "interrupted: location x was not made",
    });
    expect(snapshot(root)).toEqual(before);
  });

  test("does not overwrite what somebody wrote meanwhile", async () => {
    writeFileSync(join(root, "workspace.yaml"), "load_from: []\n");
    const before = snapshot(root);
    await expect(apply(operations, options())).rejects.toThrow("workspace.yaml was changed while kc was at work");
    expect(snapshot(root)).toEqual(before);
  });

  test("when taken back leaves a file alone that somebody has changed since, and names it", async () => {
    const steps = {
      ...good,
      test: {
        ...good.test,
        run: async () => {
          writeFileSync(join(root, "workspace.yaml"), "# mine\nload_from: []\n");
          return { code: 1, output: "" };
        },
      },
    };
    await expect(apply(operations, options({ steps }))).rejects.toMatchObject({
      hint: expect.stringContaining("except workspace.yaml"),
    });
    expect(readFileSync(join(root, "workspace.yaml"), "utf8")).toBe("# mine\nload_from: []\n");
    expect(existsSync(join(root, "locations", "x"))).toBe(false);
  });

  test("is the only one in a checkout", async () => {
    const steps = {
      ...good,
      install: {
        ...good.install,
        run: async () => {
          expect(() => recover(root)).toThrow(`another kc is generating in this checkout: location x (pid ${process.pid})`);
          await expect(apply(operations, options({ what: "location y" }))).rejects.toThrow("another kc is generating");
          return { code: 0, output: "" };
        },
      },
    };
    await apply(operations, options({ steps }));
    expect(existsSync(join(root, "locations", "x", "package.json"))).toBe(true);
  });

  test("of a process that was killed half way is taken back by the next one", () => {
    const before = snapshot(root);
    const source = (file: string) => pathToFileURL(join(import.meta.dirname, "..", "src", "generate", file)).href;
    const program = `
      import { apply } from ${JSON.stringify(source("apply.ts"))};
      const killed = { title: () => "", touches: () => [], run: () => { process.kill(process.pid, "SIGKILL"); return new Promise(() => {}); } };
      const fine = { title: () => "", touches: () => [], run: async () => ({ code: 0, output: "" }) };
      await apply(${JSON.stringify(operations)}, { root: ${JSON.stringify(root)}, what: "location x", env: {}, report() {},
        signal: new AbortController().signal, steps: { install: fine, declare: fine, test: killed } });`;
    const { signal } = spawnSync(process.execPath, ["--input-type=module", "--eval", program]);
    expect(signal).toBe("SIGKILL");
    expect(existsSync(join(root, "locations", "x", "package.json"))).toBe(true);
    expect(recover(root)).toBe("location x");
    expect(snapshot(root)).toEqual(before);
    expect(recover(root)).toBeUndefined();
  });
});
