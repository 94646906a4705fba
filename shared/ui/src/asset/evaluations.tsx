import type { AssetDetail, AssetEvaluations } from "@kc/host/client";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { queries } from "../api.ts";
import { Chip, Status } from "../parts/status.tsx";
import { Ago } from "../parts/time.tsx";
import { conditionWord } from "../parts/words.ts";

type Evaluated = AssetEvaluations["evaluations"][number];
type Node = Evaluated["evaluation"];

/** Why automation requested an asset, or did not: its latest evaluation open, earlier ones to be opened. */
export function Evaluations({ asset, wide }: { asset: Pick<AssetDetail, "key" | "deps">; wide: boolean }) {
  const { data } = useQuery(queries.evaluations(asset.key));
  if (!data?.condition) return null;
  const { paused, evaluations } = data;
  return (
    <section>
      <h2>Automation</h2>
      {paused && (
        <p className="row">
          <Chip kind="f-warn">paused</Chip>
          <span>
            {paused.until ? `until ${new Date(paused.until).toLocaleString()}` : "until it is resumed"}
            {paused.reason && `: ${paused.reason}`}
          </span>
        </p>
      )}
      {evaluations.length === 0 && <p className="dim">Not evaluated yet.</p>}
      {evaluations.slice(0, wide ? 50 : 3).map((one, index) => (
        <details key={one.id} open={index === 0}>
          <summary>
            <Status value={one.requestId ? "succeeded" : one.paused ? "warn" : "missing"} label={outcome(one)} />{" "}
            <span className="dim">
              <Ago at={one.at} />
            </span>
            {one.requestId && (
              <>
                {" "}
                <Link to="/runs" search={{ requestId: one.requestId }} className="small">
                  its runs
                </Link>
              </>
            )}
          </summary>
          <Tree node={one.evaluation} deps={asset.deps} />
        </details>
      ))}
    </section>
  );
}

function outcome({ requestId, requested, paused, value }: Evaluated): string {
  if (requestId) return `requested ${requested.join(", ")}`.trim();
  if (paused) return "due, but paused";
  return value ? "due, not requested" : "not due";
}

function Tree({ node, deps }: { node: Node; deps: readonly string[] }) {
  return (
    <ul className="evaluation">
      <li>
        <span className={node.value ? "is-true" : "dim"} role="img" aria-label={node.value ? "true" : "false"}>
          {node.value ? "✓" : "✗"}
        </span>{" "}
        {deps.includes(node.label) ? (
          <Link to="/assets/$" params={{ _splat: node.label }}>
            {node.label}
          </Link>
        ) : (
          <span title={node.label}>{conditionWord(node.label)}</span>
        )}
        {node.partitions && node.partitions.count > 0 && (
          <span className="dim"> {`${node.partitions.texts.join(", ")} (${node.partitions.count})`}</span>
        )}
        {node.parts.map((part, index) => (
          // Two parts may have one label, and their order never changes.
          // biome-ignore lint/suspicious/noArrayIndexKey: the place is what tells parts apart
          <Tree key={index} node={part} deps={deps} />
        ))}
      </li>
    </ul>
  );
}
