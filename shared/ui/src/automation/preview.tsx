import type { InstigatorDetail, TickPreview } from "@kc/host/client";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api, type InstigatorType } from "../api.ts";

/** What a tick would do, asked for by hand: nothing of it is done. `at` is the instant of a schedule's tick. */
export function Preview({ item, type, at }: { item: InstigatorDetail; type: InstigatorType; at: string | undefined }) {
  const { location, name } = item;
  const [cursor, setCursor] = useState<string>();
  const look = useMutation({
    mutationFn: () =>
      api.previewTick(type, location, name, { ...(at ? { at } : {}), ...(cursor === undefined ? {} : { cursor }) }),
  });
  return (
    <section>
      <h2>Preview of a tick</h2>
      <p className="row">
        {type === "sensors" && (
          <label className="field">
            <span className="field-name">cursor</span>
            <input
              type="text"
              placeholder={item.cursor ?? "none yet"}
              value={cursor ?? ""}
              onChange={({ target }) => setCursor(target.value || undefined)}
            />
          </label>
        )}
        <button type="button" disabled={look.isPending} onClick={() => look.mutate()}>
          {look.isPending ? "Asking…" : "Preview"}
        </button>
        <span className="dim small">
          {type === "schedules" && at ? `the tick of ${new Date(at).toLocaleString()}; ` : ""}nothing of it is done
        </span>
      </p>
      {look.error && <p className="problem">{look.error.message}</p>}
      {look.data && <Answer preview={look.data} />}
    </section>
  );
}

function Answer({ preview }: { preview: TickPreview }) {
  const { runs, events, partitions, cursor, skip, error, logs } = preview;
  return (
    <div className="plan">
      {runs.map((run, index) => (
        <div key={run.runKey ?? index}>
          A run of <code>{run.assets.join(", ") || "nothing"}</code>
          {run.partition ? ` for ${run.partition}` : ""}
          {run.runKey && <span className="dim"> · run key {run.runKey}</span>}
          {Object.keys(run.config).length > 0 && <pre>{JSON.stringify(run.config, null, 2)}</pre>}
        </div>
      ))}
      {events.map((event, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: two events may be alike, and their order never changes
        <div key={index}>
          A {event.type} of <code>{event.asset}</code>
        </div>
      ))}
      {partitions.map((change) => (
        <div key={change.definition}>
          Partitions of {change.definition}:{" "}
          {[...(change.add ?? []).map((key) => `+${key}`), ...(change.delete ?? []).map((key) => `-${key}`)].join(", ")}
        </div>
      ))}
      {skip && <div>Skips: {skip}</div>}
      {error && <div className="problem-inline">{error}</div>}
      {cursor.before !== cursor.after && (
        <div className="dim">
          Its cursor would go from <code>{cursor.before ?? "none"}</code> to <code>{cursor.after ?? "none"}</code>
        </div>
      )}
      {logs.length > 0 && <pre>{logs.map(({ level, message }) => `${level}: ${message}`).join("\n")}</pre>}
    </div>
  );
}
