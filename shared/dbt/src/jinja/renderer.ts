import { DbtError } from "../errors.ts";
import type { Project } from "../project/project.ts";
import type { Yaml } from "../project/yaml-file.ts";
import { builtinMacros, dbtNamespace } from "./builtin-macros.ts";
import { contextValues } from "./context.ts";
import { DbtInterpreter, ReturnSignal } from "./interpreter.ts";
import { type JinjaNode, parseTemplate } from "./template.ts";
import { type JinjaValue, jinjaFunction, newScope, textWithMembers, toJinja } from "./value.ts";

/** Where the relations of a run live: what a profile's target is to the real dbt. */
export interface Target {
  name: string;
  /** Databricks catalog. */
  database: string;
  schema: string;
  threads: number;
}

export interface RenderSettings {
  target: Target;
  /** `--vars`; they win over the project's. */
  vars: Yaml;
  env: Readonly<Record<string, string | undefined>>;
  invocationId: string;
  startedAt: Date;
  fullRefresh: boolean;
  log: (line: string) => void;
}

/** What differs from template to template. */
export interface NodeScope {
  execute: boolean;
  ref?: (args: unknown[], kwargs: Record<string, unknown>, where: string | undefined) => JinjaValue;
  source?: (args: unknown[], where: string | undefined) => JinjaValue;
  config?: (values: Yaml, where: string | undefined) => void;
  configValues?: () => Yaml;
  doc?: (args: unknown[], where: string | undefined) => string;
  model?: Yaml;
  thisRelation?: JinjaValue;
  isIncremental?: boolean;
  extra?: Record<string, JinjaValue>;
}

export interface Relation {
  database: string;
  schema: string;
  identifier: string;
}

/** `` `cat`.`schema`.`name` ``, each part quoted. */
export const relationName = (relation: Relation): string =>
  [relation.database, relation.schema, relation.identifier].map(quoteIdentifier).join(".");

export const quoteIdentifier = (name: string): string => `\`${name.replaceAll("`", "``")}\``;

/** A relation as templates see it: prints as its quoted name, has its parts as attributes. */
export const relationValue = (relation: Relation): JinjaValue =>
  textWithMembers(relationName(relation), {
    ...relation,
    name: relation.identifier,
    table: relation.identifier,
    catalog: relation.database,
    render: jinjaFunction(() => relationName(relation)),
  });

/** Renders the templates of one project. */
export class Renderer {
  readonly project: Project;
  readonly settings: RenderSettings;
  /** Macros of the project by name, with their place. */
  readonly macros = new Map<string, { file: string; line: number; node: JinjaNode }>();
  private readonly builtin: JinjaNode[];
  private readonly parsed = new Map<string, JinjaNode>();

  constructor(project: Project, settings: RenderSettings) {
    this.project = project;
    this.settings = settings;
    this.builtin = macroNodes(parseTemplate(builtinMacros, "dbt"));
    for (const file of [...project.files.macros, ...project.files.tests.filter((test) => test.path.startsWith("generic/"))]) {
      for (const node of macroNodes(parseTemplate(file.text, file.file))) {
        const name = (node.name as JinjaNode).value as string;
        const other = this.macros.get(name);
        if (other)
          throw new DbtError(
            "project",
            `two macros are named "${name}": ${other.file}:${other.line} and ${file.file}:${node.line}`,
            { where: `${file.file}:${node.line}` },
          );
        this.macros.set(name, { file: file.file, line: node.line ?? 1, node });
      }
    }
  }

  /** The text of a template, and the project's macros that it called. */
  render(source: string, file: string, scope: NodeScope): { text: string; macros: string[] } {
    const program = this.template(source, file);
    const { interpreter } = this.interpreter(scope);
    try {
      const text = String((interpreter.evaluate(program, newScope(interpreter.globals)) as { value: unknown }).value);
      return { text, macros: [...interpreter.called].filter((name) => this.macros.has(name)) };
    } catch (error) {
      if (error instanceof ReturnSignal) throw new DbtError("compile", "return() stands outside a macro", { where: `${file}:1` });
      throw error;
    }
  }

  /** The native value of an expression: what stands between `{{` and `}}`. */
  evaluate(expression: string, file: string, scope: NodeScope): JinjaValue {
    const program = this.template(`{{ ${expression} }}`, file);
    const { interpreter } = this.interpreter(scope);
    const node = { ...(program.body as JinjaNode[])[0]!, printed: false };
    return interpreter.evaluate(node, newScope(interpreter.globals));
  }

  /** A value of a YAML file: strings with Jinja are rendered, and become a boolean or number when they look like one. */
  yamlValue(value: unknown, where: string, scope: NodeScope = { execute: false }): unknown {
    if (Array.isArray(value)) return value.map((item) => this.yamlValue(item, where, scope));
    if (typeof value === "object" && value !== null)
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.yamlValue(item, where, scope)]));
    if (typeof value !== "string" || !/\{[{%]/.test(value)) return value;
    let text: string;
    try {
      text = this.render(value, where.replace(/:\d+$/, ""), scope).text;
    } catch (error) {
      if (error instanceof DbtError) error.where = where;
      throw error;
    }
    if (/^(true|false)$/i.test(text)) return text.toLowerCase() === "true";
    return /^-?(0|[1-9]\d*)(\.\d+)?$/.test(text) ? Number(text) : text;
  }

  private template(source: string, file: string): JinjaNode {
    const key = `${file}\0${source}`;
    const known = this.parsed.get(key) ?? parseTemplate(source, file);
    this.parsed.set(key, known);
    return known;
  }

  private interpreter(scope: NodeScope): { interpreter: DbtInterpreter } {
    const globals = newScope();
    const interpreter = new DbtInterpreter(globals);
    for (const [name, value] of Object.entries(contextValues(this, scope, interpreter))) globals.setVariable(name, value);
    for (const node of this.builtin) interpreter.evaluate(node, globals);
    const dbt = new Map(dbtNamespace.map((name) => [name, globals.variables.get(name)!]));
    globals.setVariable("dbt", toJinja(dbt));
    for (const { node } of this.macros.values()) interpreter.evaluate(node, globals);
    const own = new Map([...this.macros.keys()].map((name) => [name, globals.variables.get(name)!]));
    if (!globals.variables.has(this.project.name)) globals.setVariable(this.project.name, toJinja(own));
    return { interpreter };
  }
}

const macroNodes = (program: JinjaNode): JinjaNode[] =>
  (program.body as JinjaNode[]).filter((node) => node.type === "Macro").map((node) => Object.assign(node, { printed: false }));
