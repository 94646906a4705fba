import type { Asset } from "@kc/host/client";
import { Handle, type Node, type NodeProps, Position } from "@xyflow/react";
import { KeyName } from "../parts/key-name.tsx";
import { Status } from "../parts/status.tsx";
import { Ago } from "../parts/time.tsx";
import { counted, freshnessWords } from "../parts/words.ts";

export type AssetFlowNode = Node<{ asset: Asset; color: string }, "asset">;

/** An asset in the lineage: where it belongs, what it does, how it is. */
export function AssetNode({ data: { asset, color }, selected }: NodeProps<AssetFlowNode>) {
  const failed = asset.checks.filter((check) => check.result && !check.result.passed).length;
  return (
    <div
      className={`node ${selected ? "selected" : ""} ${asset.stale ? "stale" : ""} n-${asset.status}`}
      style={{ "--location": color } as React.CSSProperties}
    >
      <Handle type="target" position={Position.Left} isConnectable={false} />
      <div className="node-head">
        <span className="node-location">{asset.location}</span>
        {asset.kinds.slice(0, 2).map((kind) => (
          <span key={kind} className="node-kind">
            {kind}
          </span>
        ))}
      </div>
      <div className="node-name">
        <KeyName value={asset.key} />
      </div>
      <div className="node-foot">
        <Status value={asset.external ? "external" : asset.status} />
        {failed === 0 && asset.health !== "healthy" && asset.health !== "unknown" && (
          <span className={`node-health h-${asset.health}`} title={asset.healthReasons.map((reason) => reason.text).join("\n")}>
            {asset.health}
          </span>
        )}
        {failed > 0 && <span className="node-check">{counted(failed, "failed check")}</span>}
        {asset.freshness && asset.freshness !== "fresh" && asset.freshness !== "unknown" && (
          <span className={`node-fresh f-${asset.freshness}`}>{freshnessWords[asset.freshness]}</span>
        )}
        {failed === 0 && asset.materialization && (
          <span className="dim right">
            <Ago at={asset.materialization.at} />
          </span>
        )}
      </div>
      <Handle type="source" position={Position.Right} isConnectable={false} />
    </div>
  );
}
