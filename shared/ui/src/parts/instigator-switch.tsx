import type { Instigator } from "@kc/host/client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, type InstigatorType } from "../api.ts";

/** Turns a schedule or sensor on and off. */
export function InstigatorSwitch({
  item,
  type,
}: {
  item: Pick<Instigator, "location" | "name" | "running">;
  type: InstigatorType;
}) {
  const client = useQueryClient();
  const turn = useMutation({
    mutationFn: () => api.turn(type, item.location, item.name, !item.running),
    onSuccess: () => client.invalidateQueries({ queryKey: ["instigators"] }),
  });
  return (
    <>
      <button
        type="button"
        role="switch"
        aria-checked={item.running}
        aria-label={`${item.name} is ${item.running ? "on" : "off"}`}
        className="switch"
        disabled={turn.isPending}
        onClick={() => turn.mutate()}
      />
      {turn.error && <p className="problem-inline small">{turn.error.message}</p>}
    </>
  );
}
