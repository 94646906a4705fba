import type { AlertsInfo } from "@kc/host/client";
import { Status } from "../parts/status.tsx";
import { Ago, Until } from "../parts/time.tsx";
import { messageWords } from "../parts/words.ts";

const marks = { sent: "succeeded", failed: "failed", pending: "queued" } as const;

/** The last messages, and what the services said to them. */
export function Deliveries({ deliveries }: { deliveries: AlertsInfo["deliveries"] }) {
  if (deliveries.length === 0) return <p className="dim">Nothing was sent yet.</p>;
  return (
    <table>
      <thead>
        <tr>
          <th>When</th>
          <th>Message</th>
          <th>Channel</th>
          <th>Delivery</th>
          <th>Answer</th>
        </tr>
      </thead>
      <tbody>
        {deliveries.map((one) => (
          <tr key={one.id}>
            <td>
              <Ago at={one.createdAt} />
            </td>
            <td>
              {one.title} {messageWords[one.kind] && <span className="dim small">{messageWords[one.kind]}</span>}
            </td>
            <td>{one.channel}</td>
            <td>
              <Status value={marks[one.status]} label={one.status} />
              {one.attempts > 1 && <span className="dim small"> after {one.attempts} tries</span>}
              {one.nextAt && one.attempts > 0 && (
                <div className="dim small">
                  again <Until at={one.nextAt} />
                </div>
              )}
            </td>
            <td className={one.status === "failed" ? "problem-inline small" : "dim small"}>{one.answer}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
