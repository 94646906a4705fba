import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { testInstance } from "../src/testing.ts";
import { definitions, makeWorkspace, runtimePackage, until } from "./workspace.ts";

const source = (checks: string) =>
  definitions(
    "source",
    `asset({ key: "src", materialize() {} })`,
    `import { assetCheck } from "${runtimePackage}";`,
    `checks: [${checks}]`,
  );

test("a run that a failed check holds goes on once the check is gone from the code", async () => {
  const failing = `assetCheck({ asset: "src", name: "q", blocking: "everywhere", run: () => ({ passed: false }) })`;
  const workspace = makeWorkspace({
    source: source(failing),
    mart: definitions("mart", `asset({ key: "mart", deps: ["src" as never], materialize() {} })`),
  });
  const instance = await testInstance({ root: workspace.root });
  try {
    await instance.materialize("src");
    const { runs } = await instance.api.submit({ selection: "mart" });
    const run = () => instance.api.run(runs[0]!.id);
    await until(async () => (await run()).waitsFor?.includes("src:q"));
    writeFileSync(join(workspace.root, "locations/source/src/definitions.ts"), source(""));
    await instance.api.reload("source");
    await until(async () => (await run()).status === "succeeded", 10_000);
    expect((await run()).waitsFor ?? null).toBeNull();
  } finally {
    await instance.stop();
    workspace.remove();
  }
});
