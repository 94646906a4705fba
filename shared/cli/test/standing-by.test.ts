import type { ApiClient } from "@kc/host/client";
import { expect, test } from "vitest";
import { tellStandingBy } from "../src/standing-by.ts";

const told = async (leader: object | null): Promise<string[]> => {
  const lines: string[] = [];
  const api = { health: async () => ({ leader }) } as unknown as Pick<ApiClient, "health">;
  await tellStandingBy(api, { warn: (line) => lines.push(line) });
  return lines;
};

test("a host that stands by says that it does not know who holds what, and who does", async () => {
  const leader = { leads: false, host: "db-2", url: "http://127.0.0.1:3000" };
  expect(await told(leader)).toEqual([
    "this host stands by: db-2 (http://127.0.0.1:3000) leads, and knows who holds slots and what waits for what",
  ]);
  expect(await told({ ...leader, leads: true })).toEqual([]);
  expect(await told(null)).toEqual([]);
});
