import { type ScheduleSnapshot, type SensorSnapshot, type Tick, UserError } from "@kc/runtime/internal";
import type { DaemonContext } from "./context.ts";
import { type Instigator, identityOf } from "./instigators.ts";
import { runScheduleTick } from "./schedules.ts";
import { sensorInput } from "./sensor-input.ts";
import { runSensorTick } from "./sensors.ts";
import { reachable, whyUnreachable } from "./ticks.ts";

/**
 * Makes a tick now, for real, whether the schedule or sensor is on or off. A schedule's own ticks come all the same.
 * @throws UserError while a tick of it goes on, or when its location does not load.
 */
export async function tickNow(
  context: DaemonContext,
  instigator: Instigator<ScheduleSnapshot> | Instigator<SensorSnapshot>,
  inFlight: Set<string>,
): Promise<Tick> {
  const { storage, clock } = context;
  const identity = identityOf(instigator);
  const name = `${identity.location}/${identity.name}`;
  const what = `${identity.type} ${name}`;
  const kind = "type" in instigator.definition ? instigator.definition.type : "schedule";
  if (kind === "automation" || kind === "freshness")
    throw new UserError(`${what} is of kind ${kind}: it is evaluated by events and has no function to ask`);
  if (!reachable(instigator.location)) throw new UserError(`${what}: ${whyUnreachable(instigator.location)}`);
  if (inFlight.has(name)) throw new UserError(`a tick of ${what} goes on`, { hint: "Ask again when it has ended." });
  inFlight.add(name);
  try {
    const open = (await storage.listTicks({ ...identity, status: "started", limit: 1 }))[0];
    const now = clock.now();
    const tick = open ?? (await storage.startTick({ ...identity, at: now, startedAt: now, manual: true }));
    if (identity.type === "schedule") await runScheduleTick(context, instigator as Instigator<ScheduleSnapshot>, tick);
    else {
      const sensor = instigator as Instigator<SensorSnapshot>;
      await runSensorTick(context, sensor, tick, await sensorInput(context, sensor));
    }
    const ended = await storage.listTicks({ ...identity, before: tick.id + 1, limit: 1 });
    return ended[0]!;
  } finally {
    inFlight.delete(name);
  }
}
