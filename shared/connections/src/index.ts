export { type Connection, type ConnectionVariable, connections, secretVariables } from "./connection.ts";
export { type Resolution, type ResolvedConnection, resolveConnections } from "./resolve.ts";
