import { useState } from "react";
import { Tabs } from "../parts/tabs.tsx";
import { ConfigForm } from "./config-form.tsx";
import { type Json, type JsonSchema, scaffold } from "./json-schema.ts";

const modes = ["form", "JSON"] as const;

/** The run config of a launch, as a form or as JSON. `broken` tells that the JSON does not parse. */
export function ConfigEditor({
  schema,
  value,
  onChange,
  broken,
  onBroken,
}: {
  schema: JsonSchema;
  value: Json;
  onChange(value: Json): void;
  broken: string | undefined;
  onBroken(problem: string | undefined): void;
}) {
  const [mode, setMode] = useState<(typeof modes)[number]>("form");
  const [text, setText] = useState("");
  const [shown, show] = useState(false);
  const write = (next: string) => {
    setText(next);
    try {
      const parsed: unknown = next.trim() === "" ? {} : JSON.parse(next);
      if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) throw new Error("the config must be an object");
      onBroken(undefined);
      onChange(parsed as Json);
    } catch (error) {
      onBroken((error as Error).message);
    }
  };
  const replace = (next: Json) => {
    onBroken(undefined);
    onChange(next);
    setText(JSON.stringify(next, null, 2));
  };
  return (
    <div className="config">
      <div className="row">
        <Tabs
          label="Config as"
          names={modes}
          chosen={mode}
          onChoose={(name) => {
            if (name === "JSON") setText(JSON.stringify(value, null, 2));
            setMode(name);
          }}
          disabled={(name) => name === "form" && broken !== undefined}
        />
        <button type="button" className="quiet" onClick={() => replace(scaffold(schema) as Json)}>
          Scaffold config
        </button>
        <button type="button" className="quiet" onClick={() => replace({})}>
          Clear
        </button>
        <button type="button" className="quiet" aria-expanded={shown} onClick={() => show(!shown)}>
          {shown ? "Hide schema" : "Schema"}
        </button>
      </div>
      <div className={shown ? "config-columns" : ""}>
        {mode === "form" ? (
          <ConfigForm schema={schema} root={schema} value={value} onChange={onChange} />
        ) : (
          <textarea
            className="mono editor"
            aria-label="Config as JSON"
            spellCheck={false}
            rows={Math.min(24, Math.max(8, text.split("\n").length + 1))}
            value={text}
            onChange={({ target }) => write(target.value)}
          />
        )}
        {shown && <pre className="schema">{JSON.stringify(schema, null, 2)}</pre>}
      </div>
      {broken && (
        <p className="problem" role="alert">
          The config is no JSON: {broken}
        </p>
      )}
    </div>
  );
}
