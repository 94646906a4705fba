import { instigatorCommand } from "../instigators.ts";

export const command = instigatorCommand("schedules", {
  options: {
    limit: {
      type: "string",
      short: "n",
      value: "N",
      of: ["preview", "ticks"],
      description: "So many ticks (default 5 to come, 20 that were)",
    },
    at: { type: "string", value: "INSTANT", of: ["preview"], description: "The tick of this instant" },
  },
  examples: [
    ["kc schedules list", "whether each is on, and when it ticks next"],
    ["kc schedules on nightly", "from now on; what it missed while it was off does not count"],
    ["kc schedules preview nightly --limit 10", "its next ticks, and what the first would do"],
    ["kc schedules preview nightly --at 2026-03-29T00:30:00Z", "what its tick of an instant would do; nothing is done"],
    ["kc schedules tick nightly", "make a tick now"],
    ["kc schedules ticks nightly", "what its last ticks came to"],
  ],
});
