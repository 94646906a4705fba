import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startWorkspace } from "../src/locations/workspace.ts";
import { findLocations } from "../src/locations/workspace-file.ts";
import { instancePaths } from "../src/paths.ts";
import { type TestInstance, testInstance } from "../src/testing.ts";
import { addLocation, definitions, makeWorkspace, runtimePackage, until } from "./workspace.ts";

const plain = (key: string, deps = "") => `asset({ key: "${key}", deps: [${deps}], materialize: () => {} })`;
const withComponent = (name: string, yaml: string) => ({
  "src/definitions.ts": definitions(
    name,
    "",
    `import { z } from "zod";
const thing = component({ type: "vendor.Thing", description: "A thing.", attributes: z.strictObject({ host: z.string() }), build: () => ({ assets: [asset({ key: "${name}/made", materialize: () => {} })] }) });`,
    "components: [thing]",
  ),
  "src/defs/x/defs.yaml": yaml,
});

describe("locations that do not load", () => {
  let instance: TestInstance;
  const workspace = makeWorkspace(
    {
      good: definitions("good", plain("good/a")),
      throws: definitions("throws", "", '\nfunction fail(): never {\n  throw new Error("no such luck");\n}\nfail();'),
      syntax: `${definitions("syntax", "")}\nconst x = = 1;\n`,
      missing: `import { gone } from "./gone.ts";\nimport { asset } from "${runtimePackage}";\nexport default gone;\n`,
      package_missing: `import { asset } from "${runtimePackage}";\nimport nothing from "no-such-package";\nexport default nothing;\n`,
      exits: `import { asset } from "${runtimePackage}";\n\nprocess.exit(3);\n`,
      loops: `import { asset } from "${runtimePackage}";\nfor (;;);\n`,
      waits: `import { asset } from "${runtimePackage}";\nawait new Promise((resolve) => setTimeout(resolve, 3_600_000));\n`,
      rejects: definitions("rejects", plain("rejects/a"), 'Promise.reject(new Error("nobody listens"));'),
      bad_key: definitions("bad_key", '\n  asset({ key: "a b", materialize: () => {} }),\n'),
      other_name: definitions("another", ""),
      no_location: "export default 5;\n",
      no_entry: {},
      yaml: withComponent("yaml", "type: vendor.Thing\nattributes:\n  host: db\n  hots: x\n"),
      yaml_env: withComponent("yaml_env", 'type: vendor.Thing\nattributes:\n  host: "{{ env.THE_HOST }}{{ env.THE_PORT }}"\n'),
      // What is wrong with the edges is a problem of the lineage: the locations themselves load.
      left: definitions("left", `${plain("both")}, ${plain("circle/a", '"circle/b"')}, ${plain("typo", '"good/aa"')}`),
      right: definitions("right", `${plain("both")}, ${plain("circle/b", '"circle/a"')}`),
    },
    "locations: { load_timeout: 6s }\n",
  );
  beforeAll(async () => {
    // A second location of the same code under a name of its own, and one whose folder is not there.
    appendFileSync(
      join(workspace.root, "workspace.yaml"),
      "  - package: { path: locations/twin, location_name: renamed }\n  - package: { path: locations/nowhere }\n",
    );
    addLocation(workspace.root, "twin", { "src/definitions.ts": definitions("twin", plain("twin/a")) });
    instance = await testInstance({ root: workspace.root });
  });
  afterAll(async () => {
    await instance.stop();
    workspace.remove();
  });
  const location = async (name: string) => (await instance.api.workspace()).locations.find((one) => one.name === name)!;

  test.each([
    ["throws", "no such luck", /^src\/definitions\.ts:4:\d+$/],
    ["syntax", "", /^src\/definitions\.ts:5$/],
    ["missing", "gone.ts", /^src\/definitions\.ts:1$/],
    ["package_missing", "no-such-package", /^src\/definitions\.ts:2$/],
    ["exits", "process.exit(3)", /^src\/definitions\.ts:3:\d+$/],
    ["loops", "6 s", /^$/],
    ["waits", "6 s", /^$/],
    ["bad_key", 'asset key "a b" has the bad part "a b"', /^src\/definitions\.ts:4:\d+$/],
    ["other_name", 'it calls itself "another" but its package.json says "other_name"', /^src\/definitions\.ts$/],
    ["no_location", "no default export made by defineLocation()", /^src\/definitions\.ts$/],
    ["no_entry", "there is no ", /^$/],
    ["nowhere", "there is no ", /workspace\.yaml:20$/],
    ["yaml", "attributes.hots", /^src\/defs\/x\/defs\.yaml:4:3$/],
    ["yaml_env", "unset environment variables: THE_HOST, THE_PORT", /^src\/defs\/x\/defs\.yaml:3:3$/],
  ])("%s tells what and where", async (name, message, where) => {
    const { status, error } = await location(name);
    expect(status).toBe("error");
    expect(error!.message).toContain(message);
    expect(error!.where).toMatch(where);
  });
  test("the others serve, and their assets are made", async () => {
    expect((await location("good")).status).toBe("loaded");
    expect((await instance.materialize("good/a")).runs[0]!.status).toBe("succeeded");
  });
  test("a location under another name is that name's everywhere", async () => {
    expect((await location("renamed")).status).toBe("loaded");
    const { runs } = await instance.materialize("location:renamed");
    expect(runs.map((run) => [run.location, run.assets, run.status])).toEqual([["renamed", ["twin/a"], "succeeded"]]);
  });
  test("a rejection that nobody handles takes nothing down", async () => {
    expect((await location("rejects")).status).toBe("loaded");
  });
  test("wrong edges are problems that name assets and locations", async () => {
    const { problems } = await instance.api.workspace();
    const of = (kind: string) => problems.filter((one) => one.kind === kind);
    expect(of("duplicate")).toMatchObject([{ assets: ["both"], locations: ["left", "right"] }]);
    expect(of("duplicate")[0]!.message).toContain("locations/left/src/definitions.ts:");
    expect(of("dangling")[0]!.message).toContain('Did you mean "good/a"?');
    expect(of("cycle")).toMatchObject([{ locations: expect.arrayContaining(["left", "right"]) }]);
    expect(problems).toHaveLength(3);
  });
  test("a request of assets in a circle is refused", async () => {
    await expect(instance.api.submit({ selection: "circle/a or circle/b" })).rejects.toThrow("in a circle");
  });
  test("a location that was mended loads without the others", async () => {
    const before = (await location("good")).pid;
    const file = join(workspace.root, "locations/throws/src/definitions.ts");
    writeFileSync(file, readFileSync(file, "utf8").replace("\nfail();", ""));
    expect((await instance.api.reload("throws")).status).toBe("loaded");
    expect((await location("good")).pid).toBe(before);
  });
});

