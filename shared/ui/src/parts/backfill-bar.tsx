interface Progress {
  total: number;
  done: number;
  failed: number;
  skipped: number;
  inProgress: number;
}

/** How far a backfill, or one asset of it, is. */
export function BackfillBar({ progress }: { progress: Progress }) {
  const { total, done, failed, skipped, inProgress } = progress;
  const share = (count: number) => ({ width: `${total === 0 ? 0 : (count / total) * 100}%` });
  const parts = [`${done.toLocaleString("en")} of ${total.toLocaleString("en")}`];
  if (inProgress > 0) parts.push(`${inProgress} in progress`);
  if (failed > 0) parts.push(`${failed} failed`);
  if (skipped > 0) parts.push(`${skipped} left out`);
  return (
    <div className="backfill-bar">
      <div className="meter" role="progressbar" aria-valuemin={0} aria-valuemax={total} aria-valuenow={done}>
        <i className="p-materialized" style={share(done)} />
        <i className="p-inProgress" style={share(inProgress)} />
        <i className="p-failed" style={share(failed)} />
        <i className="p-skipped" style={share(skipped)} />
      </div>
      <span className="dim small">{parts.join(", ")}</span>
    </div>
  );
}
