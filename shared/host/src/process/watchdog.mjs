// Preloaded (`--import`) into every Node process that the host starts. A thread waits on the socket that the parent holds
// open as file descriptor 3; when the parent is gone, however it ended, the socket closes and the thread ends the whole
// process group. A thread, so that code that loops for ever ends too; one with an event loop of its own, because a
// thread in a blocking read would keep the process from exiting.
import { fstatSync } from "node:fs";
import { isMainThread, Worker } from "node:worker_threads";

if (isMainThread && process.env.KC_WATCHDOG_FD) {
  const fd = Number(process.env.KC_WATCHDOG_FD);
  delete process.env.KC_WATCHDOG_FD;
  let open = false;
  try {
    open = fstatSync(fd).isSocket() || fstatSync(fd).isFIFO();
  } catch {
    // Started by hand with the variable left over: there is nothing to watch.
  }
  if (open) {
    const source = `
      const { Socket } = require("node:net");
      const { readdirSync, readFileSync } = require("node:fs");
      const mark = ${JSON.stringify(process.env.KC_PROCESS ? `KC_PROCESS=${process.env.KC_PROCESS}` : "")};
      // What left the process group, by the mark in its environment (see sweep.ts).
      const sweep = () => {
        for (const name of readdirSync("/proc"))
          try {
            const pid = Number(name);
            if (!(pid > 0) || pid === process.pid) continue;
            if (readFileSync("/proc/" + pid + "/environ", "latin1").split(String.fromCharCode(0)).includes(mark))
              process.kill(pid, "SIGKILL");
          } catch {}
      };
      const end = () => {
        try { if (mark) sweep(); } catch {}
        try { process.kill(-process.pid, "SIGKILL"); } catch {}
        process.kill(process.pid, "SIGKILL");
      };
      new Socket({ fd: ${fd}, readable: true, writable: false }).on("error", () => {}).on("close", end).resume();
    `;
    new Worker(source, { eval: true, execArgv: [], stdin: false }).unref();
  }
}
