import { DbtError, didYouMean, errorText, unsupported } from "../errors.ts";
import type { Project } from "../project/project.ts";
import type { Yaml } from "../project/yaml-file.ts";
import { type DbtInterpreter, ReturnSignal } from "./interpreter.ts";
import { type NodeScope, quoteIdentifier, type Renderer, type RenderSettings } from "./renderer.ts";
import {
  type Arguments,
  fromJinja,
  isUndefined,
  type JinjaValue,
  jinjaFunction,
  pythonText,
  textWithMembers,
  toJinja,
} from "./value.ts";

/** What templates find under their names, besides macros. */
export function contextValues(renderer: Renderer, node: NodeScope, interpreter: DbtInterpreter): Record<string, JinjaValue> {
  const { settings, project } = renderer;
  const call = (run: (given: Arguments) => unknown, members?: Record<string, JinjaValue>) => jinjaFunction(run, members);
  const missing = (what: string) => () => {
    throw new DbtError("compile", `${what} cannot be used here`);
  };
  const plain = ({ args, kwargs }: Arguments) => ({
    args: args.map(fromJinja),
    kwargs: Object.fromEntries([...kwargs].map(([key, value]) => [key, fromJinja(value)])),
  });
  const constants = { true: true, True: true, false: false, False: false, none: null, None: null };
  return {
    ...Object.fromEntries(Object.entries(constants).map(([name, value]) => [name, toJinja(value)])),
    range: call(({ args }) => pythonRange(args.map((arg) => Number(fromJinja(arg))))),
    ref: node.ref
      ? call((given) => node.ref!(plain(given).args, plain(given).kwargs, interpreter.where))
      : call(missing("ref()")),
    source: node.source ? call((given) => node.source!(plain(given).args, interpreter.where)) : call(missing("source()")),
    doc: node.doc ? call((given) => node.doc!(plain(given).args, interpreter.where)) : call(missing("doc()")),
    config: configFunction(node, interpreter),
    var: call(({ args }) => variable(settings.vars, project, args), {
      has_var: call(({ args }) => lookupVar(settings.vars, project, String(fromJinja(args[0]!))) !== undefined),
    }),
    env_var: call(({ args }) => environment(settings.env, args)),
    target: toJinja({
      ...settings.target,
      profile_name: project.name,
      type: "databricks",
      catalog: settings.target.database,
      dbname: settings.target.database,
    }),
    this: node.thisRelation ?? toJinja(undefined),
    model: toJinja(node.model),
    execute: toJinja(node.execute),
    is_incremental: call(() => node.isIncremental ?? false),
    should_full_refresh: call(() => settings.fullRefresh),
    flags: toJinja({ FULL_REFRESH: settings.fullRefresh }),
    invocation_id: toJinja(settings.invocationId),
    run_started_at: textWithMembers(settings.startedAt.toISOString(), {
      isoformat: jinjaFunction(() => settings.startedAt.toISOString()),
    }),
    project_name: toJinja(project.name),
    dbt_version: toJinja("1.10.0"),
    log: call(({ args, kwargs }) =>
      say(settings, kwargs.get("info")?.value === true || args[1]?.value === true ? pythonText(args[0]!) : undefined),
    ),
    print: call(({ args }) => say(settings, pythonText(args[0]!))),
    tojson: call(({ args }) => JSON.stringify(fromJinja(args[0]!))),
    fromjson: call(({ args }) => parseJson(String(fromJinja(args[0]!)))),
    return: call(({ args }) => {
      throw new ReturnSignal(args[0] ?? toJinja(null));
    }),
    exceptions: toJinja({
      raise_compiler_error: call(({ args }) => {
        throw new DbtError("compile", pythonText(args[0]!));
      }),
      warn: call(({ args }) => say(settings, `[WARNING]: ${pythonText(args[0]!)}`)),
    }),
    adapter: adapterValue(interpreter),
    ...node.extra,
  };
}

/** Logs, and prints nothing into the template. */
function say(settings: RenderSettings, line: string | undefined): string {
  if (line !== undefined) settings.log(line);
  return "";
}

