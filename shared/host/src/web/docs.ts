/** A readable page of the API, made from openapi.json itself: nothing is fetched from elsewhere. */
export function docsPage(document: { info: { title: string; version: string }; paths?: Record<string, unknown> }): string {
  const safe = (text: string) =>
    text.replace(/[&<>"]/g, (mark) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[mark]!);
  const sections = Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
    Object.entries(
      methods as Record<
        string,
        {
          summary?: string;
          parameters?: { name: string; in: string; description?: string }[];
          requestBody?: { content: Record<string, { schema: unknown }> };
          responses?: Record<string, { content?: Record<string, { schema: unknown }> }>;
        }
      >,
    ).map(([method, operation]) => {
      const parameters = (operation.parameters ?? [])
        .map((one) => `<li><code>${safe(one.name)}</code> <small>${one.in}</small> ${safe(one.description ?? "")}</li>`)
        .join("");
      const body = operation.requestBody?.content["application/json"]?.schema;
      const answer = operation.responses?.["200"]?.content?.["application/json"]?.schema;
      const show = (title: string, schema: unknown) =>
        schema ? `<p>${title}</p><pre>${safe(JSON.stringify(schema, null, 2))}</pre>` : "";
      return `<details><summary><b class="${method}">${method.toUpperCase()}</b> <code>${safe(path)}</code> ${safe(operation.summary ?? "")}</summary>${parameters ? `<ul>${parameters}</ul>` : ""}${show("Body", body)}${show("Answer", answer)}</details>`;
    }),
  );
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${safe(document.info.title)}</title>
<style>:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}summary{cursor:pointer;padding:.4rem 0}pre{overflow:auto;padding:.75rem;border:1px solid #8884;border-radius:6px}b{display:inline-block;width:3.5rem}.post{color:#b45309}.get{color:#0369a1}</style>
<h1>${safe(document.info.title)} <small>${safe(document.info.version)}</small></h1><p>The document behind this page: <a href="/api/openapi.json">/api/openapi.json</a>. Live events: <code>GET /api/events?after=ID</code> (server-sent events).</p>${sections.join("\n")}</html>`;
}
