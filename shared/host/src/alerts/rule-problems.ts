import { type AlertEvent, type AlertRule, didYouMean, requireNames, UserError } from "@kc/runtime/internal";
import { type Definitions, isComplete } from "../locations/definitions.ts";
import { selectOrNone } from "./rules.ts";
import type { AlertsSettings } from "./settings.ts";

/** Something that a rule of kc.yaml says and the definitions do not bear out. */
export interface RuleProblem {
  /** Where in the rule. */
  path: (string | number)[];
  message: string;
  /** An error: the rule cannot tell what it is for. Else it tells less than it seems to. */
  severity: "error" | "warning";
}

/** Events about no asset: a rule with a selection never hears of them. */
const ofNoAsset: readonly AlertEvent[] = ["tick_failed", "location_failed", "daemon_unhealthy", "channel_failed"];
const ofNoLocation: readonly AlertEvent[] = ["daemon_unhealthy", "channel_failed"];

/** What is wrong with a rule. Its selection and owners are not judged while a location is not loaded: they may stand there. */
export function ruleProblems(rule: AlertRule, teams: AlertsSettings["teams"], definitions: Definitions): RuleProblem[] {
  const { names } = definitions;
  const unknown = (rule.locations ?? []).flatMap((name, index): RuleProblem[] =>
    names.includes(name)
      ? []
      : [
          {
            path: ["locations", index],
            message: `there is no location "${name}".${didYouMean(name, names) || ` There are ${names.join(", ")}.`}`,
            severity: "error",
          },
        ],
  );
  const problems = [...unknown, ...neverHeard(rule)];
  return isComplete(definitions) ? [...problems, ...selectionProblems(rule, teams, definitions)] : problems;
}

/** Events that the rule names and leaves out by its selection or its locations. */
function neverHeard(rule: AlertRule): RuleProblem[] {
  const found = rule.on.flatMap((event, index) => {
    const by =
      rule.select !== undefined && ofNoAsset.includes(event)
        ? (["select", "asset"] as const)
        : rule.locations && ofNoLocation.includes(event)
          ? (["locations", "location"] as const)
          : undefined;
    return by ? [{ event, index, by }] : [];
  });
  return found.map(({ event, index, by: [setting, what] }) => ({
    path: ["on", index],
    message: `${event} is about no ${what}, so that a rule with ${setting} never tells it: write a rule of its own for it`,
    severity: found.length === rule.on.length ? "error" : "warning",
  }));
}

function selectionProblems(rule: AlertRule, teams: AlertsSettings["teams"], { graph, names }: Definitions): RuleProblem[] {
  const { keys, problem } = rule.select === undefined ? { keys: [...graph.order] } : selectOrNone(graph, rule.select);
  const misnamed = rule.select === undefined || problem ? undefined : whyMisnamed(() => requireNames(graph, rule.select!, names));
  if (problem || (keys.length === 0 && rule.select !== undefined))
    return [
      {
        path: ["select"],
        message: problem ?? `the selection names no asset${misnamed ? `: ${misnamed}` : ""}`,
        severity: "error",
      },
    ];
  const here = rule.locations && keys.every((key) => !rule.locations!.includes(graph.assets.get(key)!.location));
  const known = rule.locations?.every((name) => names.includes(name));
  if (rule.select !== undefined && here && known)
    return [{ path: ["select"], message: `none of its assets is in ${rule.locations!.join(" or ")}`, severity: "error" }];
  const owners = rule.owners ? keys.flatMap((key) => graph.assets.get(key)!.owners) : [];
  const unaddressed = [...new Set(owners)].filter((owner) => owner.startsWith("team:") && !teams[owner.slice(5)]);
  return [
    ...(misnamed ? [{ path: ["select"], message: misnamed, severity: "warning" as const }] : []),
    ...unaddressed.map(
      (owner): RuleProblem => ({
        path: ["owners"],
        message: `${owner} owns assets of this rule, and alerts.teams does not say who that is.${didYouMean(owner.slice(5), Object.keys(teams))}`,
        severity: "warning",
      }),
    ),
  ];
}

function whyMisnamed(check: () => void): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
}
