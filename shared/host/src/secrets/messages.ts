import { type LocationSnapshot, type NewEvent, UserError } from "@kc/runtime/load";
import type { LoadError } from "../code-server/load-error.ts";
import type { TickAnswer } from "../code-server/tick.ts";
import type { Redactor } from "./redactor.ts";

// What leaves a code server or a worker, and which parts of it are text for people. The others are names that the rest of
// kc goes by: a name is never rewritten.

interface Messages {
  event: NewEvent;
  answer: Omit<TickAnswer, "logs"> & Partial<Pick<TickAnswer, "logs">>;
  snapshot: LocationSnapshot;
  error: LoadError;
}

const texts: { [K in keyof Messages]: ReadonlySet<string> } = {
  event: new Set(["message", "error", "metadata", "fields", "description"]),
  answer: new Set(["message", "metadata", "description", "skip"]),
  snapshot: new Set(["description", "metadata", "tags", "config", "schema", "warnings"]),
  error: new Set(["message", "where", "hint", "stack"]),
};

/** A message with `***` in place of secrets in its texts; the very same one when it holds none. */
export function withoutSecrets<K extends keyof Messages>(kind: K, message: Messages[K], secrets: Redactor): Messages[K] {
  return secrets.suspects(JSON.stringify(message)) ? secrets.within(message, texts[kind]) : message;
}

/** The same as JSON, spelled once: definitions are long. */
export function spelledWithoutSecrets<K extends keyof Messages>(kind: K, message: Messages[K], secrets: Redactor): string {
  const spelled = JSON.stringify(message);
  return secrets.suspects(spelled) ? JSON.stringify(secrets.within(message, texts[kind])) : spelled;
}

/**
 * What a function asks for cannot be rewritten: it would ask for something else.
 * @throws UserError when it holds a secret, with the place.
 */
export function refuseSecrets(what: string, asked: Readonly<Record<string, unknown>>, secrets: Redactor): void {
  for (const [part, value] of Object.entries(asked)) {
    if (value === undefined) continue;
    const spelled = JSON.stringify(value);
    if (secrets.suspects(spelled) && JSON.stringify(secrets.value(value)) !== spelled)
      throw new UserError(
        `${what}: its ${part} hold${part.endsWith("s") ? "" : "s"} the value of a secret variable: what it asks for is kept and shown`,
        {
          hint: 'Name the variable instead, and read it where it is needed: env("NAME") in a resource.',
        },
      );
  }
}
