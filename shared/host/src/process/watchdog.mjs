// Preloaded (`--import`) into every Node process that the host starts: it waits on the socket that the host holds open as
// file descriptor 3, and when the host is gone ends the whole process group. Code that never gives way does not hear it:
// that is what the host's reaper is for (see reaper.ts).
import { fstatSync } from "node:fs";
import { Socket } from "node:net";
import { isMainThread } from "node:worker_threads";

if (isMainThread && process.env.KC_WATCHDOG_FD) {
  const fd = Number(process.env.KC_WATCHDOG_FD);
  delete process.env.KC_WATCHDOG_FD;
  let open = false;
  try {
    open = fstatSync(fd).isSocket() || fstatSync(fd).isFIFO();
  } catch {
    // Started by hand with the variable left over: there is nothing to watch.
  }
  const end = () => {
    try {
      process.kill(-process.pid, "SIGKILL");
    } catch {
      // It leads no group.
    }
    process.kill(process.pid, "SIGKILL");
  };
  if (open)
    new Socket({ fd, readable: true, writable: false })
      .on("error", () => {})
      .on("close", end)
      .resume()
      .unref();
}
