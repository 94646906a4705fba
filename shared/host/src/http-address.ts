import { z } from "zod";

/** An http(s) address of kc.yaml. A message never has the value: one that lets write to a channel is a secret. */
export const httpAddress = z.url({
  protocol: /^https?$/,
  error: ({ input }) => (input === undefined ? undefined : "is no http(s) address"),
});
