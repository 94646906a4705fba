import { env, type Resource, resource } from "@kc/runtime";
import { z } from "zod";
import { type CloudJob, type DbtCloudClient, dbtCloudClient } from "./client.ts";

const id = z.string().regex(/^\d+$/, "must be a number");

/** What the variables DBT_CLOUD_* hold. */
export const settingsSchema = z.object({
  token: z.string().min(1),
  accountId: id,
  projectId: id,
  environmentId: id,
  accessUrl: z.string().default("https://cloud.getdbt.com"),
  /** A job of the team's own to trigger; empty: kc's ad hoc job. */
  jobId: z.union([id, z.literal("")]).default(""),
  runTimeoutSeconds: z.coerce.number().positive().default(600),
  pollingInterval: z.coerce.number().positive().default(30),
});
export type DbtCloudSettings = z.output<typeof settingsSchema>;

/** dbt Cloud as steps and sensors use it: the client, and which project and environment is meant. */
export interface DbtCloud {
  readonly client: DbtCloudClient;
  readonly settings: DbtCloudSettings;
  /** The job that kc triggers: the configured one, or the ad hoc job, made on first use. */
  job(signal?: AbortSignal): Promise<{ id: number }>;
}

/** Name of kc's own job: one per project and environment. */
export const adhocJobName = (project: string, environment: string): string => `KC_ADHOC__${word(project)}__${word(environment)}`;
export const isAdhocJob = (name: string | undefined): boolean => name?.startsWith("KC_ADHOC__") ?? false;
const word = (text: string): string => text.toUpperCase().replaceAll(/[^A-Z0-9]+/g, "_");

/** Connects; asks nothing until it is used. */
export function connectDbtCloud(settings: DbtCloudSettings): DbtCloud {
  const client = dbtCloudClient({ token: settings.token, accountId: settings.accountId, accessUrl: settings.accessUrl });
  let adhoc: CloudJob | undefined;
  return {
    client,
    settings,
    async job(signal) {
      if (settings.jobId) return { id: Number(settings.jobId) };
      if (adhoc) return adhoc;
      const { projectId, environmentId } = settings;
      const [project, environment] = await Promise.all([
        client.project(projectId, signal),
        client.environment(projectId, environmentId, signal),
      ]);
      adhoc = await client.ensureJob(
        {
          name: adhocJobName(project.name, environment.name),
          projectId,
          environmentId,
          description: "Runs that kc triggers. Made by kc; safe to delete.",
        },
        signal,
      );
      return adhoc;
    },
  };
}

/** Which variable holds which setting. */
export const variables = {
  token: env("DBT_CLOUD_TOKEN"),
  accountId: env("DBT_CLOUD_ACCOUNT_ID"),
  projectId: env("DBT_CLOUD_PROJECT_ID"),
  environmentId: env("DBT_CLOUD_ENVIRONMENT_ID"),
  accessUrl: env("DBT_CLOUD_ACCESS_URL", "https://cloud.getdbt.com"),
  jobId: env("DBT_CLOUD_JOB_ID", ""),
  runTimeoutSeconds: env("DBT_CLOUD_RUN_TIMEOUT_SECONDS", "600"),
  pollingInterval: env("DBT_CLOUD_POLLING_INTERVAL", "30"),
} as const;

/** The resource `dbtCloud`: reads the variables of the connection dbt_cloud. */
export const dbtCloud: Resource<DbtCloud> = resource({
  description: "dbt Cloud, by the variables DBT_CLOUD_*",
  schema: settingsSchema,
  config: variables as never,
  setup: (settings) => connectDbtCloud(settings as DbtCloudSettings),
  teardown: (value) => value.client.close(),
});
