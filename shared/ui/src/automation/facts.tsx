import type { InstigatorDetail } from "@kc/host/client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { api } from "../api.ts";
import { Chip } from "../parts/status.tsx";
import { Until } from "../parts/time.tsx";
import { When } from "../parts/when.tsx";

/** When a schedule or sensor ticks, what it targets, and where a sensor is. */
export function InstigatorFacts({ item }: { item: InstigatorDetail }) {
  const tags = Object.entries(item.tags).filter(([name]) => name !== "kc/job");
  return (
    <dl className="facts">
      <dt>When</dt>
      <dd>
        <When item={item} />
        {item.nextTickAt && (
          <span className="dim">
            , next <Until at={item.nextTickAt} />
          </span>
        )}
      </dd>
      {item.selection && (
        <>
          <dt>Listens to</dt>
          <dd>
            <code>{item.selection}</code>
          </dd>
        </>
      )}
      <dt>Target</dt>
      <dd>
        {item.job ? (
          <Link to="/jobs/$location/$name" params={{ location: item.location, name: item.job }}>
            job {item.job}
          </Link>
        ) : item.target ? (
          <code className="wrap">{item.target}</code>
        ) : (
          <span className="dim">what it decides</span>
        )}
      </dd>
      <dt>Decides</dt>
      <dd>
        {item.decides
          ? "by a function of its own"
          : item.type === "schedule"
            ? "each tick makes one run of the target"
            : "by the conditions of its assets"}
      </dd>
      {tags.length > 0 && (
        <>
          <dt>Tags</dt>
          <dd className="row">
            {tags.map(([name, value]) => (
              <Chip key={name}>
                {name}={value}
              </Chip>
            ))}
          </dd>
        </>
      )}
      {item.type === "sensor" && (
        <>
          <dt>Cursor</dt>
          <dd>
            <Cursor item={item} />
          </dd>
        </>
      )}
      {item.where && (
        <>
          <dt>Code</dt>
          <dd>
            <code>{item.where.replace(/^.*\/(locations|shared)\//, "$1/")}</code>
          </dd>
        </>
      )}
    </dl>
  );
}

/** A sensor's cursor, and the button that takes it away: asked twice, as the sensor begins anew then. */
function Cursor({ item }: { item: InstigatorDetail }) {
  const client = useQueryClient();
  const [sure, setSure] = useState(false);
  const reset = useMutation({
    mutationFn: () => api.resetCursor(item.location, item.name),
    onSettled: () => setSure(false),
    onSuccess: () => client.invalidateQueries({ queryKey: ["instigators"] }),
  });
  if (item.cursor === null) return <span className="dim">none: it begins anew</span>;
  return (
    <>
      <code className="wrap">{item.cursor.length > 2_000 ? `${item.cursor.slice(0, 2_000)}…` : item.cursor}</code>{" "}
      {sure ? (
        <>
          <span className="dim small">It sees everything again; run keys that are spent stay so.</span>{" "}
          <button type="button" className="danger" disabled={reset.isPending} onClick={() => reset.mutate()}>
            Reset the cursor
          </button>
          <button type="button" className="quiet" onClick={() => setSure(false)}>
            Keep it
          </button>
        </>
      ) : (
        <button type="button" className="quiet" onClick={() => setSure(true)}>
          Reset…
        </button>
      )}
      {reset.error && <p className="problem-inline">{reset.error.message}</p>}
    </>
  );
}
