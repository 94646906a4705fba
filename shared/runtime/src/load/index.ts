// For the program behind a code location while it loads definitions: without what carries out runs, so that many locations
// that start at once do so sooner. Each module costs a process's start a fraction of a millisecond.

export type { DefinitionParts } from "../component.ts";
export { didYouMean, errorText, UserError } from "../errors.ts";
export type { NewEvent } from "../event.ts";
export { failureOf } from "../execute/failure.ts";
export type { LocationDefinition } from "../location.ts";
export type { LocationPaths, Logger } from "../resource.ts";
export type { LocationSnapshot } from "../snapshot.ts";
export { assembleLocation, type LoadedLocation } from "./assemble.ts";
export { defsYamlReader } from "./defs-yaml-reader.ts";
