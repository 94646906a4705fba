import { instigatorCommand } from "../instigators.ts";

export const command = instigatorCommand("sensors", {
  options: {
    limit: { type: "string", short: "n", value: "N", of: ["ticks"], description: "So many ticks (default 20)" },
    cursor: { type: "string", value: "TEXT", of: ["preview"], description: "With this cursor instead of its own" },
  },
  examples: [
    ["kc sensors list", "whether each is on, and what drives it"],
    ["kc sensors preview files", "ask it now; no run, event or cursor comes of it"],
    ["kc sensors tick files", "ask it now, for real"],
    ["kc sensors ticks files", "what its last ticks came to"],
    ["kc sensors reset-cursor files", "begin anew; its run keys stay spent"],
  ],
});
