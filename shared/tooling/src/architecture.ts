import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";

/** Who may import whom. Everything absent is forbidden; `tests` holds for test files and devDependencies only. */
export const allowed: Record<string, { src: string[]; tests: string[] }> = {
  "@kc/runtime": { src: [], tests: [] },
  "@kc/connections": { src: [], tests: [] },
  "@kc/lakehouse": { src: [], tests: [] },
  "@kc/sql-dialect": { src: [], tests: [] },
  "@kc/dbt": { src: [], tests: [] },
  "@kc/tooling": { src: [], tests: [] },
  "@kc/storage": { src: ["@kc/runtime"], tests: ["@kc/standin-postgres"] },
  "@kc/connector-databricks": { src: ["@kc/runtime", "@kc/connections"], tests: ["@kc/standin-databricks"] },
  "@kc/connector-postgres": { src: ["@kc/runtime", "@kc/connections"], tests: ["@kc/standin-postgres"] },
  "@kc/connector-replication": {
    src: ["@kc/runtime", "@kc/connections", "@kc/connector-postgres", "@kc/connector-databricks"],
    tests: ["@kc/standin-postgres", "@kc/standin-databricks", "@kc/bench"],
  },
  "@kc/connector-dbt": {
    src: ["@kc/runtime", "@kc/connections", "@kc/dbt"],
    tests: ["@kc/standin-dbt-cloud", "@kc/standin-databricks"],
  },
  "@kc/standin-databricks": { src: ["@kc/lakehouse", "@kc/sql-dialect"], tests: ["@kc/connector-databricks"] },
  "@kc/standin-dbt-cloud": {
    src: ["@kc/dbt", "@kc/connector-databricks"],
    tests: ["@kc/standin-databricks", "@kc/connector-dbt"],
  },
  "@kc/standin-postgres": { src: [], tests: [] },
  // The host spawns stand-ins and never imports one; as devDependencies they make turbo run its tests again when they change.
  "@kc/host": {
    src: ["@kc/runtime", "@kc/storage", "@kc/connections"],
    tests: ["@kc/standin-databricks", "@kc/standin-dbt-cloud", "@kc/standin-postgres"],
  },
  "@kc/ui": { src: ["@kc/host"], tests: [] },
  "@kc/cli": {
    src: ["@kc/host", "@kc/connections", "@kc/connector-postgres", "@kc/connector-databricks", "@kc/dbt", "@kc/bench"],
    tests: [],
  },
  "@kc/bench": {
    src: [
      "@kc/runtime",
      "@kc/storage",
      "@kc/host",
      "@kc/connections",
      "@kc/connector-postgres",
      "@kc/connector-databricks",
      "@kc/connector-replication",
      "@kc/standin-postgres",
      "@kc/standin-databricks",
      "@kc/lakehouse",
      "@kc/dbt",
      "@kc/cli",
    ],
    tests: [],
  },
  "@loc/*": {
    src: ["@kc/runtime", "@kc/connector-databricks", "@kc/connector-postgres", "@kc/connector-replication", "@kc/connector-dbt"],
    tests: ["@kc/host"],
  },
};

/** What some importers may use of a package: an entry of its `exports`. Absent: any. */
const entries: Record<string, string[]> = {
  "@kc/ui -> @kc/host": ["@kc/host/client", "@kc/host/testing"],
  "@kc/storage -> @kc/runtime": ["@kc/runtime/internal", "@kc/runtime/testing"],
  "@kc/host -> @kc/runtime": ["@kc/runtime/internal", "@kc/runtime/load", "@kc/runtime/serve"],
  "@kc/standin-dbt-cloud -> @kc/connector-databricks": ["@kc/connector-databricks/client"],
  "@loc/* -> @kc/runtime": ["@kc/runtime", "@kc/runtime/testing"],
  "@loc/* -> @kc/host": ["@kc/host/testing"],
};

export interface Package {
  name: string;
  folder: string;
  dependencies: string[];
  devDependencies: string[];
}

/** All packages of the workspace. */
export function packages(root: string): Package[] {
  return ["shared", "shared/connectors", "shared/standins", "locations"].flatMap((parent) =>
    readdirSync(join(root, parent))
      .map((name) => join(root, parent, name))
      .filter((folder) => existsSync(join(folder, "package.json")) && !folder.endsWith("shared/toolchain"))
      .map((folder) => {
        const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Record<
          string,
          Record<string, string>
        > & { name: string };
        return {
          name: manifest.name,
          folder,
          dependencies: Object.keys(manifest.dependencies ?? {}),
          devDependencies: Object.keys(manifest.devDependencies ?? {}),
        };
      }),
  );
}

const ruleOf = (name: string) => allowed[name.startsWith("@loc/") ? "@loc/*" : name];
const ours = (name: string): boolean => name.startsWith("@kc/") || name.startsWith("@loc/");

/** Every breach of the table: in manifests and in imports. */
export function breaches(root: string): string[] {
  const found: string[] = [];
  for (const { name, folder, dependencies, devDependencies } of packages(root)) {
    const rule = ruleOf(name);
    if (!rule) {
      found.push(`${name} is not in the table of shared/tooling/src/architecture.ts`);
      continue;
    }
    for (const dependency of dependencies.filter(ours))
      if (!rule.src.includes(dependency)) found.push(`${name}: package.json depends on ${dependency}`);
    for (const dependency of devDependencies.filter(ours))
      if (dependency !== "@kc/tooling" && ![...rule.src, ...rule.tests].includes(dependency))
        found.push(`${name}: package.json depends on ${dependency} in tests`);
    for (const file of sources(folder)) {
      const test = /\.(test|testsuite|test-d)\.tsx?$|\/test\//.test(file);
      for (const specifier of imports(readFileSync(file, "utf8"))) {
        const place = `${relative(root, file)} imports ${specifier}`;
        if (specifier.startsWith(".") && leaves(folder, file, specifier)) found.push(`${place}: a path into another package`);
        if (!ours(specifier)) continue;
        const target = specifier.split("/").slice(0, 2).join("/");
        if (target === name || target === "@kc/tooling") continue;
        const may = test ? [...rule.src, ...rule.tests] : rule.src;
        if (!may.includes(target)) found.push(place);
        const only = entries[`${name.startsWith("@loc/") ? "@loc/*" : name} -> ${target}`];
        // Tests also write definitions as a team does, and run contract suites.
        const doors = test ? [...(only ?? []), target, `${target}/testing`] : only;
        if (only && !doors!.includes(specifier)) found.push(`${place}: only ${only.join(", ")}`);
      }
    }
  }
  return found;
}

function leaves(folder: string, file: string, specifier: string): boolean {
  return relative(folder, join(file, "..", specifier)).startsWith("..");
}

/** TypeScript sources of a package. */
export function sources(folder: string): string[] {
  const found: string[] = [];
  const walk = (at: string) => {
    for (const name of readdirSync(at)) {
      if (name === "node_modules" || name === "dist" || name === "gen" || name.startsWith(".")) continue;
      const path = join(at, name);
      if (statSync(path).isDirectory()) walk(path);
      else if (/\.tsx?$/.test(name) && !name.endsWith(".d.ts")) found.push(path);
    }
  };
  for (const part of ["src", "test"]) if (existsSync(join(folder, part))) walk(join(folder, part));
  return found;
}

/** Module specifiers of static and dynamic imports and re-exports. */
export function imports(text: string): string[] {
  return [...text.matchAll(/(?:^|[\s;(])(?:import|from)\s*\(?\s*["']([^"'\n]+)["']/g)].map((match) => match[1]!);
}
