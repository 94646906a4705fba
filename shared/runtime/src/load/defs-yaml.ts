import { type Document, isCollection, isPair, isScalar, LineCounter, type Node, parseDocument } from "yaml";
import { z } from "zod";
import type { Component } from "../component.ts";
import { didYouMean, errorText, UserError } from "../errors.ts";
import { issueWords } from "../issue-words.ts";
import { fillTemplate, type TemplateScope } from "./template.ts";

const schema = z.strictObject({
  type: z.string(),
  attributes: z.unknown().optional(),
  requirements: z.strictObject({ env: z.array(z.string()).optional() }).optional(),
});

/** A `defs.yaml` that fits its component. */
export interface ComponentUse {
  component: Component;
  attributes: unknown;
  at(...path: (string | number)[]): string;
  warnings: string[];
}

/**
 * Reads a defs.yaml: syntax, `type`, templates, attributes against the component's schema, `requirements.env`.
 * @param file shown in errors, as in `src/defs/x/defs.yaml:3:5`.
 * @throws UserError with file, line and column; all unset variables are named in one error.
 */
export function readDefsYaml(text: string, file: string, components: readonly Component[], scope: TemplateScope): ComponentUse {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const place = (offset: number | undefined): string => {
    const { line, col } = lines.linePos(offset ?? 0);
    return `${file}:${Math.max(1, line)}:${Math.max(1, col)}`;
  };
  const syntax = document.errors[0];
  if (syntax) throw new UserError(syntax.message.split("\n")[0]!.replace(/ at line.*$/, ""), { where: place(syntax.pos[0]) });
  const at = (...path: (string | number)[]): string => {
    // The deepest part of the path that stands in the file: a missing key is shown at its parent.
    for (let length = path.length; length > 0; length--) {
      const parent = length === 1 ? document.contents : (document.getIn(path.slice(0, length - 1), true) as Node | null);
      const name = path[length - 1];
      if (isCollection(parent)) {
        const pair = parent.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === name);
        if (isPair(pair) && isScalar(pair.key)) return place(pair.key.range?.[0]);
        const item = typeof name === "number" ? (parent.items[name] as Node | undefined) : undefined;
        if (item?.range) return place(item.range[0]);
      }
    }
    return place(0);
  };
  const variables = new Set<string>();
  const missing = new Map<string, string>();
  const fill = (value: unknown, path: (string | number)[]): unknown => {
    if (typeof value === "string" && value.includes("{{")) {
      const result = fillTemplate(value, scope, at(...path));
      for (const name of result.variables) variables.add(name);
      for (const name of result.missing) if (!missing.has(name)) missing.set(name, at(...path));
      return result.value;
    }
    if (Array.isArray(value)) return value.map((item, index) => fill(item, [...path, index]));
    if (value && typeof value === "object")
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fill(item, [...path, key])]));
    return value;
  };
  const raw = valuesOf(document, place(0));
  const shape = schema.safeParse(raw, { error: issueWords });
  if (!shape.success) throw issueError(shape.error.issues[0]!, [], at);
  const component = components.find((one) => one.type === shape.data.type);
  if (!component) {
    const names = components.map((one) => one.type);
    throw new UserError(`there is no component "${shape.data.type}".${didYouMean(shape.data.type, names)}`, {
      where: at("type"),
      hint: `This location offers ${names.join(", ") || "none"}: see defineLocation({ components }).`,
    });
  }
  const filled = fill(shape.data.attributes ?? {}, ["attributes"]);
  const declared = shape.data.requirements?.env ?? [];
  for (const [index, name] of declared.entries())
    if (!scope.env[name] && !missing.has(name)) missing.set(name, at("requirements", "env", index));
  if (missing.size > 0)
    throw new UserError(`unset environment variables: ${[...missing.keys()].join(", ")}`, {
      where: [...missing.values()][0]!,
      hint: "Set them in .env (see .env.example), or give a default: {{ env('NAME', 'value') }}.",
    });
  const attributes = component.attributes.safeParse(filled, { error: issueWords });
  if (!attributes.success) throw issueError(attributes.error.issues[0]!, ["attributes"], at);
  const warnings = [...variables]
    .filter((name) => !declared.includes(name))
    .map((name) => `${at("requirements")}: ${name} is used but not declared in requirements.env`);
  return { component, attributes: attributes.data, at: (...path) => at("attributes", ...path), warnings };
}

function valuesOf(document: Document, where: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    // An alias without an anchor, or aliases that would unfold to more than any memory holds.
    throw new UserError(errorText(error), { where });
  }
}

function issueError(
  issue: { path: PropertyKey[]; message: string; code?: string; keys?: string[] },
  base: (string | number)[],
  at: (...path: (string | number)[]) => string,
): UserError {
  const path = [...base, ...(issue.path as (string | number)[])];
  const key = issue.code === "unrecognized_keys" ? issue.keys?.[0] : undefined;
  const full = key === undefined ? path : [...path, key];
  return new UserError(`${full.join(".") || "the file"}: ${issue.message}`, { where: at(...full) });
}
