import { createHash } from "node:crypto";
import { existsSync, realpathSync } from "node:fs";
import { isAbsolute, join, relative, resolve } from "node:path";
import { DbtError, type Manifest, projectHash } from "@kc/dbt/artifacts";
import { type ComponentContext, component, type Duration, multiAsset, UserError } from "@kc/runtime";
import { z } from "zod";
import { manifestCache } from "./manifest-cache.ts";
import { connectDbtCloud, dbtCloud, settingsSchema, variables } from "./resource.ts";
import { dbtCloudPollingSensor } from "./sensor.ts";
import { buildInCloud, selectedIds } from "./step.ts";
import { translate } from "./translator.ts";

const duration = z.string().regex(/^(\d+(\.\d+)?(ms|s|m|h|d|w))+$/, 'must be a duration such as "10m"');
const override = z.strictObject({
  key: z.string().optional(),
  automation: z.enum(["any_deps_updated", "eager", "none"]).optional(),
  freshness: z.strictObject({ warn: duration.optional(), fail: duration }).optional(),
  deps: z.array(z.string()).optional(),
  group: z.string().optional(),
  owners: z.array(z.string()).optional(),
  description: z.string().optional(),
});
const list = z.union([z.string(), z.array(z.string())]).transform((value) => (Array.isArray(value) ? value.join(" ") : value));

const attributes = z.strictObject({
  key_prefix: z
    .string()
    .default("none")
    .describe('"none": [configured schema, name]; "package": [package, name]; else a prefix of its own'),
  select: list.default("").describe("dbt selection of the models that become assets; default: all"),
  exclude: list.default("").describe("dbt selection of models to leave out"),
  project: z
    .string()
    .optional()
    .describe("Local folder of the dbt project, relative to the location: its content decides when the cached manifest is stale"),
  name: z.string().regex(/^\w+$/).default("dbt_cloud").describe("Name of the step"),
  defaults: override.omit({ key: true, description: true }).default({}).describe("What holds for every model"),
  models: z.record(z.string(), override).default({}).describe("What holds for one model, by name or unique id"),
  sensor: z
    .strictObject({
      name: z.string().default("dbt_cloud_polling_sensor"),
      interval: duration.default("30s"),
      default_status: z.enum(["running", "stopped"]).default("running"),
    })
    .prefault({})
    .or(z.literal(false))
    .describe("Reports runs that others start; false: none"),
});

/** `type: dbt.CloudWorkspace`: the models of a dbt Cloud project as assets, its tests as checks. */
export const cloudWorkspace = component({
  type: "dbt.CloudWorkspace",
  description: "The models of a dbt Cloud project as assets, its tests as asset checks, runs in dbt Cloud.",
  attributes,
  async build(given, context) {
    const manifest = await loadManifest(given, context);
    const ids = selection(manifest, given, context);
    const translation = translate(manifest, {
      keyPrefix: given.key_prefix,
      ids,
      defaults: given.defaults,
      models: given.models,
      at: (model) => context.at("models", model),
    });
    if (translation.specs.length === 0)
      throw new UserError("the dbt project has no model for this component", {
        where: context.at("select"),
        hint: "Does the selection name any model?",
      });
    const cache = cacheOf(given, context);
    const build = multiAsset({
      name: given.name,
      assets: translation.specs,
      resources: { dbt: dbtCloud },
      materialize: (step) => buildInCloud(step, { manifest, translation, select: given.select, exclude: given.exclude, cache }),
    });
    const sensors =
      given.sensor === false
        ? []
        : [
            dbtCloudPollingSensor({
              dbt: dbtCloud,
              translation,
              manifest,
              name: given.sensor.name,
              interval: given.sensor.interval as Duration,
              defaultStatus: given.sensor.default_status,
            }),
          ];
    return { assets: [build], sensors };
  },
});

type Given = z.output<typeof attributes>;

function selection(manifest: Manifest, given: Given, context: ComponentContext): string[] {
  try {
    return selectedIds(manifest, given.select, given.exclude);
  } catch (error) {
    if (!(error instanceof DbtError)) throw error;
    throw new UserError(error.message, { where: context.at(given.select ? "select" : "exclude"), hint: error.hint });
  }
}

async function loadManifest(given: Given, context: ComponentContext): Promise<Manifest> {
  const connect = () => {
    const missing = Object.values(variables).filter((variable) => variable.fallback === undefined && !context.env[variable.env]);
    if (missing.length > 0)
      throw new UserError(
        `${missing.map((variable) => variable.env).join(", ")} not set: dbt Cloud cannot be asked for the project's manifest`,
        {
          where: context.at("type"),
          hint: "Set all DBT_CLOUD_* variables for the vendor, or none: then kc starts the local dbt Cloud.",
        },
      );
    const config = Object.fromEntries(
      Object.entries(variables).map(([name, variable]) => [name, context.env[variable.env] || variable.fallback]),
    );
    const settings = settingsSchema.safeParse(config);
    if (!settings.success)
      throw new UserError(
        settings.error.issues
          .map((issue) => `${variables[issue.path[0] as keyof typeof variables].env} ${issue.message}`)
          .join("; "),
      );
    return connectDbtCloud(settings.data);
  };
  return cacheOf(given, context).load(connect, context.log, context.signal);
}

function cacheOf(given: Given, context: ComponentContext) {
  // Stand-ins get other ports at each start, so the address is no part of what the manifest belongs to; the project and environment are.
  const ids = ["DBT_CLOUD_ACCOUNT_ID", "DBT_CLOUD_PROJECT_ID", "DBT_CLOUD_ENVIRONMENT_ID"].map((name) => context.env[name]);
  const of = ids.every(Boolean) ? ids.join("/") : undefined;
  const place = createHash("sha256").update(relative(context.location.projectRoot, context.file)).digest("hex").slice(0, 8);
  return manifestCache(join(context.location.stateDir, `dbt-manifest-${place}.json`), {
    hash: given.project ? projectHash(projectFolder(given.project, context)) : "",
    of,
  });
}

function projectFolder(given: string, context: ComponentContext): string {
  const folder = resolve(context.location.projectRoot, given);
  if (!existsSync(join(folder, "dbt_project.yml")))
    throw new UserError(`project: "${given}" has no dbt_project.yml`, { where: context.at("project") });
  const inside = relative(realpathSync(context.location.workspaceRoot), realpathSync(folder));
  if (inside.startsWith("..") || isAbsolute(inside))
    throw new UserError(`project: "${given}" lies outside the workspace`, { where: context.at("project") });
  return folder;
}
