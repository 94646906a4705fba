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
    // A file is watched through its folder: editors and generators replace it by another one of the same name.
    const watcher = statSync(path).isDirectory()
      ? watch(path, { recursive: true, persistent: false }, (_event, name) => changed(name ? join(path, String(name)) : path))
      : watch(dirname(path), { persistent: false }, (_event, name) => {
          if (name === basename(path)) changed(path);
        });
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
