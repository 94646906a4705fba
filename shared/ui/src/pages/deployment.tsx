import { useQuery } from "@tanstack/react-query";
import { queries } from "../api.ts";
import { Connections } from "../deployment/connections.tsx";
import { Daemons } from "../deployment/daemons.tsx";
import { Database } from "../deployment/database.tsx";
import { Locations } from "../deployment/locations.tsx";
import { Pools } from "../deployment/pools.tsx";
import { Settings } from "../deployment/settings.tsx";

export function DeploymentPage() {
  const { data: workspace } = useQuery(queries.workspace);
  const { data: connections = [] } = useQuery(queries.connections);
  return (
    <div className="page">
      <h1>Deployment</h1>
      <Locations workspace={workspace} />
      <Pools />
      <Connections connections={connections} />
      <Daemons />
      <Database />
      <Settings />
    </div>
  );
}
