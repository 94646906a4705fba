import { useQuery } from "@tanstack/react-query";
import { queries } from "../api.ts";

/** Where the instance keeps everything, and how much that is. */
export function Database() {
  const { data } = useQuery(queries.storage);
  if (!data) return null;
  return (
    <section>
      <h2>Storage</h2>
      <p className="row">
        <b>{data.dialect}</b>
        <span className="dim">
          {(data.bytes / 1_048_576).toLocaleString("en", { maximumFractionDigits: 1 })} MB, schema {data.schemaVersion}
        </span>
        {Object.entries(data.counts).map(([name, count]) => (
          <span key={name}>
            {count.toLocaleString("en")} <span className="dim">{name === "instigators" ? "schedules and sensors" : name}</span>
          </span>
        ))}
      </p>
    </section>
  );
}