function configFunction(node: NodeScope, interpreter: DbtInterpreter): JinjaValue {
  const get = ({ args, kwargs }: Arguments) =>
    node.configValues?.()[String(fromJinja(args[0]!))] ?? args[1] ?? kwargs.get("default") ?? null;
  return jinjaFunction(
    ({ args, kwargs }) => {
      const values = Object.fromEntries([...kwargs].map(([key, value]) => [key, fromJinja(value)]));
      if (args[0]?.value instanceof Map) Object.assign(values, fromJinja(args[0]));
      node.config?.(values, interpreter.where);
      return "";
    },
    {
      get: jinjaFunction(get),
      require: jinjaFunction((given) => {
        const value = get(given);
        if (value === null) throw new DbtError("compile", `the config "${String(fromJinja(given.args[0]!))}" is required`);
        return value;
      }),
    },
  );
}

const adapterNames = [
  "get_relation",
  "get_columns_in_relation",
  "create_schema",
  "drop_relation",
  "rename_relation",
  "get_missing_columns",
  "expand_target_column_types",
  "add_query",
  "execute",
  "already_exists",
  "check_schema_exists",
  "list_relations",
];

function adapterValue(interpreter: DbtInterpreter): JinjaValue {
  const refuse = (name: string) =>
    jinjaFunction(() => {
      throw unsupported(`adapter.${name}() (a query while rendering)`);
    });
  return toJinja({
    ...Object.fromEntries(adapterNames.map((name) => [name, refuse(name)])),
    quote: jinjaFunction(({ args }) => quoteIdentifier(String(fromJinja(args[0]!)))),
    dispatch: jinjaFunction(({ args }) => {
      const name = String(fromJinja(args[0]!));
      for (const prefix of ["databricks__", "spark__", "default__", ""]) {
        const found = interpreter.globals.lookupVariable(prefix + name);
        if (!isUndefined(found)) return found;
      }
      throw new DbtError("compile", `adapter.dispatch finds no macro databricks__${name}, spark__${name} or default__${name}`);
    }),
  });
}

function lookupVar(vars: Yaml, project: Project, name: string): unknown {
  const own = project.vars[project.name];
  return [vars, typeof own === "object" && own !== null ? (own as Yaml) : {}, project.vars].find((layer) =>
    Object.hasOwn(layer, name),
  )?.[name];
}

function variable(vars: Yaml, project: Project, args: JinjaValue[]): unknown {
  const name = String(fromJinja(args[0] ?? toJinja("")));
  const value = lookupVar(vars, project, name);
  if (value !== undefined) return value;
  if (args.length > 1) return args[1];
  const known = [...Object.keys(vars), ...Object.keys(project.vars)];
  throw new DbtError("compile", `the var "${name}" has no value and no default.${didYouMean(name, known)}`, {
    hint: `Set it in dbt_project.yml (vars:), or pass --vars '{"${name}": …}'.`,
  });
}

function environment(env: Readonly<Record<string, string | undefined>>, args: JinjaValue[]): unknown {
  const name = String(fromJinja(args[0] ?? toJinja("")));
  if (name.startsWith("DBT_ENV_SECRET")) throw new DbtError("compile", `the secret ${name} may only be used in a profile`);
  if (env[name]) return env[name];
  if (args.length > 1) return args[1];
  throw new DbtError("compile", `the environment variable ${name} is not set and env_var() has no default`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new DbtError("compile", `fromjson: ${errorText(error)}`);
  }
}

function pythonRange([a = 0, b, step = 1]: number[]): number[] {
  const [from, to] = b === undefined ? [0, a] : [a, b];
  if (![from, to, step].every(Number.isInteger) || step === 0)
    throw new DbtError("compile", "range() needs whole numbers and a step other than 0");
  const count = Math.max(0, Math.ceil((to - from) / step));
  if (count > 1_000_000) throw new DbtError("compile", `range() of ${count} numbers is too long`);
  return Array.from({ length: count }, (_, index) => from + index * step);
}
