import type { Location, Tick, WorkspaceInfo } from "@kc/host/client";
import { describe, expect, test } from "vitest";
import { openNews } from "../src/dev-news.ts";

const since = "2026-01-01T10:00:00.000Z";
const location = (more: Partial<Location> = {}): Location => ({
  name: "shop",
  status: "loaded",
  folder: "",
  loader: "node",
  loadedAt: since,
  loadMs: 12,
  error: null,
  warnings: [],
  assets: 2,
  pid: 1,
  ...more,
});
const workspace = (problems: string[], more: { locations?: Location[]; automation?: string } = {}) =>
  ({
    locations: more.locations ?? [],
    problems: problems.map((message) => ({ kind: "dangling", assets: [], locations: [], message })),
    daemons: [{ name: "automation", lastHeartbeat: since, lastLook: since, lateMs: 0, error: more.automation ?? null }],
  }) satisfies Pick<WorkspaceInfo, "locations" | "problems" | "daemons">;

describe("the news of the workspace", () => {
  test("are a problem when it appears and when it is gone, not in between", () => {
    const news = openNews(since);
    expect(news.ofWorkspace(workspace(["a cycle"]))).toEqual(["  ✗ a cycle"]);
    expect(news.ofWorkspace(workspace(["a cycle"]))).toEqual([]);
    expect(news.ofWorkspace(workspace(["a cycle", 'a gap. Did you mean "b"?']))).toEqual(['  ✗ a gap. Did you mean "b"?']);
    expect(news.ofWorkspace(workspace(['a gap. Did you mean "b"?']))).toEqual(["  ✓ mended: a cycle"]);
    expect(news.ofWorkspace(workspace([]))).toEqual(["  ✓ mended: a gap"]);
    expect(news.ofWorkspace(workspace(["a cycle"]))).toEqual(["  ✗ a cycle"]);
  });
  test("are a daemon that fails, once whatever it says, and that it works again", () => {
    const news = openNews(since);
    expect(news.ofWorkspace(workspace([], { automation: "no space\n    at stack" }))).toEqual([
      "  ✗ daemon automation: no space",
    ]);
    expect(news.ofWorkspace(workspace([], { automation: "it has failed for 40s: no space" }))).toEqual([]);
    expect(news.ofWorkspace(workspace([]))).toEqual(["  ✓ daemon automation works again"]);
  });
  test("are each load that a person would see, and a warning once", () => {
    const news = openNews(since);
    const first = location({ warnings: ["X is unset"] });
    expect(news.ofWorkspace(workspace([], { locations: [first] }))).toEqual([
      "  ✓ shop           2 assets  (12 ms)",
      "    ! X is unset",
    ]);
    expect(news.ofWorkspace(workspace([], { locations: [first] }))).toEqual([]);
    const loading = location({ status: "loading" });
    expect(news.ofWorkspace(workspace([], { locations: [loading] }))).toEqual([]);
    const broken = location({ status: "error", error: { message: "no", where: "a.ts:1", hint: "", stack: "" } });
    expect(news.ofWorkspace(workspace([], { locations: [broken] }))).toEqual(["  ✗ shop           a.ts:1: no"]);
    const again = location({ loadedAt: "2026-01-01T10:00:05.000Z", assets: 1, warnings: ["X is unset"] });
    expect(news.ofWorkspace(workspace([], { locations: [again] }))).toEqual(["  ✓ shop           1 asset  (12 ms)"]);
  });
});

describe("the news of ticks", () => {
  const tick = (id: number, status: string, more: Partial<Tick> = {}) =>
    ({
      id,
      location: "shop",
      name: "nightly",
      type: "schedule",
      status,
      endedAt: `2026-01-01T10:00:0${id}.000Z`,
      error: status === "failed" ? "no file\nsecond line" : null,
      ...more,
    }) as Tick;
  test("are a failure once for each streak, and that it ticks again", () => {
    const news = openNews(since);
    expect(news.ofTicks([tick(1, "success")])).toEqual([]);
    expect(news.ofTicks([tick(2, "failed"), tick(1, "success")])).toEqual(["10:00:02 shop        ✗ schedule nightly: no file"]);
    expect(news.ofTicks([tick(3, "failed"), tick(2, "failed")])).toEqual([]);
    // Those that are not told any more have not recovered.
    expect(news.ofTicks([])).toEqual([]);
    expect(news.ofTicks([tick(5, "started", { endedAt: null }), tick(4, "skipped")])).toEqual([
      "10:00:04 shop        ✓ schedule nightly ticks again",
    ]);
    expect(news.ofTicks([tick(5, "failed")])).toEqual(["10:00:05 shop        ✗ schedule nightly: no file"]);
  });
  test("of schedules and sensors are each their own; what ticked before is none", () => {
    const news = openNews(since);
    expect(
      news.ofTicks([
        tick(1, "failed", { type: "sensor" }),
        tick(2, "failed", { location: "dbt" }),
        tick(3, "failed", { name: "old", endedAt: "2026-01-01T09:59:59.000Z" }),
      ]),
    ).toEqual(["10:00:01 shop        ✗ sensor nightly: no file", "10:00:02 dbt         ✗ schedule nightly: no file"]);
  });
});
