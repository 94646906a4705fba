import { existsSync, type FSWatcher, readdirSync, statSync, watch } from "node:fs";
import { basename, dirname, join, sep } from "node:path";

const ignored =
  /(^|[\\/])(node_modules|\.git|\.turbo|dist|target|output)([\\/]|$)|test-results\.json$|asset-keys\.(json|d\.ts)$|~$|\.sw.$|\.tmp$/;

/**
 * Calls back, once for a burst of changes, when a file below one of the folders (or one of the files) changes.
 * Returns how to stop.
 */
export function watchFiles(paths: readonly string[], onChange: (file: string) => void, quietMs = 30): () => void {
  const watchers: FSWatcher[] = [];
  let timer: NodeJS.Timeout | undefined;
  let last = "";
  const changed = (file: string) => {
    if (ignored.test(file)) return;
    last = file;
    clearTimeout(timer);
    timer = setTimeout(() => onChange(last), quietMs);
  };
  for (const path of paths.filter((one) => existsSync(one))) {
    const directory = statSync(path).isDirectory();
    const watcher = watch(path, { recursive: directory, persistent: false }, (_event, name) =>
      changed(directory && name ? join(path, String(name)) : path),
    );
    watcher.on("error", () => {});
    watchers.push(watcher);
  }
  return () => {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  };
}

/** Source folders of the packages that every location may import: a change there reloads all of them. */
export function sharedSources(root: string): string[] {
  const found: string[] = [];
  for (const name of ["runtime", "connectors"]) {
    const folder = join(root, "shared", name);
    if (!existsSync(folder)) continue;
    if (name === "runtime") found.push(join(folder, "src"));
    else found.push(...readdirSync(folder).map((one) => join(folder, one, "src")));
  }
  return found.map((path) => path.replaceAll(sep, "/"));
}
