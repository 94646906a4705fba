import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, describe, expect, test } from "vitest";
import { alive, processTree, until } from "./workspace.ts";

const folder = mkdtempSync(join(tmpdir(), "kc-reaper-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Starts something in a session of its own, tells both pids, and never gives way. */
const looping = join(folder, "looping.mjs");
writeFileSync(
  looping,
  `import { spawn } from "node:child_process";
import { writeSync } from "node:fs";
const away = spawn("sleep", ["600"], { detached: true, stdio: "ignore" });
writeSync(1, process.pid + " " + away.pid + "\\n");
for (;;);
`,
);
const idle = join(folder, "idle.mjs");
writeFileSync(idle, `import { writeSync } from "node:fs"; writeSync(1, process.pid + "\\n"); setInterval(() => {}, 1_000);`);

interface Parent {
  process: ChildProcess;
  /** What its children have told so far: their pids. */
  pids: number[];
  lines: string[];
  reaper(): number | undefined;
}

const parents: ChildProcess[] = [];
// A test that failed leaves nothing behind either.
afterAll(() => {
  for (const one of parents) one.kill("SIGKILL");
});

async function startParent(programs: string[], expected: number): Promise<Parent> {
  const file = join(import.meta.dirname, "parent.ts");
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", file, ...programs], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  parents.push(child);
  const parent: Parent = {
    process: child,
    pids: [],
    lines: [],
    reaper: () => processTree(child.pid!).find((pid) => commandOf(pid).includes("/reaper.sh\0")),
  };
  createInterface({ input: child.stdout! }).on("line", (line) => {
    parent.lines.push(line);
    if (/^\d/.test(line)) parent.pids.push(...line.split(" ").map(Number));
  });
  await until(() => parent.pids.length >= expected);
  return parent;
}
const commandOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
};
const gone = (pids: number[]) => until(() => pids.every((pid) => !alive(pid)));

describe("when a parent is killed", () => {
  test("a child that never gives way ends, and what it had started in a session of its own; then the reaper itself", async () => {
    const parent = await startParent([looping], 2);
    const reaper = (await until(parent.reaper))!;
    parent.process.kill("SIGKILL");
    await gone([...parent.pids, reaper]);
  });
  test("that holds after the reaper was killed too: another one takes its place and knows the children of before", async () => {
    const parent = await startParent([looping, idle], 3);
    const first = (await until(parent.reaper))!;
    process.kill(first, "SIGKILL");
    const second = (await until(() => {
      const found = parent.reaper();
      return found !== first && found;
    }))!;
    parent.process.kill("SIGKILL");
    await gone([...parent.pids, second]);
  });
  test("children that give way end without any reaper: both are killed at once", async () => {
    const parent = await startParent([idle], 1);
    const reaper = (await until(parent.reaper))!;
    process.kill(reaper, "SIGKILL");
    parent.process.kill("SIGKILL");
    await gone([...parent.pids, reaper]);
  });
});

test("a signal to the parent's process group does not take the reaper along", async () => {
  const parent = await startParent([idle], 1);
  const reaper = (await until(parent.reaper))!;
  const group = (pid: number) => /^\d+ \(.*\) \S \d+ (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, "latin1"))![1];
  expect(group(reaper)).not.toBe(group(parent.process.pid!));
  parent.process.kill("SIGKILL");
  await gone([...parent.pids, reaper]);
});

test("a child that has ended is forgotten: its process group is nobody's any more", async () => {
  const parent = await startParent([idle, looping], 3);
  // The looping one tells two pids in its line.
  const ended = Number(parent.lines.find((line) => /^\d+$/.test(line)));
  const reaper = (await until(parent.reaper))!;
  parent.process.stdin!.write("end the first\n");
  await until(() => parent.lines.includes("ended"));
  expect(alive(ended)).toBe(false);
  expect(parent.pids.filter(alive)).toHaveLength(2);
  parent.process.kill("SIGKILL");
  await gone([...parent.pids, reaper]);
});
