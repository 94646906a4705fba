import type { AlertsInfo } from "@kc/host/client";
import { Chip, Status } from "../parts/status.tsx";
import { span, Until } from "../parts/time.tsx";
import { alertEventWords } from "../parts/words.ts";
import { MuteButton, type Muting } from "./mutes.tsx";

/** The rules of kc.yaml in words. */
export function Rules({ rules, muting }: { rules: AlertsInfo["rules"]; muting: Muting }) {
  return (
    <table>
      <thead>
        <tr>
          <th>Rule</th>
          <th>Tells of</th>
          <th>Among</th>
          <th>On</th>
          <th>How</th>
          <th>Mute</th>
        </tr>
      </thead>
      <tbody>
        {rules.map((rule) => (
          <tr key={rule.name}>
            <td>
              <b>{rule.name}</b>
              {rule.problem && (
                <div className="small">
                  <Status value="failed" label="tells nothing" />
                  <div className="problem-inline">{rule.problem}</div>
                </div>
              )}
            </td>
            <td>{rule.on.map((event) => alertEventWords[event]).join(", ")}</td>
            <td>
              {rule.select && <code className="wrap">{rule.select}</code>}
              {rule.locations && <div>{rule.locations.join(", ")}</div>}
              {!rule.select && !rule.locations && <span className="dim">everything</span>}
            </td>
            <td>
              {rule.channels.join(", ")}
              {rule.owners && <div className="dim small">and the owners</div>}
            </td>
            <td>
              <Chip kind={rule.severity === "error" ? "h-degraded" : "h-warning"}>{rule.severity}</Chip>
              <div className="dim small">
                {rule.recovered ? "also when it is over" : "not when it is over"}
                {rule.remindEveryMs !== null && `, again every ${span(rule.remindEveryMs)}`}
                {rule.rateLimit && `, at most ${rule.rateLimit.max} in ${span(rule.rateLimit.perMs)}`}
              </div>
            </td>
            <td>
              {rule.mutedUntil ? (
                <>
                  <span className="f-warn">muted</span>{" "}
                  <span className="dim small">
                    ends <Until at={rule.mutedUntil} />
                  </span>
                </>
              ) : (
                <MuteButton what={rule.name} muting={muting} />
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
