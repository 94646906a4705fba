import { asset, type LocationDefinition } from "@kc/runtime";
import { assembleLocation, type LoadedLocation } from "@kc/runtime/internal";
import { evaluateTick } from "../src/code-server/tick.ts";
import { noSecrets } from "../src/secrets/redactor.ts";
import { type SimulateOptions, type Simulation, simulate } from "../src/simulate/simulate.ts";

// Real definitions with their real functions, asked as the code server asks them, on a virtual clock.

export const make = () => {};
export const made = (key: string, deps: string[] = []) => asset({ key, deps, materialize: make });
export const on = "running" as const;

export function loadedOf(definitions: readonly LocationDefinition[]): LoadedLocation[] {
  return definitions.map((definition) => assembleLocation(definition));
}

export function play(definitions: LocationDefinition[], more: Partial<SimulateOptions> = {}): Promise<Simulation> {
  const loaded = loadedOf(definitions);
  const paths = { name: "", projectRoot: "/", workspaceRoot: "/", stateDir: "/" };
  return simulate({
    locations: loaded.map((one) => one.snapshot),
    from: "2026-01-01T00:00:30Z",
    to: "2026-01-01T06:00:30Z",
    functions: async (name, question) => {
      const context = {
        paths,
        env: {},
        secrets: noSecrets,
        signal: new AbortController().signal,
        logs: [],
        describe: (error: unknown) => ({ message: (error as Error).message, where: "" }),
      };
      const { result, failures } = await evaluateTick(loaded.find((one) => one.name === name)!, question, context);
      return { ...result, ...(failures ? { failures } : {}) };
    },
    ...more,
  });
}
