import { useQuery } from "@tanstack/react-query";
import { queries } from "../api.ts";
import { Pauses } from "../automation/pauses.tsx";
import { TickTable } from "../automation/tick-table.tsx";
import { InstigatorTable } from "../parts/instigator-table.tsx";

export function AutomationPage() {
  const { data: schedules = [] } = useQuery(queries.schedules);
  const { data: sensors = [] } = useQuery(queries.sensors);
  const { data: ticks = [] } = useQuery(queries.ticks);
  return (
    <div className="page">
      <h1>Automation</h1>
      <h2>Schedules</h2>
      <InstigatorTable items={schedules} type="schedules" />
      <h2>Sensors</h2>
      <InstigatorTable items={sensors} type="sensors" />
      <Pauses />
      <h2>Latest ticks</h2>
      <TickTable ticks={ticks.slice(0, 50)} named />
    </div>
  );
}
