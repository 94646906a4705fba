import type { Setting } from "@kc/host/client";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { queries } from "../api.ts";

/** kc.yaml as it counts, section by section; what is a variable's stays its name. */
export function Settings() {
  const { data: settings = [], error } = useQuery(queries.settings);
  const [own, setOwn] = useState(false);
  const shown = settings.filter((setting) => !own || setting.by === "kc.yaml");
  const sections = [...Map.groupBy(shown, (setting) => setting.path.split(".")[0]!)];
  return (
    <section>
      <h2>Configuration</h2>
      <p className="row">
        <span className="dim">kc.yaml as it was read at the start. Secrets are named by their variables and never shown.</span>
        <label className="row right">
          <input type="checkbox" checked={own} onChange={({ target }) => setOwn(target.checked)} /> only what kc.yaml says
        </label>
      </p>
      {error && <p className="problem">{error.message}</p>}
      <div className="settings">
        {sections.map(([name, rows]) => (
          <table key={name} aria-label={`Settings of ${name}`}>
            <tbody>
              {rows.map((row) => (
                <Row key={row.path} setting={row} />
              ))}
            </tbody>
          </table>
        ))}
      </div>
    </section>
  );
}

function Row({ setting: { path, value, by } }: { setting: Setting }) {
  return (
    <tr>
      <td>
        <code>{path}</code>
      </td>
      <td className={by === "default" ? "dim" : ""}>
        <code className="wrap">{value}</code>
      </td>
      <td className="dim small">{by === "default" ? "default" : "kc.yaml"}</td>
    </tr>
  );
}
