// Preloaded (`--import`) into every Node process that the host starts. A thread waits on the pipe that the parent holds
// open as file descriptor 3; when the parent is gone, however it ended, the pipe closes and the thread ends the whole
// process group. A thread, so that code that loops for ever ends too.
import { fstatSync } from "node:fs";
import { isMainThread, Worker } from "node:worker_threads";

if (isMainThread && process.env.KC_WATCHDOG_FD) {
  const fd = Number(process.env.KC_WATCHDOG_FD);
  delete process.env.KC_WATCHDOG_FD;
  let open = false;
  try {
    fstatSync(fd);
    open = true;
  } catch {
    // Started by hand with the variable left over: there is nothing to watch.
  }
  if (open) {
    const source = `
      const { readSync } = require("node:fs");
      const byte = Buffer.alloc(1);
      for (;;) {
        try { if (readSync(${fd}, byte, 0, 1, null) === 0) break; }
        catch (error) {
          if (error.code !== "EAGAIN" && error.code !== "EINTR") break;
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
        }
      }
      try { process.kill(-process.pid, "SIGKILL"); } catch {}
      process.kill(process.pid, "SIGKILL");
    `;
    new Worker(source, { eval: true, execArgv: [], stdin: false }).unref();
  }
}
