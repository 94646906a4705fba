import { vitestBase } from "@kc/tooling/vitest";

export default vitestBase({ globalSetup: "test/build.ts" });
