import { expect, test } from "vitest";
import type { NewEvaluation } from "./evaluation-storage.ts";
import type { Storage } from "./storage.ts";

const one = (asset: string, at: number, more: Partial<NewEvaluation> = {}): NewEvaluation => ({
  asset,
  at,
  evaluation: { label: "eager", value: false, parts: [{ label: "missing", value: true, parts: [] }] },
  requestId: null,
  requested: [],
  paused: false,
  ...more,
});

/** What every storage keeps of evaluations. */
export function evaluationContract(open: () => Storage): void {
  test("evaluations are read as they were stored, of one asset, newest first, page by page", async () => {
    const storage = open();
    const due = one("a", 2, { requestId: "r", requested: ["2026-01-01"], paused: true });
    await storage.addEvaluations([one("a", 1), one("b", 1), due], 10);
    const [newest, oldest, ...more] = await storage.listEvaluations("a");
    expect(newest).toEqual({ ...due, id: newest!.id });
    expect(oldest).toEqual({ ...one("a", 1), id: oldest!.id });
    expect(more).toEqual([]);
    expect(await storage.listEvaluations("a", { limit: 1 })).toEqual([newest]);
    expect(await storage.listEvaluations("a", { before: newest!.id })).toEqual([oldest]);
    expect(await storage.listEvaluations("nobody")).toEqual([]);
    expect([...(await storage.latestEvaluations(["a", "b", "nobody"]))].map(([key, { at }]) => [key, at])).toEqual([
      ["a", 2],
      ["b", 1],
    ]);
    expect(await storage.latestEvaluations([])).toEqual(new Map());
  });

  test("of each asset only the newest evaluations are kept, and none older than the retention of ticks", async () => {
    const storage = open();
    await storage.addEvaluations([one("b", 1)], 3);
    for (let at = 1; at <= 5; at++) await storage.addEvaluations([one("a", at)], 3);
    expect((await storage.listEvaluations("a")).map(({ at }) => at)).toEqual([5, 4, 3]);
    expect(await storage.listEvaluations("b")).toHaveLength(1);
    await storage.prune({ ticks: 5 });
    expect((await storage.listEvaluations("a")).map(({ at }) => at)).toEqual([5]);
    expect(await storage.listEvaluations("b")).toEqual([]);
  });
}
