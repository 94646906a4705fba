import { availableParallelism } from "node:os";
import { join } from "node:path";
import { secretVariables } from "@kc/connections";
import {
  buildGraph,
  type GraphProblem,
  instigatorProblems,
  type LocationSnapshot,
  type WorkspaceGraph,
} from "@kc/runtime/internal";
import type { Environment } from "../environment.ts";
import type { InstancePaths } from "../paths.ts";
import { readAssetKeys, writeAssetKeys, writeDeclarations } from "./asset-keys.ts";
import { type CodeProcess, type LoadError, startCodeProcess } from "./code-process.ts";
import { keepDefinitions, lastDefinitions } from "./last-definitions.ts";
import { watchTables } from "./mapping-tables.ts";
import { sharedSources, watchFiles } from "./watch.ts";
import type { LocationEntry } from "./workspace-file.ts";

export type LocationStatus = "loading" | "loaded" | "error";

/** A location as the host knows it now. */
export interface LocationState {
  entry: LocationEntry;
  status: LocationStatus;
  /** The last definitions that loaded, of an earlier host too; kept while a newer state of the code does not load. */
  snapshot: LocationSnapshot | undefined;
  error: LoadError | undefined;
  /** Grows with every reload: a worker of an older generation takes no new run. */
  generation: number;
  process: CodeProcess | undefined;
  loadedAt: number | undefined;
  loadMs: number | undefined;
}

