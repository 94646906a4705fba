import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { queries } from "../api.ts";
import { Launchpad } from "../launch/launchpad.tsx";
import { InstigatorTable } from "../parts/instigator-table.tsx";
import { KeyName } from "../parts/key-name.tsx";
import { RunList } from "../parts/run-list.tsx";
import { Chip } from "../parts/status.tsx";
import { counted } from "../parts/words.ts";

export function JobPage() {
  const { location, name } = useParams({ from: "/jobs/$location/$name" });
  const { data: job, error } = useQuery(queries.job(location, name));
  const { data: schedules = [] } = useQuery(queries.schedules);
  const { data: sensors = [] } = useQuery(queries.sensors);
  if (error) return <p className="problem page">{error.message}</p>;
  if (!job) return <p className="empty">Loading…</p>;
  const launchers = (items: typeof schedules) => items.filter((one) => one.location === location && one.job === name);
  const tags = Object.entries(job.tags);
  return (
    <div className="page">
      <p className="crumbs">
        <Link to="/jobs">Jobs</Link> / {location}
      </p>
      <h1>{name}</h1>
      {job.description && <p>{job.description}</p>}
      <p className="row">
        <code className="wrap">{job.selection}</code>
        {job.checksOnly && <Chip>checks only</Chip>}
        {tags.map(([tag, value]) => (
          <Chip key={tag}>
            {tag}={value}
          </Chip>
        ))}
      </p>
      {job.problem && <p className="problem">It cannot be launched: {job.problem}</p>}
      <details>
        <summary>
          {counted(job.assets.length, "asset")} in {counted(job.steps.length, "step")}
        </summary>
        <ul className="plain columns">
          {job.assets.map((asset) => (
            <li key={asset.key}>
              <Link to="/assets/$" params={{ _splat: asset.key }}>
                <KeyName value={asset.key} />
              </Link>
            </li>
          ))}
        </ul>
      </details>
      <h2>Launchpad</h2>
      <Launchpad key={`${location}/${name}`} job={job} />
      {launchers(schedules).length > 0 && (
        <>
          <h2>Schedules</h2>
          <InstigatorTable items={launchers(schedules)} type="schedules" />
        </>
      )}
      {launchers(sensors).length > 0 && (
        <>
          <h2>Sensors</h2>
          <InstigatorTable items={launchers(sensors)} type="sensors" />
        </>
      )}
      <h2>Runs</h2>
      <RunList filter={{ location, tag: `kc/job=${name}` }} empty="It has not run yet." />
    </div>
  );
}
