import type { AssetDetail, Instigator } from "@kc/host/client";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { queries } from "../api.ts";
import { Until } from "../parts/time.tsx";
import { When } from "../parts/when.tsx";

/** What makes an asset by itself and when, or that nothing does; and the jobs it is in. */
export function Launchers({ asset }: { asset: AssetDetail }) {
  const { data } = useQuery(queries.launchers(asset.key));
  if (!data || asset.external) return null;
  return (
    <>
      <dt>Made by</dt>
      <dd>
        {data.by.map((item) => (
          <Launcher key={`${item.type} ${item.name}`} item={item} asset={asset} />
        ))}
        {data.by.length === 0 && <span className="dim">nothing by itself: by hand, or with others</span>}
      </dd>
      {data.jobs.length > 0 && (
        <>
          <dt>Jobs</dt>
          <dd className="row">
            {data.jobs.map((name) => (
              <Link key={name} to="/jobs/$location/$name" params={{ location: asset.location, name }}>
                {name}
              </Link>
            ))}
          </dd>
        </>
      )}
    </>
  );
}

function Launcher({ item, asset }: { item: Instigator; asset: AssetDetail }) {
  const { location, name, type, kind, running, nextTickAt, job } = item;
  return (
    <div>
      {kind === "automation" ? (
        <Link to="/assets/$" params={{ _splat: asset.key }} search={{ tab: "automation" }}>
          its automation condition
        </Link>
      ) : (
        <Link to={type === "schedule" ? "/schedules/$location/$name" : "/sensors/$location/$name"} params={{ location, name }}>
          {type} {name}
        </Link>
      )}{" "}
      <span className="dim small">
        {kind !== "automation" && <When item={item} />}
        {job && `, job ${job}`}
        {running && nextTickAt && (
          <>
            , next <Until at={nextTickAt} />
          </>
        )}
      </span>{" "}
      {!running && <b className="f-warn small">{kind === "automation" ? `off with its sensor ${name}` : "off"}</b>}
    </div>
  );
}
