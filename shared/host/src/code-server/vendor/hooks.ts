import { registerHooks } from "node:module";
import { pathToFileURL } from "node:url";

const ours = new URL("../../", import.meta.url).href;
const bundled = new Set(["@bufbuild/protobuf/wire", "@grpc/grpc-js"]);

/** What the program behind a location imports of others' packages comes from one file from now on; a team's own imports do not. */
export function takeFromBundle(file: string): void {
  const url = pathToFileURL(file).href;
  registerHooks({
    resolve: (specifier, context, next) =>
      bundled.has(specifier) && context.parentURL?.startsWith(ours)
        ? { url, format: "module", shortCircuit: true }
        : next(specifier, context),
  });
}
