import { access, constants, mkdir } from "node:fs/promises";
import { env, resource, UserError } from "@kc/runtime";
import { z } from "zod";

/** The folder of OUTPUT_DIR, made when it is missing. */
export const outputDir = resource({
  description: "Folder of OUTPUT_DIR",
  schema: z.object({ folder: z.string().min(1) }),
  config: { folder: env("OUTPUT_DIR") },
  async setup({ folder }) {
    try {
      await mkdir(folder, { recursive: true });
      await access(folder, constants.W_OK);
    } catch (error) {
      throw new UserError(`OUTPUT_DIR ${folder} cannot be written to: ${(error as Error).message}`, {
        hint: "Set OUTPUT_DIR to a folder of yours.",
      });
    }
    return folder;
  },
});
