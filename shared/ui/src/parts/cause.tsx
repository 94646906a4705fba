import type { Instigator, Run } from "@kc/host/client";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { queries } from "../api.ts";
import { Breakable } from "./breakable.tsx";
import { causeOf } from "./cause-of.ts";

/** Why a run came to be, with the way to what brought it about. */
export function Cause({ run }: { run: Pick<Run, "tags" | "location" | "assets"> }) {
  const { tags, location, assets } = run;
  const { data: schedules } = useQuery({ ...queries.schedules, enabled: tags["kc/schedule"] !== undefined });
  const { data: sensors } = useQuery({ ...queries.sensors, enabled: tags["kc/sensor"] !== undefined });
  const text = <Breakable text={causeOf(run)} />;
  if (tags["kc/rerun_of"])
    return (
      <Link to="/runs/$id" params={{ id: tags["kc/rerun_of"] }}>
        {text}
      </Link>
    );
  if (tags["kc/backfill"])
    return (
      <Link to="/backfills/$id" params={{ id: tags["kc/backfill"] }}>
        {text}
      </Link>
    );
  // One that is no more leads nowhere.
  const of = (items: Instigator[] | undefined, name: string | undefined) =>
    items?.find((one) => one.name === name && one.location === location);
  const by = of(schedules, tags["kc/schedule"]) ?? of(sensors, tags["kc/sensor"]);
  if (by)
    return (
      <Link
        to={by.type === "schedule" ? "/schedules/$location/$name" : "/sensors/$location/$name"}
        params={{ location, name: by.name }}
      >
        {text}
      </Link>
    );
  if (tags["kc/automation"] && assets[0])
    return (
      <Link to="/assets/$" params={{ _splat: assets[0] }} search={{ tab: "automation" }}>
        {text}
      </Link>
    );
  if (tags["kc/job"])
    return (
      <Link to="/jobs/$location/$name" params={{ location, name: tags["kc/job"] }}>
        {text}
      </Link>
    );
  return text;
}
