import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { env, resource } from "@kc/runtime";
import { z } from "zod";

/** The location's own folder below OUTPUT_DIR, made when it is missing. */
export const outputDir = resource({
  description: "The location's folder below OUTPUT_DIR",
  schema: z.object({ folder: z.string().min(1) }),
  config: { folder: env("OUTPUT_DIR") },
  async setup({ folder }, { location }) {
    const own = join(folder, location.name);
    await mkdir(own, { recursive: true });
    return own;
  },
});
