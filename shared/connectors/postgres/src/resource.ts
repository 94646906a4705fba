import { env, type Resource, resource } from "@kc/runtime";
import { z } from "zod";
import { type Postgres, postgresClient } from "./client.ts";

const schema = z.object({
  host: z.string().min(1),
  port: z.coerce.number().int().min(1).max(65_535),
  user: z.string().min(1),
  password: z.string(),
  database: z.string().min(1),
});

/** A database as a resource, from the variables `<PREFIX>_HOST`, `_PORT`, `_USER`, `_PASSWORD`, `_DATABASE`. */
export function postgresResource(prefix = "LOCAL_POSTGRES"): Resource<Postgres> {
  return resource({
    description: `PostgreSQL of ${prefix}_HOST`,
    schema,
    config: {
      host: env(`${prefix}_HOST`, "localhost"),
      port: env(`${prefix}_PORT`, "5432"),
      user: env(`${prefix}_USER`, "postgres"),
      password: env(`${prefix}_PASSWORD`, ""),
      database: env(`${prefix}_DATABASE`, "postgres"),
    },
    setup: (config) => postgresClient(config),
    teardown: (client) => client.close(),
  });
}

/** The database of LOCAL_POSTGRES_HOST. */
export const postgres: Resource<Postgres> = postgresResource();
