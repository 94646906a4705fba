import { existsSync, readFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { breaches, imports, packages, sources } from "./architecture.ts";

const root = join(import.meta.dirname, "..", "..", "..");

describe("architecture", () => {
  test("every package imports only what the table allows", () => {
    expect(breaches(root)).toEqual([]);
  });

  test("imports are found however they are written", () => {
    expect(
      imports('import "a";\nimport { b } from "b";\nexport * from "c";\nawait import("d"); type E = import("e").E;'),
    ).toEqual(["a", "b", "c", "d", "e"]);
  });

  test("no source file of shared/ and locations/ has over 350 lines", () => {
    const long = packages(root).flatMap(({ folder }) =>
      sources(folder)
        .filter((file) => !/\.(test|testsuite)\.tsx?$|\/test\//.test(file))
        .map((file) => ({ file: relative(root, file), lines: readFileSync(file, "utf8").split("\n").length }))
        .filter(({ lines }) => lines > 350),
    );
    expect(long).toEqual([]);
  });

  test("file names are kebab-case and say what they hold", () => {
    const names = packages(root).flatMap(({ folder }) => sources(folder).map((file) => basename(file)));
    const bad = names.filter(
      (name) =>
        !/^[a-z0-9]+(-[a-z0-9]+)*(\.(test|testsuite|test-d|bench|config|worker))?\.tsx?$/.test(name) ||
        /^(utils?|helpers?|misc|common|types-all)\.tsx?$/.test(name),
    );
    expect(bad).toEqual([]);
  });

  test("every package has a lockfile of its own, and none names a registry", () => {
    for (const { folder } of packages(root)) {
      const file = join(folder, "pnpm-lock.yaml");
      expect(existsSync(file), relative(root, file)).toBe(true);
      expect(readFileSync(file, "utf8")).not.toMatch(/https?:\/\/registry\./);
    }
    expect(readFileSync(join(root, "shared/toolchain/package-lock.json"), "utf8")).not.toMatch(/registry\./);
  });

  test("the lockfile setting that pnpm and turbo read from different files is the same in both", () => {
    expect(readFileSync(join(root, ".npmrc"), "utf8")).toMatch(/^shared-workspace-lockfile=false$/m);
    expect(readFileSync(join(root, "pnpm-workspace.yaml"), "utf8")).toMatch(/^sharedWorkspaceLockfile: false$/m);
  });

  test("a location's folder, name and package agree", () => {
    for (const { folder, name } of packages(root).filter((one) => one.name.startsWith("@loc/"))) {
      const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
      expect(name).toBe(`@loc/${basename(folder)}`);
      expect(manifest.kc.location).toBe(basename(folder));
    }
  });
});