export interface Workspace {
  locations(): LocationState[];
  location(name: string): LocationState | undefined;
  /** Of all locations of workspace.yaml, also of those that this host does not load. */
  names(): string[];
  graph(): WorkspaceGraph;
  problems(): GraphProblem[];
  /** Loads one location anew; the old code serves until the new one is ready. */
  reload(name: string): Promise<LocationState>;
  /** Loads one more location. */
  add(entry: LocationEntry): Promise<LocationState>;
  /** Starts one more process with the location's present code: a run worker. */
  startWorker(name: string): CodeProcess;
  onChange(listener: (name: string) => void): () => void;
  /** Resolves when no location is loading. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

/** How long (ms) a host that starts waits for locations before it goes by what it knows of them from before. */
export const patienceMs = 10_000;

export interface WorkspaceParams {
  /** The locations to load. */
  entries: readonly LocationEntry[];
  /** All locations of workspace.yaml: the committed keys of those that are not loaded stand as external assets. */
  all: readonly LocationEntry[];
  /** Entries of workspace.yaml that name no location: they stand beside the others with their error. */
  missing?: readonly { name: string; message: string; where: string }[];
  paths: InstancePaths;
  environmentOf(entry: LocationEntry): Environment;
  loadTimeoutMs: number;
  /** Reload a location when its files change. */
  watch: boolean;
  /** Write asset-keys.json and the declarations after a load. */
  writeKeys: boolean;
  log(location: string, line: string): void;
  now(): number;
}

/** Starts the code server of every location and keeps the workspace's graph. */
export function startWorkspace(params: WorkspaceParams): Workspace {
  const { entries, paths } = params;
  const all = [...params.all];
  const states = new Map<string, LocationState>();
  const listeners = new Set<(name: string) => void>();
  const stops: (() => void)[] = [];
  let stopped = false;
  let built: (ReturnType<typeof buildGraph> & { all?: GraphProblem[] }) | undefined;

  function remembered() {
    return all.map((entry) => ({ location: entry.name, keys: readAssetKeys(entry)?.assets ?? [] }));
  }
  /** Built when it is asked for: of many locations that load at once only the last change counts. */
  const names = () => [...all, ...(params.missing ?? [])].map(({ name }) => name);
  const snapshots = () => [...states.values()].flatMap((state) => (state.snapshot ? [state.snapshot] : []));
  const lineage = () => {
    built ??= buildGraph(snapshots(), remembered());
    return built;
  };
  const problems = () => {
    const found = lineage();
    found.all ??= [...found.problems, ...instigatorProblems(found.graph, snapshots(), names())];
    return found.all;
  };
  const changed = (name: string) => {
    built = undefined;
    for (const listener of listeners) listener(name);
  };
  const start = (entry: LocationEntry, worker: boolean): CodeProcess =>
    startCodeProcess({
      entry,
      paths,
      env: params.environmentOf(entry),
      secrets: [...secretVariables, ...(states.get(entry.name)?.snapshot?.secrets ?? [])],
      loadTimeoutMs: params.loadTimeoutMs,
      worker,
      log: (line) => params.log(entry.name, line),
    });

  /** Since the host started it has not loaded: its last definitions stand for it. */
  const restore = (state: LocationState): void => {
    if (state.snapshot) return;
    state.snapshot = lastDefinitions(paths.definitionsOf(state.entry.name));
    if (state.snapshot && state.status === "loading") changed(state.entry.name);
  };
  const gate = startGate(2 * availableParallelism());
  const load = async (state: LocationState): Promise<LocationState> => {
    const generation = ++state.generation;
    const since = params.now();
    const pass = await gate.enter();
    const fresh = start(state.entry, false);
    const patience = setTimeout(() => restore(state), patienceMs).unref();
    const outcome = await fresh.definitions().finally(pass);
    clearTimeout(patience);
    // A newer change has started another load: this one is already old.
    if (generation !== state.generation || stopped) {
      await fresh.stop();
      return state;
    }
    const old = state.process;
    state.loadedAt = params.now();
    state.loadMs = state.loadedAt - since;
    if ("error" in outcome) {
      state.status = "error";
      state.error = outcome.error;
      restore(state);
      await fresh.stop();
    } else {
      state.status = "loaded";
      state.error = undefined;
      state.snapshot = withShortPlaces({ ...outcome.snapshot, name: state.entry.name }, paths.root);
      state.process = fresh;
      keepDefinitions(paths.definitionsOf(state.entry.name), state.snapshot);
      if (params.writeKeys && writeAssetKeys(state.entry, outcome.snapshot)) writeDeclarations(all);
      void fresh.child.exited.then(({ code, signal }) => {
        if (state.process !== fresh || stopped) return;
        // One that ends soon after every start waits longer each time, so that it does not keep the machine busy. A function
        // that ended it is asked elsewhere from now on.
        const soon = !fresh.asked() && params.now() - state.loadedAt! < 10_000;
        const count = soon ? (deaths.get(state) ?? 0) + 1 : 0;
        deaths.set(state, count);
        const delayMs = count > 1 ? Math.min(30_000, 250 * 2 ** count) : 0;
        const ended = `its code server ended (${signal ?? `exit code ${code}`})`;
        params.log(state.entry.name, `${ended}; it is started again${delayMs > 0 ? ` in ${delayMs / 1_000} s` : ""}`);
        if (delayMs > 0) {
          state.status = "error";
          state.error = {
            message: `${ended} ${count} times in a row, each time soon after its start; it is started again in ${delayMs / 1_000} s`,
            where: "",
            hint: fresh.lines.at(-1) ?? "Something in its modules ends the process after they have loaded.",
            stack: fresh.lines.join("\n"),
          };
          changed(state.entry.name);
        }
        const again = () => state.process === fresh && !stopped && void load(state);
        setTimeout(again, delayMs).unref();
      });
      void old?.stop();
    }
    changed(state.entry.name);
    return state;
  };

  const known = (entry: LocationEntry, status: LocationStatus, error?: LoadError): LocationState => {
    const none = { snapshot: undefined, process: undefined, loadedAt: undefined, loadMs: undefined };
    const state: LocationState = { entry, status, error, generation: 0, ...none };
    states.set(entry.name, state);
    return state;
  };
  const begin = (entry: LocationEntry): Promise<LocationState> => {
    const state = known(entry, "loading");
    if (!all.some((one) => one.name === entry.name)) all.push(entry);
    const first = load(state);
    loads.set(state, first);
    if (params.watch) {
      const own = ["src", "package.json", "standins.yaml", ".env", ...entry.watch].map((name) => join(entry.folder, name));
      stops.push(watchFiles(own, () => void reload(entry.name)));
    }
    return first;
  };
  for (const { name, message, where } of params.missing ?? [])
    known({ name, folder: "", entry: "", loader: "node", connections: [], watch: [], where }, "error", {
      message,
      where,
      hint: "",
      stack: "",
    });
  for (const entry of entries) void begin(entry);
  stops.push(watchTables(states, { now: params.now, reload }));
  if (params.watch)
    stops.push(
      watchFiles([...sharedSources(paths.root), join(paths.root, ".env")], () => {
        for (const name of states.keys()) void reload(name);
      }),
    );
  if (params.writeKeys) writeDeclarations(all);

  async function reload(name: string): Promise<LocationState> {
    const state = states.get(name);
    if (!state) throw new Error(`there is no location "${name}"`);
    if (!state.entry.folder) return state;
    const done = load(state);
    loads.set(state, done);
    return done;
  }

  return {
    locations: () => [...states.values()],
    location: (name) => states.get(name),
    names,
    graph: () => lineage().graph,
    problems,
    reload,
    add: begin,
    startWorker: (name) => start(states.get(name)!.entry, true),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async settled() {
      // A change while a location loads starts another load: only the newest one settles it. Once all of it ends none does.
      while (!stopped && [...states.values()].some((state) => state.status === "loading"))
        await Promise.all([...states.values()].map((state) => loads.get(state)));
      await Promise.all([...states.values()].map((state) => loads.get(state)));
    },
    async stop() {
      stopped = true;
      for (const stop of stops) stop();
      await Promise.all([...states.values()].map((state) => state.process?.stop()));
    },
  };
}

/**
 * Lets so many start at one time: twenty processes that start at once on two cores take longer than one after another. One
 * that takes over a second holds nobody back: a location that hangs while it loads must not take others down.
 */
function startGate(width: number): { enter(): Promise<() => void> } {
  const waiting: (() => void)[] = [];
  let inside = 0;
  const leave = () => {
    inside--;
    waiting.shift()?.();
  };
  return {
    async enter() {
      if (inside >= width) await new Promise<void>((resolve) => waiting.push(resolve));
      inside++;
      let gone = false;
      const pass = () => {
        if (gone) return;
        gone = true;
        clearTimeout(timer);
        leave();
      };
      const timer = setTimeout(pass, 1_000).unref();
      return pass;
    },
  };
}

/** Places in the repository relative to it: the same on every machine, and short enough to read. */
function withShortPlaces(snapshot: LocationSnapshot, root: string): LocationSnapshot {
  const short = <T extends { where?: string }>(items: T[]): T[] =>
    items.map((item) => (item.where?.startsWith(`${root}/`) ? { ...item, where: item.where.slice(root.length + 1) } : item));
  const { assets, jobs, schedules, sensors } = snapshot;
  return { ...snapshot, assets: short(assets), jobs: short(jobs), schedules: short(schedules), sensors: short(sensors) };
}

/** How often in a row a location's code server ended soon after its start. */
const deaths = new WeakMap<LocationState, number>();
const loads = new WeakMap<LocationState, Promise<LocationState>>();
