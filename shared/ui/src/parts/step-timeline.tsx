import type { RunDetail, RunEvent } from "@kc/host/client";
import { KeyName } from "./key-name.tsx";
import { Status } from "./status.tsx";
import { span } from "./time.tsx";

export interface StepSpan {
  key: string;
  from: number | undefined;
  to: number | undefined;
  status: string;
  attempts: number;
}

/** A step that ended because its run was cancelled did not fail. */
export const isCancelled = (event: RunEvent): boolean => event.fields?.cancelled === true;

/** When each step of a run began and ended and how, from its events. */
export function stepSpans(steps: readonly { key: string }[], events: readonly RunEvent[]): StepSpan[] {
  const spans = new Map<string, StepSpan>(
    steps.map((step) => [step.key, { key: step.key, from: undefined, to: undefined, status: "queued", attempts: 0 }]),
  );
  for (const event of events) {
    const entry = event.step ? spans.get(event.step) : undefined;
    if (!entry) continue;
    const at = Date.parse(event.at);
    if (event.type === "step_started") {
      entry.from ??= at;
      entry.attempts++;
      entry.status = "running";
    } else if (/^step_(succeeded|failed|skipped)$/.test(event.type)) {
      entry.to = at;
      entry.status = isCancelled(event) ? "cancelled" : event.type.slice(5);
    } else if (event.type === "step_waiting" && entry.status !== "running") {
      entry.status = "waiting";
    }
  }
  return [...spans.values()];
}

/** The steps of a run on a common time axis; clicking one filters the log. */
export function StepTimeline({
  run,
  events,
  selected,
  onSelect,
}: {
  run: RunDetail;
  events: RunEvent[];
  selected: string | undefined;
  onSelect(step: string | undefined): void;
}) {
  const spans = stepSpans(run.steps, events);
  const begun = spans.flatMap(({ from }) => (from === undefined ? [] : [from]));
  const start = Math.min(...begun);
  const end = Math.max(run.endedAt ? Date.parse(run.endedAt) : Date.now(), start + 1);
  const percent = (at: number) => ((at - start) / (end - start)) * 100;
  return (
    <div className="timeline">
      {spans.map((step) => (
        <button
          key={step.key}
          type="button"
          className={selected === step.key ? "here" : ""}
          onClick={() => onSelect(selected === step.key ? undefined : step.key)}
        >
          <span className="timeline-name">
            <Status value={step.status} bare /> <KeyName value={step.key} />
            {step.status === "cancelled" && <span className="dim"> cancelled</span>}
            {step.attempts > 1 && <span className="dim"> try {step.attempts}</span>}
          </span>
          <span className="timeline-track">
            {step.from !== undefined && (
              <i
                className={`bar b-${step.status}`}
                style={{ left: `${percent(step.from)}%`, width: `max(3px, ${percent(step.to ?? end) - percent(step.from)}%)` }}
              />
            )}
          </span>
          <span className="timeline-took dim">{step.from === undefined ? "" : span((step.to ?? end) - step.from)}</span>
        </button>
      ))}
    </div>
  );
}
