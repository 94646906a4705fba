// DuckDB runs each statement on a thread of libuv's pool, whose size is fixed when it is first used: hence before anything else is loaded.
process.env.UV_THREADPOOL_SIZE ??= "24";
const { main } = await import("./process.ts");
await main();

export {};
