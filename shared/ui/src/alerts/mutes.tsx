import type { Mute } from "@kc/host/client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../api.ts";
import { Until } from "../parts/time.tsx";

export type Muting = ReturnType<typeof useMuting>;

/** Silence for a while, and its end. */
export function useMuting() {
  const client = useQueryClient();
  const onSuccess = () => client.invalidateQueries({ queryKey: ["alerts"] });
  const mute = useMutation({ mutationFn: (request: { what: string; for: string }) => api.mute(request), onSuccess });
  const unmute = useMutation({ mutationFn: (what: string) => api.unmute(what), onSuccess });
  return { mute, unmute };
}

const lengths = { "": "Mute…", "1h": "for an hour", "4h": "for four hours", "1d": "for a day", "7d": "for a week" };

export function MuteButton({ what, muting }: { what: string; muting: Muting }) {
  return (
    <select
      aria-label={`Mute ${what}`}
      value=""
      disabled={what.trim() === "" || muting.mute.isPending}
      onChange={({ target }) => target.value && muting.mute.mutate({ what, for: target.value })}
    >
      {Object.entries(lengths).map(([value, word]) => (
        <option key={value} value={value}>
          {word}
        </option>
      ))}
    </select>
  );
}

/** What is muted, and the way to mute some assets. */
export function Mutes({ mutes, muting }: { mutes: Mute[]; muting: Muting }) {
  const [selection, setSelection] = useState("");
  const error = muting.mute.error ?? muting.unmute.error;
  return (
    <>
      <div className="row">
        <input
          type="text"
          className="mono"
          aria-label="Assets to mute"
          placeholder="group:staging"
          value={selection}
          onChange={({ target }) => setSelection(target.value)}
        />
        <MuteButton what={selection} muting={muting} />
        {mutes.length === 0 && <span className="dim">Nothing is muted.</span>}
      </div>
      {error && (
        <p className="problem" role="alert">
          {error.message}
        </p>
      )}
      {mutes.length > 0 && (
        <table>
          <tbody>
            {mutes.map((mute) => (
              <tr key={mute.id}>
                <td>{mute.rule ? <>rule {mute.rule}</> : <code>{mute.selection}</code>}</td>
                <td className="dim">
                  ends <Until at={mute.until} />
                </td>
                <td>
                  <button
                    type="button"
                    className="quiet"
                    disabled={muting.unmute.isPending}
                    onClick={() => muting.unmute.mutate(mute.id)}
                  >
                    Unmute
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}
