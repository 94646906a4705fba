import { instigatorCommand } from "../instigators.ts";

export const command = instigatorCommand("sensors", {
  options: {
    count: { type: "string", short: "n", value: "N", description: "ticks: how many (default 20)" },
    cursor: { type: "string", value: "TEXT", description: "preview: with this cursor instead of its own" },
  },
  examples: [
    ["kc sensors list", "whether each is on, and what drives it"],
    ["kc sensors preview files", "ask it now; no run, event or cursor comes of it"],
    ["kc sensors tick files", "ask it now, for real"],
    ["kc sensors reset-cursor files", "begin anew; its run keys stay spent"],
  ],
});
