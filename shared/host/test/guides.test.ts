import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";

const host = resolve(import.meta.dirname, "..");
const guides = join(host, "guides");
const pages = readdirSync(guides).filter((name) => name.endsWith(".md") && name !== "README.md");
const examplesOf = (page: string) =>
  [...readFileSync(join(guides, page), "utf8").matchAll(/^```ts run\n([\s\S]*?)^```$/gm)].map((match) => match[1]!);

// What a guide shows is run as it stands, in a folder that sees the packages as a location does.
const folder = mkdtempSync(join(tmpdir(), "kc-guides-"));
mkdirSync(join(folder, "node_modules", "@kc"), { recursive: true });
writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
symlinkSync(host, join(folder, "node_modules", "@kc", "host"));
symlinkSync(resolve(host, "..", "runtime"), join(folder, "node_modules", "@kc", "runtime"));
symlinkSync(resolve(host, "..", "runtime", "node_modules", "zod"), join(folder, "node_modules", "zod"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the guides", () => {
  test.each(pages.filter((page) => examplesOf(page).length > 0))("what %s shows runs and is true", async (page) => {
    for (const [index, example] of examplesOf(page).entries()) {
      const file = join(folder, `${page.replace(".md", "")}-${index}.ts`);
      writeFileSync(file, example);
      await promisify(execFile)(process.execPath, [file], { cwd: folder, timeout: 60_000 });
    }
  });

  test("every page has an example, and stands in the list", () => {
    const list = readFileSync(join(guides, "README.md"), "utf8");
    const listed = [...list.matchAll(/\]\(([\w-]+\.md)\)/g)].map((match) => match[1]);
    expect(listed.sort()).toEqual(pages.sort());
    expect(pages.filter((page) => examplesOf(page).length === 0)).toEqual(["coming-from-dagster.md"]);
  });
});
