import { durationMs } from "./duration.ts";
import { UserError } from "./errors.ts";

const whole = (least: number) => (value: string) => /^-?\d{1,9}$/.test(value) && Number(value) >= least;

/** Tags that the queue and the launcher read, with what they must look like. */
const rules: Record<string, { fits(value: string): boolean; is: string }> = {
  "kc/priority": { fits: whole(Number.NEGATIVE_INFINITY), is: "a whole number" },
  "kc/max_retries": { fits: whole(0), is: "a whole number from 0" },
  "kc/max_concurrent": { fits: whole(1), is: "a whole number from 1" },
  "kc/checks": { fits: (value) => value === "only", is: "only: the run carries out checks and makes nothing" },
  "kc/retry_strategy": { fits: (value) => value === "from_failure" || value === "all_steps", is: "from_failure or all_steps" },
  "kc/max_runtime": {
    fits: (value) => {
      try {
        return durationMs(value) > 0;
      } catch {
        return false;
      }
    },
    is: 'a duration such as "30m"',
  },
};

/**
 * The tags of a definition, once every run that gets them could be queued.
 * @param whose Whose they are, for the message: `job "load"`.
 * @throws UserError as `checkRunTags` does.
 */
export function runTagsOf(whose: string, tags: Record<string, string>): Record<string, string> {
  try {
    checkGivenTags(tags);
  } catch (error) {
    throw new UserError(`${whose}: ${(error as Error).message}`);
  }
  return tags;
}

/**
 * Tags as people and their code give them.
 * @throws UserError as `checkRunTags` does, and at a tag that only kc sets: others go by what it says.
 */
export function checkGivenTags(tags: Readonly<Record<string, string>>): void {
  checkRunTags(tags);
  for (const name of Object.keys(tags))
    if (name.startsWith("kc/") && !Object.hasOwn(rules, name))
      throw new UserError(`tag ${name} is one that kc sets itself`, {
        hint: `Of the tags that begin with kc/ these are yours to set: ${Object.keys(rules).join(", ")}.`,
      });
}

/** More tell nobody anything, and each is read with every run. */
const mostTags = 200;

/** @throws UserError when a tag that steers the run says what cannot be done, or when not every database could keep a tag. */
export function checkRunTags(tags: Readonly<Record<string, string>>): void {
  const count = Object.keys(tags).length;
  if (count > mostTags) throw new UserError(`a run has at most ${mostTags} tags, not ${count}`);
  for (const [name, value] of Object.entries(tags)) {
    if (`${name}${value}`.includes("\0")) throw new UserError(`tag ${JSON.stringify(name)}: a NUL cannot be kept`);
    // Half of a surrogate pair: a text of UTF-16 that is none of Unicode.
    if (!name.isWellFormed() || !value.isWellFormed())
      throw new UserError(`tag ${JSON.stringify(name)}: half a character (a lone surrogate) cannot be kept`);
  }
  for (const [name, { fits, is }] of Object.entries(rules)) {
    const value = tags[name];
    if (value !== undefined && !fits(value)) throw new UserError(`tag ${name}: "${value}" is not ${is}`);
  }
}
