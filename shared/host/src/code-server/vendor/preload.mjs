// Preloaded (`--import`) into the program behind a code location: what that program imports of others' packages comes from
// the one file that KC_VENDOR names (see bundle.ts). A team's own imports of the same packages are its own.
import { registerHooks } from "node:module";
import { pathToFileURL } from "node:url";

const file = process.env.KC_VENDOR;
if (file) {
  delete process.env.KC_VENDOR;
  const url = pathToFileURL(file).href;
  const ours = new URL("../../", import.meta.url).href;
  const bundled = new Set(["@bufbuild/protobuf/wire", "@grpc/grpc-js"]);
  registerHooks({
    resolve: (specifier, context, next) =>
      bundled.has(specifier) && context.parentURL?.startsWith(ours)
        ? { url, format: "module", shortCircuit: true }
        : next(specifier, context),
  });
}
