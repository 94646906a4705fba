import type { AssetPartitions, Partition } from "@kc/host/client";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { queries } from "../api.ts";
import { MetadataList } from "../parts/metadata.tsx";
import { Status } from "../parts/status.tsx";
import { Ago } from "../parts/time.tsx";
import { checkStatus, checkTones, checkWord } from "./checks.tsx";

const words: Record<Partition["status"], { mark: string; word: string }> = {
  materialized: { mark: "succeeded", word: "made" },
  failed: { mark: "failed", word: "failed" },
  in_progress: { mark: "running", word: "in progress" },
  missing: { mark: "missing", word: "missing" },
};

/** The partitions of a stretch that was chosen, one by one; of a single one, or of one of them, all that is known. */
export function ChosenPartitions({ assetKey, range }: { assetKey: string; range: string }) {
  const { data, error } = useQuery(queries.partitionsWithin(assetKey, range));
  const [chosen, choose] = useState<string>();
  if (error) return <p className="problem">{error.message}</p>;
  if (!data) return <p className="empty">Loading…</p>;
  const [only] = data.counts.total === 1 ? data.partitions : [];
  const one = only?.key ?? chosen;
  return (
    <div className="chosen-partitions">
      {!only && <List data={data} chosen={chosen} onChoose={choose} />}
      {one !== undefined && <One key={one} assetKey={assetKey} partition={one} />}
    </div>
  );
}

function List({
  data: { partitions, counts },
  chosen,
  onChoose,
}: {
  data: AssetPartitions;
  chosen: string | undefined;
  onChoose(key: string): void;
}) {
  return (
    <>
      <div className="scrolled">
        <table aria-label="Chosen partitions">
          <thead>
            <tr>
              <th>Partition</th>
              <th>Status</th>
              <th>Made</th>
              <th>Run</th>
            </tr>
          </thead>
          <tbody>
            {partitions.map((one) => (
              <tr key={one.key} className={one.key === chosen ? "chosen" : ""}>
                <td>
                  <button type="button" className="as-link" aria-pressed={one.key === chosen} onClick={() => onChoose(one.key)}>
                    <code>{one.key}</code>
                  </button>
                </td>
                <td>
                  <Status value={words[one.status].mark} label={words[one.status].word} />
                </td>
                <td>
                  <Ago at={one.at} />
                </td>
                <td>{one.runId && <RunLink id={one.runId} />}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {counts.total > partitions.length && (
        <p className="dim small">and {(counts.total - partitions.length).toLocaleString("en")} more</p>
      )}
    </>
  );
}

const RunLink = ({ id }: { id: string }) => (
  <Link to="/runs/$id" params={{ id }}>
    <code>{id}</code>
  </Link>
);

/** What one partition is: how it was made or failed, what was said of it, and its checks. */
function One({ assetKey, partition }: { assetKey: string; partition: string }) {
  const { data, error } = useQuery(queries.partition(assetKey, partition));
  const { data: checks = [] } = useQuery(queries.checksAt(assetKey, partition));
  if (error) return <p className="problem">{error.message}</p>;
  if (!data) return <p className="empty">Loading…</p>;
  const { status, materialization, failure } = data;
  return (
    <article className="partition" aria-label={`Partition ${partition}`}>
      <h3>
        <Status value={words[status].mark} label={words[status].word} /> <code>{partition}</code>
      </h3>
      {failure && (
        <p>
          failed <Ago at={failure.at} /> {failure.runId && <RunLink id={failure.runId} />}
          {failure.text && <span className="problem"> {failure.text}</span>}
        </p>
      )}
      {materialization ? (
        <>
          <p className="dim">
            made <Ago at={materialization.at} />{" "}
            {materialization.runId ? <RunLink id={materialization.runId} /> : "elsewhere, as was reported"}
          </p>
          <MetadataList metadata={materialization.metadata} />
        </>
      ) : (
        <p className="dim">It was never made.</p>
      )}
      {checks.length > 0 && (
        <ul className="checks">
          {checks.map(({ name, result }) => (
            <li key={name}>
              <Status value={checkStatus(result)} label={checkWord(result)} /> {name}
              {result?.description && <span className={checkTones[checkStatus(result)]}>{result.description}</span>}
              {result && (
                <span className="dim right">
                  <Ago at={result.at} />
                </span>
              )}
            </li>
          ))}
        </ul>
      )}
    </article>
  );
}
