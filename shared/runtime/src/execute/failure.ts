import { errorText, type UserError } from "../errors.ts";
import type { NewEvent } from "../event.ts";
import { ownFrames } from "./own-frames.ts";

/** What an event keeps of anything thrown. A user error needs no stack. */
export function failureOf(error: unknown): NonNullable<NewEvent["error"]> {
  // Another location's copy of this package throws another class of the same name.
  const known = error instanceof Error && error.name === "UserError" ? (error as UserError) : undefined;
  if (known)
    return {
      message: known.message,
      user: true,
      ...(known.where ? { where: known.where } : {}),
      ...(known.hint ? { hint: known.hint } : {}),
    };
  const stack =
    error instanceof Error
      ? [error.stack, error.cause instanceof Error ? `caused by ${error.cause.stack}` : undefined].filter(Boolean).join("\n")
      : undefined;
  return { message: errorText(error), user: false, ...(stack ? { stack: ownFrames(stack) } : {}) };
}
