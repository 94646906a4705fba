import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import {
  append,
  createTable,
  deleteRows,
  merge,
  overwrite,
  queryRows,
  readSnapshot,
  scanSql,
  updateRows,
  withDuck,
} from "../src/index.ts";

const root = mkdtempSync(join(tmpdir(), "kc-lakehouse-model-"));
afterAll(() => rm(root, { recursive: true, force: true }));

/** A small generator of numbers, the same for the same seed. */
function random(seed: number) {
  let state = seed;
  return (below: number) => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor((state / 2147483648) * below);
  };
}

test.each([1, 2])("any series of changes reads like the model at every version (seed %i)", { timeout: 60_000 }, async (seed) => {
  const next = random(seed);
  const dir = join(root, String(seed));
  await withDuck(
    async (duck) => {
      let model = new Map<number, string | null>([[0, "p0"]]);
      const versions: Map<number, string | null>[] = [];
      await createTable(duck, dir, { source: "SELECT 0 AS id, 'p0' AS v", ...(seed === 2 ? { partitionBy: ["v"] } : {}) });
      versions.push(new Map(model));
      const literal = (value: string | null) => (value === null ? "NULL" : `'${value}'`);
      const values = (rows: Map<number, string | null>) =>
        `SELECT * FROM (VALUES ${[...rows].map(([id, v]) => `(${id}, ${literal(v)})`).join(", ")}) r(id, v)`;
      let key = 1;
      for (let step = 0; step < 45; step++) {
        const changed = new Map(model);
        const limit = next(key + 1);
        const value = next(4) === 0 ? null : `p${next(4)}`;
        let version: number | undefined;
        switch (next(5)) {
          case 0: {
            const rows = new Map(Array.from({ length: 1 + next(4) }, () => [key++, value]));
            version = (await append(duck, dir, values(rows))).version;
            for (const [id, v] of rows) changed.set(id, v);
            break;
          }
          case 1:
            version = (await updateRows(duck, dir, { v: literal(value) }, { where: `id % 3 = ${limit % 3}` })).version;
            for (const id of model.keys()) if (id % 3 === limit % 3) changed.set(id, value);
            break;
          case 2:
            version = (await deleteRows(duck, dir, { where: `v = 'p${limit % 4}' AND id > ${limit / 2}` })).version;
            for (const [id, v] of model) if (v === `p${limit % 4}` && id > limit / 2) changed.delete(id);
            break;
          case 3: {
            const rows = new Map([
              [limit, value],
              [key++, "p9"],
            ]);
            const on = { source: values(rows), sourceAlias: "s", targetAlias: "t", on: "t.id = s.id" };
            version = (
              await merge(duck, dir, {
                ...on,
                matched: [{ when: "s.v IS NULL", action: "delete" }, { action: { v: "s.v" } }],
                notMatched: [{ values: { id: "s.id", v: "s.v" } }],
              })
            ).version;
            for (const [id, v] of rows) {
              if (v === null && model.has(id)) changed.delete(id);
              else changed.set(id, v);
            }
            break;
          }
          default:
            if (next(3) > 0) continue;
            version = (await overwrite(duck, dir, values(new Map([[key, value]])))).version;
            changed.clear();
            changed.set(key++, value);
        }
        if (version === undefined) {
          expect([...changed].sort()).toEqual([...model].sort());
          continue;
        }
        expect(version).toBe(versions.length);
        model = changed;
        versions.push(new Map(model));
      }
      for (const [version, rows] of versions.entries()) {
        const found = await queryRows(
          duck,
          `SELECT id, v FROM ${scanSql(await readSnapshot(duck, dir, { version }))} ORDER BY id`,
        );
        expect(
          found.map((row) => [row.id, row.v]),
          `version ${version}`,
        ).toEqual([...rows].sort(([a], [b]) => a - b));
      }
    },
    { threads: 2 },
  );
});
