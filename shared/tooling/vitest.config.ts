import { vitestBase } from "./src/vitest-base.ts";

export default vitestBase();
