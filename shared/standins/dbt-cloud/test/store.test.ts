import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openStore } from "../src/store.ts";

test("only the latest runs keep logs and artifacts; every run stays in the list", () => {
  const folder = mkdtempSync(join(tmpdir(), "kc-dbt-cloud-"));
  const store = openStore(folder);
  const ids = [1, 2, 3, 4].map(
    (at) => store.addRun({ job_id: 1, project_id: 1, environment_id: 1, trigger: {}, commands: [] }, at).id,
  );
  for (const id of ids) store.setArtifact(id, 3, "manifest.json", "{}");
  store.prune(2);
  expect(ids.map((id) => store.artifactPaths(id).length)).toEqual([0, 0, 1, 1]);
  expect(store.runs([], { column: "id", descending: false }, 10, 0).total).toBe(4);
  store.close();
  rmSync(folder, { recursive: true });
});

test("ids are never given twice, also after a restart and a deletion", () => {
  const folder = mkdtempSync(join(tmpdir(), "kc-dbt-cloud-"));
  let store = openStore(folder);
  const first = store.add("job", { name: "a" }).id;
  store.remove("job", first);
  store.close();
  store = openStore(folder);
  expect(store.add("job", { name: "b" }).id).toBe(first + 1);
  expect(store.get("job", first)).toBeUndefined();
  store.close();
  rmSync(folder, { recursive: true });
});
