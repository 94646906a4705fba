import { unsupported } from "@kc/sql-dialect";
import type { Run, TaskRun } from "./store.ts";

/** Values of the dynamic references `{{job.…}}`, `{{task.…}}` and `{{workspace.…}}`. */
export function referenceValues(
  run: Run,
  task: TaskRun,
  parameters: Record<string, string>,
  workspace: { id: number; url: string },
): Record<string, string> {
  const start = new Date(run.start_time).toISOString();
  return {
    "job.id": String(run.job_id),
    "job.name": run.settings.name,
    "job.run_id": String(run.id),
    "job.repair_count": "0",
    "job.trigger.type": "one_time",
    "job.start_time.iso_date": start.slice(0, 10),
    "job.start_time.iso_datetime": start.slice(0, 19),
    "job.start_time.timestamp_ms": String(run.start_time),
    "job.start_time.year": start.slice(0, 4),
    "job.start_time.month": start.slice(5, 7),
    "job.start_time.day": start.slice(8, 10),
    "task.name": task.task_key,
    "task.run_id": String(task.id),
    "task.execution_count": "1",
    "workspace.id": String(workspace.id),
    "workspace.url": workspace.url,
    ...Object.fromEntries(Object.entries(parameters).map(([name, value]) => [`job.parameters.${name}`, value])),
  };
}

/** Resolves `{{…}}` in a text. A form that is not a reference stays as it is; a wrong name in a known namespace is an error. */
export function resolveReferences(text: string, values: Record<string, string>): string {
  return text.replace(/\{\{\s*([A-Za-z0-9_.`-]+)\s*\}\}/g, (whole, written: string) => {
    const name = written.replaceAll("`", "");
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value !== undefined) return value;
    if (/^(job|task|tasks|workspace)\./.test(name))
      throw unsupported(`the reference {{${name}}}`, "It names nothing that this run has.");
    return whole;
  });
}
