import { parentPort, workerData } from "node:worker_threads";

/**
 * Runs in a thread of a run's process: ends it when its server is gone, also while a template loops without end. The server's pid comes
 * from the server itself: asked for here, it could already be that of the process that inherits orphans.
 */
const { server } = workerData as { server: number };
const look = () => {
  if (process.ppid !== server) process.kill(process.pid, "SIGKILL");
};
look();
setInterval(look, 1_000);
parentPort!.postMessage("watching");