describe("hot reload", () => {
  const versioned = (name: string, version: number) =>
    definitions(
      name,
      `asset({ key: "${name}/a", description: "v${version}", async materialize({ env, signal }) {
        writeFileSync(join(env.OUTPUT_DIR!, "started"), "");
        while (!existsSync(join(env.OUTPUT_DIR!, "go")) && !signal.aborted) await new Promise((resolve) => setTimeout(resolve, 20));
        return { metadata: { version: ${version} } };
      } })`,
      'import { existsSync, writeFileSync } from "node:fs";\nimport { join } from "node:path";',
    );
  test("a saved file reloads that location alone; the run that goes on ends on the old code", async () => {
    const workspace = makeWorkspace({ one: versioned("one", 1), two: definitions("two", plain("two/a")) });
    const output = mkdtempSync(join(tmpdir(), "kc-out-"));
    const instance = await testInstance({ root: workspace.root, watch: true, env: { OUTPUT_DIR: output } });
    try {
      const pids = async () => Object.fromEntries((await instance.api.workspace()).locations.map((one) => [one.name, one.pid]));
      const before = await pids();
      const submitted = await instance.api.submit({ selection: "one/a" });
      await until(() => readFile(join(output, "started")) !== undefined);
      const file = join(workspace.root, "locations/one/src/definitions.ts");
      writeFileSync(file, versioned("one", 2));
      await until(async () => (await instance.api.asset("one/a")).description === "v2");
      const after = await pids();
      expect(after.two).toBe(before.two);
      expect(after.one).not.toBe(before.one);
      // A file that is broken keeps the definitions that loaded before.
      writeFileSync(file, `${versioned("one", 3)}\nconst x = = 1;`);
      const broken = await until(async () => {
        const one = (await instance.api.workspace()).locations.find(({ name }) => name === "one")!;
        return one.error ? one : undefined;
      });
      expect(broken.error!.where).toMatch(/^src\/definitions\.ts:\d+$/);
      expect((await instance.api.asset("one/a")).description).toBe("v2");
      await expect(instance.api.submit({ selection: "one/a" })).rejects.toThrow("location one does not load");
      writeFileSync(join(output, "go"), "");
      const version = ({ events }: { events: { type: string; metadata?: Record<string, { value?: unknown }> | undefined }[] }) =>
        events.find((event) => event.type === "materialization")!.metadata!.version!.value;
      expect(version(await instance.finish(submitted))).toBe(1);
      writeFileSync(file, versioned("one", 4));
      await until(async () => (await instance.api.asset("one/a")).description === "v4");
      expect(version(await instance.materialize("one/a"))).toBe(4);
    } finally {
      await instance.stop();
      workspace.remove();
      rmSync(output, { recursive: true, force: true });
    }
  });
});

