/** The part of JSON Schema that zod writes and that a form is made of. */
export interface JsonSchema {
  type?: string | string[];
  title?: string;
  description?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  items?: JsonSchema;
  minimum?: number;
  $ref?: string;
  $defs?: Record<string, JsonSchema>;
}

export type Json = Record<string, unknown>;

/** A schema with its reference followed, and of several alternatives the first that is not null. */
export function resolved(schema: JsonSchema, root: JsonSchema, depth = 0): JsonSchema {
  if (depth > 20) return {};
  const name = schema.$ref === "#" ? "" : schema.$ref?.match(/^#\/(?:\$defs|definitions)\/(.+)$/)?.[1];
  if (name !== undefined) return resolved(name === "" ? root : (root.$defs?.[name] ?? {}), root, depth + 1);
  const choices = schema.anyOf ?? schema.oneOf;
  if (!choices) return schema;
  const { anyOf: _, oneOf: __, ...own } = schema;
  const chosen = choices.find((one) => one.type !== "null") ?? {};
  return { ...resolved(chosen, root, depth + 1), ...own };
}

export const typeOf = ({ type }: JsonSchema): string | undefined =>
  Array.isArray(type) ? type.find((one) => one !== "null") : type;

/** A config to begin from: everything that is demanded or has a default, with empty values for the rest of it. */
export function scaffold(given: JsonSchema, root: JsonSchema = given, depth = 0): unknown {
  const schema = resolved(given, root);
  if (schema.default !== undefined) return schema.default;
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return schema.enum[0];
  switch (typeOf(schema)) {
    case "object": {
      const fields = Object.entries(schema.properties ?? {}).filter(
        ([name, field]) => schema.required?.includes(name) || resolved(field, root).default !== undefined,
      );
      return depth > 8 ? {} : Object.fromEntries(fields.map(([name, field]) => [name, scaffold(field, root, depth + 1)]));
    }
    case "array":
      return [];
    case "boolean":
      return false;
    case "number":
    case "integer":
      return Math.max(0, schema.minimum ?? 0);
    case "string":
      return "";
    default:
      return null;
  }
}

/** A value with one field changed; undefined takes it out. */
export function changed(value: Json, name: string, to: unknown): Json {
  const { [name]: _, ...rest } = value;
  return to === undefined ? rest : { ...value, [name]: to };
}
