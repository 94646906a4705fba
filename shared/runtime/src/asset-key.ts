import { UserError } from "./errors.ts";

/**
 * Every asset key of the workspace. kc fills this interface from the committed `asset-keys.json` files
 * (`src/asset-keys.d.ts` of a location), so that a dependency on a key that exists nowhere does not compile.
 */
// biome-ignore lint/suspicious/noEmptyInterface: filled by declaration merging
export interface KnownAssets {}

/** The key of an asset of any location of the workspace: any string while nothing is generated yet. */
export type AssetKey = keyof KnownAssets extends never ? string : Extract<keyof KnownAssets, string>;

const part = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;

/**
 * The key itself, once its form is right: parts of letters, digits, `_`, `-` and `.`, joined by `/`.
 * @throws UserError naming the offending part.
 */
export function parseAssetKey(key: string): string {
  if (typeof key !== "string" || key.length === 0)
    throw new UserError("an asset key is empty", { hint: 'Write parts joined by "/": "team/orders".' });
  if (key.length > 512) throw new UserError(`asset key "${key.slice(0, 40)}…" is longer than 512 characters`);
  for (const name of key.split("/"))
    if (!part.test(name))
      throw new UserError(`asset key "${key}" has the bad part "${name}"`, {
        hint: 'A part is letters, digits, "_", "-" and ".": "team/orders".',
      });
  return key;
}