const readFile = (path: string): string | undefined => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
};

test("a code server that ends soon after every start is no loaded location: its error says how it ended, and it is tried again", async () => {
  const workspace = makeWorkspace({ fine: definitions("fine", plain("fine/a")), dies: definitions("dies", plain("dies/a")) });
  const instance = await testInstance({ root: workspace.root });
  try {
    const location = async () => (await instance.api.workspace()).locations.find((one) => one.name === "dies")!;
    const killed = new Set<number>();
    const broken = await until(async () => {
      const now = await location();
      if (now.status === "error") return now;
      if (now.pid && !killed.has(now.pid)) process.kill(now.pid, "SIGKILL");
      killed.add(now.pid ?? 0);
      return undefined;
    });
    expect(broken.error!.message).toMatch(
      /^its code server ended \(SIGKILL\) \d+ times in a row, each time soon after its start; it is started again in [\d.]+ s$/,
    );
    expect((await instance.materialize("fine/a")).runs[0]!.status).toBe("succeeded");
    const again = await until(async () => {
      const now = await location();
      return now.status === "loaded" && now;
    });
    expect(again.error).toBe(null);
  } finally {
    await instance.stop();
    workspace.remove();
  }
});

test("a host that is stopped while a location loads ends, whenever that load does", async () => {
  const workspace = makeWorkspace({
    quick: definitions("quick", plain("quick/a")),
    slow: definitions("slow", plain("slow/a"), "await new Promise((done) => setTimeout(done, 1_500));"),
  });
  const paths = instancePaths(workspace.root);
  const starting = startWorkspace({
    entries: findLocations(workspace.root).locations,
    all: findLocations(workspace.root).locations,
    paths,
    environmentOf: () => ({ PATH: process.env.PATH }),
    loadTimeoutMs: 20_000,
    watch: false,
    writeKeys: false,
    log: () => {},
    now: () => Date.now(),
  });
  try {
    const settled = starting.settled();
    await until(() => starting.location("quick")!.status === "loaded");
    await starting.stop();
    // Its load ends only now: were it waited for again and again, nothing else of the process would ever run.
    await settled;
    await new Promise((done) => setTimeout(done, 1_800));
    expect(starting.location("slow")!.status).toBe("loading");
  } finally {
    workspace.remove();
  }
});
