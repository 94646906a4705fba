import { useEffect, useState } from "react";

/** The present instant (ms), told anew every so often: for what is shown as an age. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now()), everyMs);
    return () => window.clearInterval(timer);
  }, [everyMs]);
  return now;
}

/** "3 s ago", with the instant itself as a tooltip. */
export function Ago({ at }: { at: string | null | undefined }) {
  const now = useNow(5_000);
  if (!at) return <span className="dim">never</span>;
  return <time title={at}>{relative(Math.max(Date.now(), now) - Date.parse(at))}</time>;
}

export function relative(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 0) return `in ${span(-ms)}`;
  return seconds < 2 ? "just now" : `${span(ms)} ago`;
}

/** "1.4 s", "5 min", "3 h": a number of milliseconds for a person. Its unit never stands on a line of its own. */
export function span(ms: number): string {
  const seconds = ms / 1000;
  if (ms < 1_000) return unit(Math.max(0, Math.round(ms)), "ms");
  if (seconds < 10) return unit(seconds.toFixed(1), "s");
  if (seconds < 90) return unit(Math.round(seconds), "s");
  if (seconds < 5_400) return unit(Math.round(seconds / 60), "min");
  if (seconds < 172_800) return unit(Math.round(seconds / 3_600), "h");
  return unit(Math.round(seconds / 86_400), "d");
}

const unit = (count: number | string, name: string): string => `${count}\u00a0${name}`;

export function Duration({ from, to }: { from: string | null; to: string | null }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (!from || to) return undefined;
    const timer = window.setInterval(() => setNow(Date.now()), 500);
    return () => window.clearInterval(timer);
  }, [from, to]);
  if (!from) return <span className="dim">–</span>;
  return <>{span((to ? Date.parse(to) : now) - Date.parse(from))}</>;
}

/** "in 5 min", with the instant itself as a tooltip. */
export function Until({ at }: { at: string }) {
  const now = useNow(1_000);
  const left = Date.parse(at) - now;
  return <time title={at}>{left <= 0 ? "now" : `in ${span(left)}`}</time>;
}
