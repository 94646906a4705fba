/** A variable of a connection, as the vendor's own client reads it. */
export interface ConnectionVariable {
  name: string;
  description: string;
  /** Required for the vendor. A variable that is not required is a setting that applies to vendor and stand-in alike. */
  required: boolean;
  default?: string;
  secret?: boolean;
}

/** A named endpoint with credentials: which variables it reads, what it must reach, which stand-in serves it when none is set. */
export interface Connection {
  name: string;
  title: string;
  variables: ConnectionVariable[];
  /** Connections that the server behind this one calls itself: a vendor cannot reach a stand-in on loopback. */
  reaches: string[];
  /** Programs below the repository's root, run by the host with the pinned Node. */
  standin: { program: string; provision: string | undefined };
}

/** The connections kc knows, in the order in which they start. */
export const connections: readonly Connection[] = [
  {
    name: "local_postgres",
    title: "PostgreSQL",
    variables: [
      { name: "LOCAL_POSTGRES_HOST", description: "Host of the server", required: true },
      { name: "LOCAL_POSTGRES_PORT", description: "Port of the server", required: false, default: "5432" },
      { name: "LOCAL_POSTGRES_USER", description: "User name", required: true },
      { name: "LOCAL_POSTGRES_PASSWORD", description: "Password", required: true, secret: true },
      { name: "LOCAL_POSTGRES_DATABASE", description: "Database", required: false, default: "postgres" },
    ],
    reaches: [],
    standin: { program: "shared/standins/postgres/src/main.ts", provision: undefined },
  },
  {
    name: "databricks",
    title: "Databricks",
    variables: [
      { name: "DATABRICKS_HOST", description: "Workspace URL, adb-123.azuredatabricks.net", required: true },
      { name: "DATABRICKS_TOKEN", description: "Personal access token", required: true, secret: true },
      { name: "DATABRICKS_WAREHOUSE_ID", description: "SQL warehouse that runs the statements", required: true },
      { name: "DATABRICKS_CATALOG", description: "Catalog of the tables", required: false, default: "test" },
      { name: "DATABRICKS_SCHEMA", description: "Schema of the tables", required: false, default: "main" },
      { name: "DATABRICKS_NOTEBOOK_JOB_ID", description: "Job that run_databricks_ingestion_job starts", required: false },
    ],
    reaches: [],
    standin: { program: "shared/standins/databricks/src/main.ts", provision: "shared/connectors/databricks/src/provision.ts" },
  },
  {
    name: "dbt_cloud",
    title: "dbt Cloud",
    variables: [
      { name: "DBT_CLOUD_TOKEN", description: "API token", required: true, secret: true },
      { name: "DBT_CLOUD_ACCOUNT_ID", description: "Account", required: true },
      { name: "DBT_CLOUD_PROJECT_ID", description: "Project", required: true },
      { name: "DBT_CLOUD_ENVIRONMENT_ID", description: "Deployment environment", required: true },
      {
        name: "DBT_CLOUD_ACCESS_URL",
        description: "URL of the account's cell",
        required: false,
        default: "https://cloud.getdbt.com",
      },
      { name: "DBT_CLOUD_JOB_ID", description: "Job to trigger; default: kc's own job, made on first use", required: false },
      { name: "DBT_CLOUD_RUN_TIMEOUT_SECONDS", description: "How long a run may take", required: false, default: "600" },
      { name: "DBT_CLOUD_POLLING_INTERVAL", description: "Seconds between two looks at a run", required: false, default: "30" },
    ],
    reaches: ["databricks"],
    standin: { program: "shared/standins/dbt-cloud/src/main.ts", provision: "shared/connectors/dbt/src/provision.ts" },
  },
];

/** Names of the variables whose values must never be seen. */
export const secretVariables: readonly string[] = connections.flatMap(({ variables }) =>
  variables.flatMap(({ name, secret }) => (secret ? [name] : [])),
);
