import type { AssetDetail } from "@kc/host/client";
import { Link } from "@tanstack/react-router";
import { MetadataList } from "../parts/metadata.tsx";
import { Ago } from "../parts/time.tsx";

/** What the latest materialization said. */
export function Latest({ asset }: { asset: AssetDetail }) {
  if (!asset.materialization) return <section className="dim">Never materialized.</section>;
  const { at, runId, metadata } = asset.materialization;
  return (
    <section>
      <h2>Latest materialization</h2>
      <p className="dim">
        <Ago at={at} />
        {runId && (
          <>
            {" in run "}
            <Link to="/runs/$id" params={{ id: runId }}>
              <code>{runId}</code>
            </Link>
          </>
        )}
        {asset.unchangedAt && asset.unchangedAt > at && (
          <>
            {" · found unchanged "}
            <Ago at={asset.unchangedAt} />
          </>
        )}
      </p>
      <MetadataList metadata={metadata} />
    </section>
  );
}
