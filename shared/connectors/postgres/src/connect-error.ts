import { UserError } from "@kc/runtime";

const reasons: Record<string, [string, string]> = {
  ECONNREFUSED: [
    "nothing listens there",
    "Check LOCAL_POSTGRES_HOST and LOCAL_POSTGRES_PORT; the local PostgreSQL runs only while its kc instance does.",
  ],
  ENOENT: ["its socket does not exist", "Check LOCAL_POSTGRES_HOST and LOCAL_POSTGRES_PORT."],
  ENOTFOUND: ["the host name is unknown", "Check LOCAL_POSTGRES_HOST."],
  EAI_AGAIN: ["the host name cannot be looked up", "Check LOCAL_POSTGRES_HOST and the network."],
  ETIMEDOUT: ["it does not answer", "Check the network and the server's firewall."],
  EHOSTUNREACH: ["it cannot be reached", "Check the network."],
  "28P01": ["it refuses the password", "Check LOCAL_POSTGRES_USER and LOCAL_POSTGRES_PASSWORD."],
  "28000": ["it refuses the user", "Check LOCAL_POSTGRES_USER and the server's pg_hba.conf."],
  "3D000": ["the database does not exist", "Check LOCAL_POSTGRES_DATABASE."],
  "53300": ["it has no connection left", "Close other clients, or raise max_connections."],
  "57P03": ["it is starting up or shutting down", "Try again in a moment."],
};

/** Why a connection could not be made, with host and port and what to check; never the password. */
export function connectError(error: unknown, target: { host: string; port: number; user: string; database: string }): UserError {
  const { code = "", message = "" } = (error ?? {}) as { code?: string; message?: string };
  const timedOut = /timeout/i.test(message) ? reasons["ETIMEDOUT"] : undefined;
  const [reason, hint] = reasons[code] ??
    timedOut ?? [message || code || "unknown reason", "Check the LOCAL_POSTGRES_* variables."];
  return new UserError(
    `cannot connect to PostgreSQL at ${target.host}:${target.port} as ${target.user} to database ${target.database}: ${reason}`,
    { hint, cause: error },
  );
}
