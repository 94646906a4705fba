import type { Yaml } from "./project/yaml-file.ts";

/**
 * The parts of dbt's manifest.json that are read here, in the shape of v12. Every field that a version may lack is optional:
 * manifests from v9 on are accepted by what they hold, not by their number.
 */
export interface Manifest {
  metadata: {
    dbt_schema_version?: string;
    dbt_version?: string;
    generated_at?: string;
    invocation_id?: string;
    env?: Record<string, string>;
    project_name?: string;
    adapter_type?: string;
  };
  nodes: Record<string, ManifestNode>;
  sources: Record<string, ManifestSource>;
  macros?: Record<string, Yaml>;
  docs?: Record<string, Yaml>;
  exposures?: Record<string, ManifestNode>;
  metrics?: Record<string, Yaml>;
  groups?: Record<string, { name: string; owner?: { name?: string; email?: string | string[] } }>;
  selectors?: Yaml;
  disabled?: Record<string, ManifestNode[]>;
  parent_map?: Record<string, string[]>;
  child_map?: Record<string, string[]>;
  unit_tests?: Record<string, Yaml>;
  [root: string]: unknown;
}

export interface ManifestColumn {
  name: string;
  description?: string;
  data_type?: string | null;
  meta?: Yaml;
  tags?: string[];
}

export interface ManifestNode {
  unique_id: string;
  resource_type: string;
  package_name: string;
  name: string;
  path: string;
  original_file_path: string;
  fqn: string[];
  alias?: string;
  database?: string | null;
  schema?: string;
  relation_name?: string | null;
  checksum?: { name: string; checksum: string };
  config: Yaml & { enabled?: boolean; materialized?: string; tags?: string[]; meta?: Yaml };
  tags?: string[];
  meta?: Yaml;
  description?: string;
  columns?: Record<string, ManifestColumn>;
  refs?: { name: string; package?: string | null; version?: string | number | null }[];
  sources?: string[][];
  depends_on?: { nodes?: string[]; macros?: string[] };
  raw_code?: string;
  compiled_code?: string;
  compiled?: boolean;
  language?: string;
  group?: string | null;
  access?: string;
  version?: string | number | null;
  latest_version?: string | number | null;
  patch_path?: string | null;
  test_metadata?: { name: string; kwargs: Yaml; namespace?: string | null };
  column_name?: string | null;
  attached_node?: string | null;
  [field: string]: unknown;
}

export interface ManifestSource extends ManifestNode {
  source_name: string;
  identifier: string;
}

/** Every node that can be selected, by its unique id. */
export function allNodes(manifest: Manifest): Map<string, ManifestNode> {
  const all = { ...manifest.nodes, ...manifest.sources, ...manifest.exposures };
  // Exposures, and sources of old versions, may come without a config.
  return new Map(Object.entries(all).map(([id, node]) => [id, node.config ? node : { ...node, config: {} }]));
}

/** What a node needs, by unique id. Ids of disabled nodes may be among them. */
export const parentsOf = (node: ManifestNode): string[] => node.depends_on?.nodes ?? [];

/** The meta of a node: under config from 1.10 on, beside it before. */
export const metaOf = (node: ManifestNode): Yaml => ({ ...node.meta, ...node.config?.meta });
