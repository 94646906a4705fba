import { join, relative } from "node:path";
import type { ApiClient } from "@kc/host/client";
import type { InstanceFileProblem } from "@kc/host/instance-file";
import type { ReferenceProblem } from "@kc/host/instance-references";
import type { CommandContext } from "./command.ts";

/** All that is wrong in kc.yaml, as the platform itself reads it; places are relative to the repository. */
export async function instanceFileProblems({ root, env }: Pick<CommandContext, "root" | "env">): Promise<InstanceFileProblem[]> {
  const [{ inspectInstanceFile }, { rootEnvironment }] = await Promise.all([
    import("@kc/host/instance-file"),
    import("@kc/host/environment"),
  ]);
  const { problems } = inspectInstanceFile(join(root, "kc.yaml"), rootEnvironment(root, env));
  return problems.map((one) => ({ ...one, where: relative(root, one.where) }));
}

/** What kc.yaml names and no location defines: alert rules, channels, limits, pools. Of kc.yaml as it is now. */
export async function referenceProblems(
  { root, env }: Pick<CommandContext, "root" | "env">,
  api: Pick<ApiClient, "definitions">,
): Promise<ReferenceProblem[]> {
  const [{ definitionsOf, inspectReferences }, { rootEnvironment }, { findLocations }] = await Promise.all([
    import("@kc/host/instance-references"),
    import("@kc/host/environment"),
    import("@kc/host/workspace"),
  ]);
  const snapshots = (await api.definitions()) as Parameters<typeof definitionsOf>[0];
  const definitions = definitionsOf(snapshots, findLocations(root));
  return inspectReferences(join(root, "kc.yaml"), rootEnvironment(root, env), definitions).map((one) => ({
    ...one,
    where: relative(root, one.where),
  }));
}
