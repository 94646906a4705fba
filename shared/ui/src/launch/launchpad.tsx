import type { JobDetail, RunRequest } from "@kc/host/client";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { api, queries } from "../api.ts";
import { StartBackfill } from "../parts/start-backfill.tsx";
import { ConfigEditor } from "./config-editor.tsx";
import type { Json, JsonSchema } from "./json-schema.ts";
import { PlanView } from "./plan-view.tsx";
import { TagEditor, type TagRows, tagsOf } from "./tag-editor.tsx";
import { useSettled } from "./use-settled.ts";

/** What a launch of the job may be given: its own config, or that of its steps by their names. */
function schemaOf(job: JobDetail): JsonSchema | undefined {
  if (job.config) return job.config as JsonSchema;
  const steps = job.steps.filter((step) => step.config !== null);
  if (steps.length === 0) return undefined;
  return { type: "object", properties: Object.fromEntries(steps.map((step) => [step.name, step.config as JsonSchema])) };
}

/** Launches a job. The host checks what is given while it is written, and says what the launch would make. */
export function Launchpad({ job }: { job: JobDetail }) {
  const navigate = useNavigate();
  const schema = useMemo(() => schemaOf(job), [job]);
  const [config, setConfig] = useState<Json>({});
  const [broken, setBroken] = useState<string>();
  const [tags, setTags] = useState<TagRows>([]);
  const [priority, setPriority] = useState("");
  const divided = job.assets.find((asset) => asset.partitions !== null);
  const { data: partitions } = useQuery({ ...queries.partitions(divided?.key ?? ""), enabled: divided !== undefined });
  const [typed, setTyped] = useState<string>();
  const partition = typed ?? partitions?.partitions[0]?.key ?? "";
  const request: RunRequest = {
    job: `${job.location}/${job.name}`,
    ...(Object.keys(config).length > 0 || job.config ? { config } : {}),
    tags: { ...tagsOf(tags), ...(priority === "" ? {} : { "kc/priority": priority }) },
    ...(divided && partition ? { partition } : {}),
  };
  const settled = useSettled(JSON.stringify(request));
  const plan = useQuery({
    ...queries.plan(JSON.parse(settled) as RunRequest),
    enabled: job.problem === null && broken === undefined,
  });
  const launch = useMutation({
    mutationFn: () => api.submit(request),
    onSuccess: ({ runs }) => void navigate({ to: "/runs/$id", params: { id: runs[0]!.id } }),
  });
  const pending = settled !== JSON.stringify(request) || plan.isFetching;
  return (
    <div className="launchpad">
      {schema ? (
        <ConfigEditor schema={schema} value={config} onChange={setConfig} broken={broken} onBroken={setBroken} />
      ) : (
        <p className="dim">None of its steps takes a config.</p>
      )}
      <div className="launch-options">
        {divided && (
          <label className="field">
            <span className="field-name">partition</span>
            <input
              type="text"
              list="partition-keys"
              aria-label="Partition"
              value={partition}
              onChange={({ target }) => setTyped(target.value)}
            />
            <datalist id="partition-keys">
              {partitions?.partitions.map((one) => (
                <option key={one.key} value={one.key}>
                  {one.status.replace("_", " ")}
                </option>
              ))}
            </datalist>
            <span className="dim small field-text">{divided.partitions}; a key, or first...last where one run makes several</span>
          </label>
        )}
        <label className="field">
          <span className="field-name">priority</span>
          <input
            type="number"
            step={1}
            placeholder={job.tags["kc/priority"] ?? "0"}
            value={priority}
            onChange={({ target }) => setPriority(target.value)}
          />
          <span className="dim small field-text">runs of a higher one leave the queue first</span>
        </label>
        <div className="field">
          <span className="field-name">tags</span>
          <TagEditor rows={tags} onChange={setTags} />
        </div>
      </div>
      <PlanView plan={plan.data} error={broken ? null : (launch.error ?? plan.error)} pending={pending} />
      <p className="row">
        <button
          type="button"
          className="primary"
          disabled={launch.isPending || pending || broken !== undefined || plan.error !== null || job.problem !== null}
          onClick={() => launch.mutate()}
        >
          {launch.isPending ? "Launching…" : "Launch"}
        </button>
      </p>
      {divided && (
        <details>
          <summary>Many partitions: a backfill</summary>
          <StartBackfill selection={`(${job.selection}) and location:"${job.location}"`} range={undefined} clear={() => {}} />
        </details>
      )}
    </div>
  );
}
