import { mkdtempSync } from "node:fs";
import { readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { append, createTable, overwrite, queryRows, withDuck } from "../src/index.ts";

const root = mkdtempSync(join(tmpdir(), "kc-lakehouse-protocol-"));
afterAll(() => rm(root, { recursive: true, force: true }));

/** The log as any reader sees it: file names and lines of JSON, without this package's own reader. */
async function log(dir: string) {
  const names = (await readdir(join(dir, "_delta_log"))).sort();
  const commits = [];
  for (const name of names.filter((n) => n.endsWith(".json"))) {
    const lines = (await readFile(join(dir, "_delta_log", name), "utf8")).trimEnd().split("\n");
    commits.push({ name, actions: lines.map((line) => JSON.parse(line) as Record<string, Record<string, unknown>>) });
  }
  return { names, commits };
}

test("the log says what PROTOCOL.md asks for", async () => {
  const dir = join(root, "t");
  await withDuck(async (duck) => {
    await createTable(duck, dir, { source: "SELECT 1::BIGINT AS id, 'a b/é%' AS p", partitionBy: ["p"], description: "d" });
    await overwrite(duck, dir, "SELECT 2, NULL");
    const { commits } = await log(dir);
    expect(commits.map((commit) => commit.name)).toEqual(["00000000000000000000.json", "00000000000000000001.json"]);
    const [first, second] = commits.map((commit) => commit.actions);
    expect(first?.map((action) => Object.keys(action))).toEqual([["commitInfo"], ["protocol"], ["metaData"], ["add"]]);
    expect(first?.[1]?.protocol).toEqual({ minReaderVersion: 1, minWriterVersion: 2 });
    const metaData = first?.[2]?.metaData ?? {};
    expect(metaData).toMatchObject({
      format: { provider: "parquet", options: {} },
      partitionColumns: ["p"],
      configuration: {},
      description: "d",
    });
    expect(JSON.parse(String(metaData.schemaString))).toEqual({
      type: "struct",
      fields: [
        { name: "id", type: "long", nullable: true, metadata: {} },
        { name: "p", type: "string", nullable: true, metadata: {} },
      ],
    });
    const add = first?.[3]?.add ?? {};
    expect(add).toMatchObject({ partitionValues: { p: "a b/é%" }, dataChange: true });
    expect(JSON.parse(String(add.stats))).toEqual({
      numRecords: 1,
      minValues: { id: 1 },
      maxValues: { id: 1 },
      nullCount: { id: 0 },
    });
    const file = join(dir, decodeURIComponent(String(add.path)));
    expect((await stat(file)).size).toBe(add.size);
    // Partition columns are in the log only, not in the file.
    const found = await queryRows(duck, `SELECT * FROM read_parquet('${file.replaceAll("'", "''")}', hive_partitioning = false)`);
    expect(found).toEqual([{ id: "1" }]);
    expect(second?.map((action) => Object.keys(action))).toEqual([["commitInfo"], ["remove"], ["add"]]);
    expect(second?.[1]?.remove).toMatchObject({ path: add.path, dataChange: true, extendedFileMetadata: true, size: add.size });
    expect(second?.[2]?.add?.partitionValues).toEqual({ p: null });
    const [mtime, timestamp] = [
      (await stat(join(dir, "_delta_log", "00000000000000000001.json"))).mtimeMs,
      second?.[0]?.commitInfo?.timestamp,
    ];
    expect(Math.round(mtime)).toBe(timestamp);
  });
});

test("a checkpoint is one Parquet file with the columns and widths of the protocol", async () => {
  const dir = join(root, "c");
  await withDuck(async (duck) => {
    await createTable(duck, dir, { source: "SELECT 0 AS id" });
    for (let i = 1; i <= 10; i++) await append(duck, dir, `SELECT ${i}`, { txns: [{ appId: "a", version: i }] });
    const { names } = await log(dir);
    expect(names.filter((name) => !name.endsWith(".json"))).toEqual([
      "00000000000000000010.checkpoint.parquet",
      "_last_checkpoint",
    ]);
    const file = `read_parquet('${join(dir, "_delta_log", "00000000000000000010.checkpoint.parquet")}')`;
    const types = Object.fromEntries(
      (await queryRows(duck, `DESCRIBE SELECT * FROM ${file}`)).map((row) => [row.column_name, row.column_type]),
    );
    expect(Object.keys(types).sort()).toEqual(["add", "metaData", "protocol", "remove", "txn"]);
    expect(types.protocol).toContain("minReaderVersion INTEGER, minWriterVersion INTEGER");
    expect(types.add).toContain(
      "partitionValues MAP(VARCHAR, VARCHAR), size BIGINT, modificationTime BIGINT, dataChange BOOLEAN",
    );
    const [counts] = await queryRows(
      duck,
      `SELECT count(add) AS adds, count(txn) AS txns, count(protocol) AS p, count("metaData") AS m FROM ${file}`,
    );
    expect(counts).toEqual({ adds: "11", txns: "1", p: "1", m: "1" });
    expect(await queryRows(duck, `SELECT DISTINCT add."dataChange" AS d FROM ${file} WHERE add IS NOT NULL`)).toEqual([
      { d: false },
    ]);
  });
});
