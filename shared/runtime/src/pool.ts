import { UserError } from "./errors.ts";

/** What a step takes of a pool while it runs. */
export interface PoolUse {
  name: string;
  /** Slots it takes, from 1. */
  weight: number;
}

/** As an author writes it: the name alone takes one slot. */
export type PoolOption = string | { name: string; weight?: number };

/** @throws UserError when the name is empty or the weight is no whole number from 1. */
export function poolUse(step: string, option: PoolOption | undefined): PoolUse | undefined {
  if (option === undefined) return undefined;
  const { name, weight = 1 } = typeof option === "string" ? { name: option } : option;
  if (typeof name !== "string" || !/^[\w./-]{1,100}$/.test(name))
    throw new UserError(`step "${step}": pool "${String(name)}" is no name of a pool`, {
      hint: "Up to 100 letters, digits, and _ . / -",
    });
  if (!Number.isInteger(weight) || weight < 1)
    throw new UserError(`step "${step}": the weight of pool "${name}" must be a whole number from 1`);
  return { name, weight };
}
