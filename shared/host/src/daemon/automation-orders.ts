import { type AutomationRequest, kindsOf, newBackfill, UserError } from "@kc/runtime/internal";
import { tellBackfill } from "../backfills.ts";
import type { SubmitRequest } from "../runs/submit.ts";
import type { DaemonContext } from "./context.ts";

/** A request with the id under which it is carried out once. */
export type AutomationOrder = AutomationRequest & { id: string };

/** Orders that are decided and not all carried out: stored with the cursor that decided them. */
const ordersName = "automation.orders";

export const automationTags = { "kc/automation": "true" };

/** What became of an order: the id of its request or backfill, and the locations it makes assets in. */
export interface Carried {
  order: AutomationOrder;
  requestId: string;
}

/**
 * Carries out what was decided. A single run request is stored in one transaction with `values`; of several the decision is
 * stored first, so that a host that dies between them goes on with the rest and repeats none.
 */
export async function carryOut(
  context: DaemonContext,
  orders: readonly AutomationOrder[],
  values: Record<string, string>,
): Promise<Carried[]> {
  if (orders.length === 0) return [];
  const [only] = orders;
  if (orders.length === 1 && only!.type === "run") {
    const carried = await request(context, only!, values);
    // Assets that cannot be planned never can: to ask again and again would hold up the automation of all others.
    if (!carried) await context.storage.decide({ values });
    return carried ? [carried] : [];
  }
  await context.storage.decide({ values: { ...values, [ordersName]: JSON.stringify(orders) } });
  return carryOn(context, orders);
}

/** Carries out what is left of an earlier decision. */
export async function carryLeft(context: DaemonContext): Promise<Carried[]> {
  const text = await context.storage.getValue(ordersName);
  return text ? carryOn(context, JSON.parse(text) as AutomationOrder[]) : [];
}

async function carryOn(context: DaemonContext, orders: readonly AutomationOrder[]): Promise<Carried[]> {
  const done: Carried[] = [];
  for (const [index, order] of orders.entries()) {
    const rest = orders.slice(index + 1);
    const values = { [ordersName]: rest.length > 0 ? JSON.stringify(rest) : "" };
    const carried = await request(context, order, values);
    if (carried) done.push(carried);
    if (!carried || order.type === "backfill") await context.storage.decide({ values });
  }
  return done;
}

async function request(
  context: DaemonContext,
  order: AutomationOrder,
  values: Record<string, string>,
): Promise<Carried | undefined> {
  if (order.type === "backfill") return { order, requestId: await startBackfill(context, order) };
  const { partition, id } = order;
  const of = (assets: string[]) => ({ assets, tags: automationTags, ...(partition === null ? {} : { partition }) });
  const submit = async (assets: string[]): Promise<Carried> => {
    const { requestId } = await context.requests.submit({ ...of(assets), runKey: `automation:${id}`, values });
    return { order: { ...order, assets }, requestId };
  };
  for (let assets = order.assets; ; )
    try {
      return await submit(assets);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      // One that cannot be planned keeps none of the others from being made.
      const able: string[] = [];
      for (const asset of assets.length > 1 ? assets : []) {
        const why = await refusal(context, of([asset]));
        if (why === undefined) able.push(asset);
        else context.report(`automation: ${asset} cannot be requested: ${why}`);
      }
      if (able.length === 0 || able.length === assets.length) {
        if (assets.length === 1 || able.length > 0)
          context.report(`automation: ${assets.join(", ")} cannot be requested: ${error.message}`);
        return undefined;
      }
      assets = able;
    }
}

/** Why an asset could not be made by itself, or undefined. */
async function refusal({ requests }: DaemonContext, request: SubmitRequest): Promise<string | undefined> {
  try {
    await requests.plan(request);
    return undefined;
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
}

async function startBackfill(
  { storage, log, clock, workspace }: DaemonContext,
  { id, targets }: AutomationOrder & { type: "backfill" },
): Promise<string> {
  const backfillId = `automation-${id.replaceAll(":", "-")}`;
  if (await storage.getBackfill(backfillId)) return backfillId;
  const now = clock.now();
  const title = `automation: ${Object.keys(targets).join(", ")}`;
  const kinds = kindsOf(workspace.graph(), Object.keys(targets));
  const backfill = newBackfill({ id: backfillId, title, targets, kinds, tags: automationTags, createdAt: now });
  await storage.createBackfill(backfill);
  await tellBackfill(log, backfill, now);
  return backfillId;
}
