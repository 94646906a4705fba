import type { Instigator, Job, Timeline } from "@kc/host/client";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { queries } from "../api.ts";
import { Breakable } from "../parts/breakable.tsx";
import { Status } from "../parts/status.tsx";
import { Ago } from "../parts/time.tsx";
import { When } from "../parts/when.tsx";

const week = 7 * 86_400_000;

export function JobsPage() {
  const { data: jobs } = useQuery(queries.jobs);
  const { data: schedules = [] } = useQuery(queries.schedules);
  const { data: sensors = [] } = useQuery(queries.sensors);
  const { data: timeline } = useQuery(queries.timeline(week, 0));
  return (
    <div className="page">
      <h1>Jobs</h1>
      {jobs?.length === 0 && (
        <p className="empty">No location has a job yet: job(&#123; name, selection &#125;) names what is launched together.</p>
      )}
      {jobs && jobs.length > 0 && (
        <table>
          <thead>
            <tr>
              <th>Job</th>
              <th>Location</th>
              <th>Makes</th>
              <th>Launched by</th>
              <th>Latest runs</th>
              <th />
            </tr>
          </thead>
          <tbody>
            {jobs.map((job) => (
              <JobRow
                key={`${job.location}/${job.name}`}
                job={job}
                by={[...schedules, ...sensors].filter((one) => one.location === job.location && one.job === job.name)}
                runs={timeline?.runs ?? []}
              />
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}

function JobRow({ job, by, runs }: { job: Job; by: Instigator[]; runs: Timeline["runs"] }) {
  const own = runs.filter((run) => run.location === job.location && run.tags["kc/job"] === job.name);
  const params = { location: job.location, name: job.name };
  return (
    <tr>
      <td>
        <Link to="/jobs/$location/$name" params={params}>
          <b>{job.name}</b>
        </Link>
        {job.description && <div className="dim small">{job.description}</div>}
      </td>
      <td>{job.location}</td>
      <td>
        <code className="wrap">
          <Breakable text={job.selection} />
        </code>
      </td>
      <td>
        {by.map((one) => (
          <div key={`${one.type} ${one.name}`}>
            <Link
              to={one.type === "schedule" ? "/schedules/$location/$name" : "/sensors/$location/$name"}
              params={{ location: one.location, name: one.name }}
            >
              {one.name}
            </Link>{" "}
            <span className="dim small">
              <When item={one} />
              {one.running ? "" : ", off"}
            </span>
          </div>
        ))}
      </td>
      <td className="nowrap">
        <span className="dots">
          {own.slice(0, 10).map((run) => (
            <Link key={run.id} to="/runs/$id" params={{ id: run.id }} aria-label={`run ${run.id} ${run.status}`}>
              <Status value={run.status} bare />
            </Link>
          ))}
        </span>{" "}
        {own[0] ? (
          <span className="dim small">
            <Ago at={own[0].createdAt} />
          </span>
        ) : (
          <span className="dim">none for a week</span>
        )}
      </td>
      <td>
        <Link to="/jobs/$location/$name" params={params} className="button">
          Launch…
        </Link>
      </td>
    </tr>
  );
}
