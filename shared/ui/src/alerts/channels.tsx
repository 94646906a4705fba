import type { AlertsInfo } from "@kc/host/client";
import { useMutation } from "@tanstack/react-query";
import { api } from "../api.ts";
import { Status } from "../parts/status.tsx";
import { span } from "../parts/time.tsx";
import { channelWords } from "../parts/words.ts";

/** Where messages go, whether they arrive, and a button that finds out by sending one. */
export function Channels({ channels }: { channels: AlertsInfo["channels"] }) {
  const test = useMutation({ mutationFn: (names: string[]) => api.testAlerts(names) });
  const answers = new Map(test.data?.map((answer) => [answer.channel, answer]));
  const pending = (name: string) => test.isPending && test.variables.includes(name);
  return (
    <>
      <table>
        <thead>
          <tr>
            <th>Channel</th>
            <th>Kind</th>
            <th>Leads to</th>
            <th>At most</th>
            <th>Latest message</th>
            <th>Test</th>
          </tr>
        </thead>
        <tbody>
          {channels.map((channel) => {
            const answer = answers.get(channel.name);
            return (
              <tr key={channel.name}>
                <td>
                  <b>{channel.name}</b>
                </td>
                <td>{channelWords[channel.type]}</td>
                <td>{channel.target}</td>
                <td title="What is more becomes one summary">
                  {channel.rateLimit.max} in {span(channel.rateLimit.perMs)}
                </td>
                <td>
                  {channel.failing === null ? (
                    <span className="dim">no failure</span>
                  ) : (
                    <>
                      <Status value="failed" label="does not take messages" />
                      <div className="problem-inline small">{channel.failing}</div>
                    </>
                  )}
                </td>
                <td>
                  <button type="button" disabled={test.isPending} onClick={() => test.mutate([channel.name])}>
                    {pending(channel.name) ? "Sending…" : "Send a test"}
                  </button>
                  {answer && (
                    <div className="small" role="status">
                      <Status value={answer.taken ? "succeeded" : "failed"} label={answer.taken ? "taken" : "refused"} />{" "}
                      <span className="dim">{answer.answer}</span>
                    </div>
                  )}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {test.error && <p className="problem">{test.error.message}</p>}
    </>
  );
}
