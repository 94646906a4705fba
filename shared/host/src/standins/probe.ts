import { createConnection } from "node:net";
import type { Connection } from "@kc/connections";

/** Host and port of a connection, from the variable that holds its URL or its host. */
export function endpointOf(
  connection: Connection,
  variables: Readonly<Record<string, string>>,
): { host: string; port: number } | undefined {
  const name = connection.variables
    .map((variable) => variable.name)
    .find((one) => /_(ACCESS_URL|HOST|URL)$/.test(one) && variables[one]);
  if (!name) return undefined;
  const value = variables[name]!;
  const port = variables[name.replace(/_HOST$/, "_PORT")];
  if (port && /^\d+$/.test(port) && name.endsWith("_HOST")) return { host: value, port: Number(port) };
  const url = URL.parse(/^https?:\/\//.test(value) ? value : `https://${value}`);
  return url ? { host: url.hostname, port: Number(url.port || (url.protocol === "http:" ? 80 : 443)) } : undefined;
}

/** Whether the endpoint of a connection takes a TCP connection within three seconds. Nothing is sent. */
export async function answers(connection: Connection, variables: Readonly<Record<string, string>>): Promise<boolean | null> {
  const endpoint = endpointOf(connection, variables);
  if (!endpoint) return null;
  return new Promise((resolve) => {
    const socket = createConnection({ ...endpoint, timeout: 3_000 });
    const done = (value: boolean) => {
      socket.destroy();
      resolve(value);
    };
    socket.on("connect", () => done(true));
    socket.on("timeout", () => done(false));
    socket.on("error", () => done(false));
  });
}
