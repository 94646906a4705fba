import type { Command } from "../command.ts";
import { turbo } from "../turbo.ts";

export const command: Command = {
  summary: "Build the web UI (cached; kc dev does it when it is missing).",
  usage: "",
  examples: [["kc build", "build shared/ui into shared/ui/dist"]],
  run: ({ context }) => turbo(context, ["run", "build", "--filter=@kc/ui", "--output-logs=new-only"]),
};
