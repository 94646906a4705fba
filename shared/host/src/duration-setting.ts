import { durationMs } from "@kc/runtime/internal";
import { z } from "zod";

const write = "write a number and its unit, as in 500ms, 30s, 5m, 2h, 1d or 1h30m";

/** A duration of kc.yaml: text with a unit, milliseconds once it is read. */
export const durationSetting = z
  .string({
    error: ({ input }) => {
      if (input === undefined) return undefined;
      return typeof input === "number" ? `${input} has no unit: ${write}` : `is not a duration: ${write}`;
    },
  })
  .transform((text, context) => {
    try {
      return durationMs(text);
    } catch {
      context.addIssue({ code: "custom", message: `"${text}" is not a duration: ${write}` });
      return z.NEVER;
    }
  });
