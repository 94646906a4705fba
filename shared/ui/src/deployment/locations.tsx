import type { WorkspaceInfo } from "@kc/host/client";
import { useMutation } from "@tanstack/react-query";
import { api } from "../api.ts";
import { Chip, Status } from "../parts/status.tsx";
import { Ago, span } from "../parts/time.tsx";

/** The code locations with what is wrong in them, and a button that loads their code anew. */
export function Locations({ workspace }: { workspace: WorkspaceInfo | undefined }) {
  const reload = useMutation({ mutationFn: (name: string) => api.reload(name) });
  return (
    <section>
      <h2>Code locations</h2>
      <table>
        <thead>
          <tr>
            <th>Location</th>
            <th>Status</th>
            <th>Assets</th>
            <th>Loader</th>
            <th>Loaded</th>
            <th />
          </tr>
        </thead>
        <tbody>
          {workspace?.locations.map((location) => (
            <tr key={location.name}>
              <td>
                <b>{location.name}</b>
                <div className="dim small">{location.folder.replace(/^.*\/(?=locations\/)/, "")}</div>
              </td>
              <td>
                <Status
                  value={location.status === "loaded" ? "succeeded" : location.status === "error" ? "failed" : "running"}
                  label={location.status}
                />
                {location.error && (
                  <div className="problem">
                    {location.error.where && <code>{location.error.where}</code>} {location.error.message}
                    {location.error.hint && <div>{location.error.hint}</div>}
                    {location.error.stack && <pre>{location.error.stack}</pre>}
                  </div>
                )}
                {location.warnings.map((warning) => (
                  <div key={warning} className="dim small">
                    {warning}
                  </div>
                ))}
              </td>
              <td>{location.assets}</td>
              <td>
                <Chip>{location.loader}</Chip>{" "}
                {location.pid !== null && <span className="dim small">process {location.pid}</span>}
              </td>
              <td>
                <Ago at={location.loadedAt} />{" "}
                <span className="dim">{location.loadMs === null ? "" : `in ${span(location.loadMs)}`}</span>
              </td>
              <td>
                <button
                  type="button"
                  className="quiet"
                  disabled={reload.isPending && reload.variables === location.name}
                  onClick={() => reload.mutate(location.name)}
                >
                  {reload.isPending && reload.variables === location.name ? "Loading…" : "Reload"}
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {reload.error && <p className="problem">{reload.error.message}</p>}
    </section>
  );
}
