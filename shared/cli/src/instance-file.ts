import { join, relative } from "node:path";
import type { InstanceFileProblem } from "@kc/host/instance-file";
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
