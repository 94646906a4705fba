import { describePartitions, didYouMean, select, UserError } from "@kc/runtime/internal";
import { jobDetailSchema, jobSchema } from "../client/job-schemas.ts";
import type { WebContext } from "./context.ts";
import { type App, get, list, NotFound, none } from "./route.ts";

/** Jobs. They are launched by POST /api/runs with `job`; POST /api/runs/plan says what a launch would make. */
export function jobRoutes(app: App, { workspace }: WebContext): void {
  const jobs = () =>
    workspace.locations().flatMap((state) =>
      (state.snapshot?.jobs ?? []).map((job) => ({
        location: state.entry.name,
        name: job.name,
        selection: job.selection,
        description: job.description ?? null,
        tags: job.tags,
        config: job.config ?? null,
        where: job.where ?? null,
      })),
    );

  app.openapi(get("/api/jobs", "Jobs of all locations", none, list(jobSchema)), (c) =>
    c.json(
      jobs().map(({ where: _, ...job }) => job),
      200,
    ),
  );

  app.openapi(
    get("/api/jobs/{location}/{name}", "One job with its assets and what config its steps take", none, jobDetailSchema),
    (c) => {
      const { location, name } = c.req.param();
      const job = jobs().find((one) => one.location === location && one.name === name);
      if (!job) {
        const names = jobs().flatMap((one) => (one.location === location ? [one.name] : []));
        throw new NotFound(`location ${location} has no job "${name}".${didYouMean(name, names)}`);
      }
      const { keys, problem } = selected(job.selection);
      const { assets } = workspace.graph();
      const own = keys.map((key) => assets.get(key)!).filter((node) => node.location === location && !node.external);
      const steps = Map.groupBy(own, (node) => node.step);
      return c.json(
        {
          ...job,
          checksOnly: job.tags["kc/checks"] === "only",
          assets: own.map((node) => ({
            key: node.key,
            partitions: node.partitions ? describePartitions(node.partitions) : null,
          })),
          steps: [...steps].map(([step, nodes]) => ({
            name: step,
            assets: nodes.map((node) => node.key),
            config: nodes[0]!.config ?? null,
          })),
          problem,
        },
        200,
      );
    },
  );

  /** An asset may be gone whose job is there: the job is shown, and why it cannot be launched. */
  function selected(selection: string): { keys: string[]; problem: string | null } {
    try {
      return { keys: select(workspace.graph(), selection), problem: null };
    } catch (error) {
      if (error instanceof UserError) return { keys: [], problem: error.message };
      throw error;
    }
  }
}
