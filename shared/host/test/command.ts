import { joinHost } from "../src/join.ts";

// A command that starts a host, holds its lease and waits to be killed.
const [root, home] = process.argv.slice(2) as [string, string];
await joinHost({ root, home, port: 0, watch: false, writeKeys: false, lingerMs: 500, daemon: false });
setInterval(() => {}, 1_000);
