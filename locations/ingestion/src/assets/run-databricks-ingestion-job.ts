import { databricks, runSucceeded } from "@kc/connector-databricks";
import { asset, md, UserError } from "@kc/runtime";
import { z } from "zod";

const date = z.string().regex(/^\d{4}-\d{2}-\d{2}$/, "write a date as 2026-01-31");

/** Starts the notebook job of DATABRICKS_NOTEBOOK_JOB_ID for a span of days and waits for it. */
export const runDatabricksIngestionJob = asset({
  key: "run_databricks_ingestion_job",
  deps: ["fact_virtual"],
  group: "ingestion",
  owners: ["team:ingestion"],
  kinds: ["databricks", "notebook"],
  description: "Runs the Databricks notebook job that summarises the fact table for a span of days.",
  config: z.object({ start_date: date.default("2025-01-01"), end_date: date.default("2030-12-31") }),
  resources: { databricks },
  async materialize({ resources, config, env, log, run, signal }) {
    const id = Number(env.DATABRICKS_NOTEBOOK_JOB_ID);
    if (!Number.isInteger(id) || id <= 0)
      throw new UserError("DATABRICKS_NOTEBOOK_JOB_ID names no job", {
        hint: "Set it to the id of the notebook job; without DATABRICKS_* variables the local stand-in has the job of standins.yaml.",
      });
    if (config.start_date > config.end_date)
      throw new UserError(`start_date ${config.start_date} is after end_date ${config.end_date}`);
    const runId = await resources.databricks.jobs.runNow(id, { parameters: { ...config }, idempotencyToken: run.id });
    log.info(`Databricks run ${runId} of job ${id} started`);
    const ended = await resources.databricks.jobs.waitForRun(runId, { signal });
    if (!runSucceeded(ended))
      throw new UserError(
        `Databricks run ${runId} did not succeed: ${ended.state?.state_message ?? ended.state?.result_state ?? "no reason given"}`,
        {
          hint: ended.run_page_url,
        },
      );
    const task = ended.tasks?.[0];
    const output = task ? await resources.databricks.jobs.getOutput(task.run_id) : undefined;
    return {
      metadata: {
        databricks_run_id: String(runId),
        start_date: config.start_date,
        end_date: config.end_date,
        ...(ended.run_page_url ? { run_url: md.url(ended.run_page_url) } : {}),
        ...(output?.notebook_output?.result ? { result: output.notebook_output.result.slice(0, 2_000) } : {}),
      },
    };
  },
});
