import { html } from "hono/html";
import type { Run, TaskRun } from "./store.ts";
import { isEnded } from "./view.ts";

const instant = (time: number) => (time > 0 ? new Date(time).toISOString().replace("T", " ").slice(0, 19) : "");

/** One run as a page for people; it refreshes itself while the run goes on. */
export function runPage(run: Run, tasks: TaskRun[]) {
  const preview = (task: TaskRun) => {
    const { preview: shown } = task.output;
    if (shown === undefined) return "";
    return html`<table><tr>${shown.columns.map((name) => html`<th>${name}</th>`)}</tr>
      ${shown.rows.slice(0, 20).map((row) => html`<tr>${row.map((value) => html`<td>${value ?? "null"}</td>`)}</tr>`)}</table>`;
  };
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${run.settings.name} · run ${run.id}</title>
${isEnded(run) ? "" : html`<meta http-equiv="refresh" content="2">`}
<style>
  body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #1b1f23 }
  table { border-collapse: collapse; margin: .5rem 0 } td, th { border-bottom: 1px solid #d8dee4; padding: .3rem .8rem; text-align: left }
  .SUCCESS { color: #1a7f37 } .FAILED, .TIMEDOUT { color: #cf222e } pre { background: #f6f8fa; padding: .8rem; overflow: auto; white-space: pre-wrap }
</style></head><body>
<h1>${run.settings.name}</h1>
<p>Job ${run.job_id} · run ${run.id} (number ${run.number}) · <b class="${run.result ?? ""}">${run.result ?? run.life_cycle}</b> · started ${instant(run.start_time)} UTC ${run.end_time > 0 ? html`· took ${((run.end_time - run.start_time) / 1000).toFixed(1)} s` : ""}</p>
${run.message ? html`<p>${run.message}</p>` : ""}
<table><tr><th>Task</th><th>Reads</th><th>State</th><th>Started</th><th>Seconds</th></tr>
${tasks.map(
  (
    task,
  ) => html`<tr><td>${task.task_key}</td><td>${task.task.notebook_task?.notebook_path ?? task.task.sql_task?.file?.path ?? ""}</td>
<td class="${task.result ?? ""}">${task.result ?? task.life_cycle}</td><td>${instant(task.start_time)}</td><td>${task.end_time > 0 && task.start_time > 0 ? ((task.end_time - task.start_time) / 1000).toFixed(1) : ""}</td></tr>`,
)}
</table>
${tasks.map((task) => (task.output.error || task.output.preview ? html`<h2>${task.task_key}</h2>${task.output.error ? html`<pre>${task.output.error}</pre>` : ""}${preview(task)}` : ""))}
</body></html>`;
}
