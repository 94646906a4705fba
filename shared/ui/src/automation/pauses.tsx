import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, queries } from "../api.ts";
import { Chip } from "../parts/status.tsx";
import { Ago, Until } from "../parts/time.tsx";
import { counted } from "../parts/words.ts";

/** Assets whose automation rests for a while, and the way to let some rest. */
export function Pauses() {
  const { data: pauses = [] } = useQuery(queries.pauses);
  const client = useQueryClient();
  const renew = () => client.invalidateQueries({ queryKey: ["instigators"] });
  const [selection, setSelection] = useState("");
  const [length, setLength] = useState("2h");
  const pause = useMutation({
    mutationFn: () => api.pause({ selection, ...(length ? { for: length } : {}) }),
    onSuccess: () => {
      setSelection("");
      return renew();
    },
  });
  const resume = useMutation({ mutationFn: (id: string) => api.resume(id), onSuccess: renew });
  const error = pause.error ?? resume.error;
  return (
    <section>
      <h2>Paused automation</h2>
      <form
        className="row"
        onSubmit={(event) => {
          event.preventDefault();
          pause.mutate();
        }}
      >
        <input
          type="text"
          className="mono"
          aria-label="Assets to pause"
          placeholder="group:staging"
          value={selection}
          onChange={({ target }) => setSelection(target.value)}
        />
        <select aria-label="For how long" value={length} onChange={({ target }) => setLength(target.value)}>
          <option value="1h">for an hour</option>
          <option value="2h">for two hours</option>
          <option value="1d">for a day</option>
          <option value="7d">for a week</option>
          <option value="">until it is resumed</option>
        </select>
        <button type="submit" disabled={selection.trim() === "" || pause.isPending}>
          Pause
        </button>
        {pauses.length === 0 && <span className="dim">Nothing is paused.</span>}
      </form>
      {error && (
        <p className="problem" role="alert">
          {error.message}
        </p>
      )}
      {pauses.length > 0 && (
        <table>
          <tbody>
            {pauses.map((one) => (
              <tr key={one.id}>
                <td>
                  <code>{one.selection}</code> <span className="dim">{counted(one.assets, "asset")}</span>
                </td>
                <td>{one.reason}</td>
                <td>
                  {one.until ? (
                    <>
                      ends <Until at={one.until} />
                    </>
                  ) : (
                    "until it is resumed"
                  )}
                </td>
                <td>{one.all && <Chip>schedules and sensors too</Chip>}</td>
                <td className="dim">
                  since <Ago at={one.createdAt} />
                </td>
                <td>
                  <button type="button" className="quiet" disabled={resume.isPending} onClick={() => resume.mutate(one.id)}>
                    Resume
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
