import { useState } from "react";
import { changed, type Json, type JsonSchema, resolved, typeOf } from "./json-schema.ts";

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);

/** A form for what a JSON Schema describes. A field that is left empty is not given: its default counts. */
export function ConfigForm({
  schema,
  root,
  value,
  onChange,
}: {
  schema: JsonSchema;
  root: JsonSchema;
  value: Json;
  onChange(value: Json): void;
}) {
  const fields = Object.entries(resolved(schema, root).properties ?? {});
  if (fields.length === 0) return <p className="dim">It has no fields.</p>;
  return (
    <div className="form">
      {fields.map(([name, given]) => {
        const field = resolved(given, root);
        const required = resolved(schema, root).required?.includes(name) && field.default === undefined;
        const set = (to: unknown) => onChange(changed(value, name, to));
        if (typeOf(field) === "object" && field.properties)
          return (
            <fieldset key={name}>
              <legend title={field.description}>{name}</legend>
              <ConfigForm schema={field} root={root} value={isObject(value[name]) ? value[name] : {}} onChange={set} />
            </fieldset>
          );
        return (
          // biome-ignore lint/a11y/noLabelWithoutControl: Field renders the control
          <label key={name} className="field">
            <span className="field-name">
              {name}
              {required && <b title="demanded"> *</b>}
            </span>
            <Field field={field} value={value[name]} onChange={set} />
            {field.description && <span className="dim small field-text">{field.description}</span>}
          </label>
        );
      })}
    </div>
  );
}

function Field({ field, value, onChange }: { field: JsonSchema; value: unknown; onChange(value: unknown): void }) {
  const hint =
    field.default === undefined ? "" : String(typeof field.default === "object" ? JSON.stringify(field.default) : field.default);
  const type = typeOf(field);
  if (field.enum || type === "boolean") {
    const choices = field.enum ?? [true, false];
    return (
      <select
        value={value === undefined ? "" : JSON.stringify(value)}
        onChange={({ target }) => onChange(target.value === "" ? undefined : JSON.parse(target.value))}
      >
        <option value="">{hint ? `default: ${hint}` : "not given"}</option>
        {choices.map((choice) => (
          <option key={JSON.stringify(choice)} value={JSON.stringify(choice)}>
            {String(choice)}
          </option>
        ))}
      </select>
    );
  }
  if (type === "number" || type === "integer")
    return (
      <input
        type="number"
        step={type === "integer" ? 1 : "any"}
        placeholder={hint}
        value={typeof value === "number" ? value : ""}
        onChange={({ target }) => onChange(target.value === "" ? undefined : Number(target.value))}
      />
    );
  if (type === "string")
    return (
      <input
        type="text"
        placeholder={hint}
        value={typeof value === "string" ? value : ""}
        onChange={({ target }) => onChange(target.value === "" ? undefined : target.value)}
      />
    );
  return <JsonField hint={hint} value={value} onChange={onChange} />;
}

/** A field of any other shape, as JSON; what is no JSON yet is not given on. */
function JsonField({ hint, value, onChange }: { hint: string; value: unknown; onChange(value: unknown): void }) {
  const [text, setText] = useState(value === undefined ? "" : JSON.stringify(value));
  const change = (next: string) => {
    setText(next);
    try {
      onChange(next.trim() === "" ? undefined : JSON.parse(next));
    } catch {
      // The text is still being written.
    }
  };
  return (
    <input
      type="text"
      className="mono"
      placeholder={hint || "JSON"}
      value={text}
      onChange={({ target }) => change(target.value)}
    />
  );
}
