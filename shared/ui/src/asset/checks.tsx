import type { CheckState } from "@kc/host/client";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { queries } from "../api.ts";
import { Materialize } from "../parts/materialize.tsx";
import { MetadataList } from "../parts/metadata.tsx";
import { Chip, Status } from "../parts/status.tsx";
import { Ago } from "../parts/time.tsx";
import { counted } from "../parts/words.ts";

type Result = { passed: boolean; severity: string } | null;

export const checkStatus = (result: Result): "failed" | "warn" | "succeeded" | "missing" =>
  !result ? "missing" : result.passed ? "succeeded" : result.severity === "WARN" ? "warn" : "failed";
export const checkTones = { failed: "problem-inline", warn: "f-warn", succeeded: "dim", missing: "dim" };
export const checkWord = (result: Result): string =>
  ({ failed: "failed", warn: "warning", succeeded: "passed", missing: "never ran" })[checkStatus(result)];

/** The checks of an asset with their latest results; on its own page each opens to the results before. */
export function CheckList({ asset, checks, wide }: { asset: string; checks: readonly CheckState[]; wide: boolean }) {
  if (checks.length === 0) return wide ? <p className="empty">This asset has no checks.</p> : null;
  const runnable = checks.filter((check) => check.by === "code").map((check) => `${asset}:${check.name}`);
  return (
    <section>
      <h2>Checks</h2>
      {wide && runnable.length > 0 && (
        <p className="row">
          <Materialize request={{ checks: runnable }} label={`Run ${counted(runnable.length, "check")}`} />
        </p>
      )}
      <ul className="checks">
        {checks.map((check) => (
          <li key={check.name}>
            <Status value={checkStatus(check.result)} label={checkWord(check.result)} bare={!wide} />
            <span className="check-name" title={check.description ?? ""}>
              {check.name}
            </span>
            {check.blocking && <Chip>{check.everywhere ? "blocking everywhere" : "blocking"}</Chip>}
            {wide && check.by === "step" && <Chip>by its step</Chip>}
            <span className="dim right">{check.result ? <Ago at={check.result.at} /> : "never ran"}</span>
            {check.result && !check.result.passed && check.result.description && (
              <p className={`problem ${checkTones[checkStatus(check.result)]}`}>{check.result.description}</p>
            )}
            {wide && check.description && <p className="dim small check-text">{check.description}</p>}
            {wide && check.result && <CheckHistory asset={asset} name={check.name} />}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The last results of a check: a dot each, the oldest first, and what each said. */
function CheckHistory({ asset, name }: { asset: string; name: string }) {
  const { data: results = [], error } = useQuery(queries.checkResults(asset, name));
  if (error) return <p className="problem">{error.message}</p>;
  const failed = results.filter((result) => !result.passed).length;
  return (
    <details className="check-history">
      <summary>
        <span className="dots" aria-hidden="true">
          {results
            .slice(0, 40)
            .reverse()
            .map((result) => (
              <Status key={result.eventId} value={checkStatus(result)} label={`${checkWord(result)} ${result.at}`} bare />
            ))}
        </span>
        <span className="dim small">
          {results.length === 100 ? "the last 100 results" : counted(results.length, "result")}
          {failed > 0 && `, ${failed} of them not passed`}
        </span>
      </summary>
      <table>
        <thead>
          <tr>
            <th>Result</th>
            <th>When</th>
            <th>What it said</th>
            <th>Partition</th>
            <th>Run</th>
          </tr>
        </thead>
        <tbody>
          {results.map((result) => (
            <tr key={result.eventId}>
              <td>
                <Status value={checkStatus(result)} label={checkWord(result)} />
              </td>
              <td>
                <Ago at={result.at} />
              </td>
              <td>
                {result.description}
                <MetadataList metadata={result.metadata} />
              </td>
              <td>{result.partition}</td>
              <td>
                {result.runId && (
                  <Link to="/runs/$id" params={{ id: result.runId }}>
                    <code>{result.runId}</code>
                  </Link>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}
