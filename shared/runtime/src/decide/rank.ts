/** What has waited this long (ms) counts as one priority higher. */
const ageingMs = 10 * 60_000;

/** Priority of the tag `kc/priority`: a whole number, default 0. */
export const priorityOf = (tags: Readonly<Record<string, string>> | undefined): number =>
  Number.parseInt(tags?.["kc/priority"] ?? "0", 10) || 0;

/** The priority of what waits since `since`, raised by its age, so that nothing starves. Instants in ms. */
export const rankOf = (priority: number, since: number, now: number): number =>
  priority + Math.floor(Math.max(0, now - since) / ageingMs);
