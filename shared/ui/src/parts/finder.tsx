import { useId, useMemo, useState } from "react";
import { bestMatches, type Findable } from "./best-matches.ts";

export interface FinderItem extends Findable {
  id: string;
  /** What kind of thing it is, or where it belongs. */
  detail: string;
}

const most = 12;
const nothing = (): never[] => [];

/** A field that finds things by their names: the arrows go through what matches, Enter takes one, Escape leaves. */
export function Finder<T extends FinderItem>({
  label,
  items,
  otherwise = nothing,
  onFind,
  onLeave,
}: {
  label: string;
  items: readonly T[];
  /** What else a text may mean. */
  otherwise?(text: string): T[];
  onFind(item: T): void;
  onLeave?(): void;
}) {
  const id = useId();
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const matches = useMemo(() => [...bestMatches(text, items, most), ...otherwise(text.trim())], [text, items, otherwise]);
  const chosen = Math.min(at, matches.length - 1);
  const take = (item: T | undefined) => {
    if (!item) return;
    setText("");
    onFind(item);
  };
  const press = (event: React.KeyboardEvent) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0 && matches.length > 0) setAt((chosen + step + matches.length) % matches.length);
    else if (event.key === "Enter") take(matches[chosen]);
    else if (event.key === "Escape") text === "" ? onLeave?.() : setText("");
    else return;
    event.preventDefault();
  };
  return (
    <div className="finder">
      <input
        type="search"
        role="combobox"
        aria-label={label}
        aria-expanded={matches.length > 0}
        aria-controls={id}
        aria-autocomplete="list"
        aria-activedescendant={matches.length > 0 ? `${id}-${chosen}` : undefined}
        placeholder={label}
        autoComplete="off"
        spellCheck={false}
        value={text}
        onChange={({ target }) => {
          setText(target.value);
          setAt(0);
        }}
        onKeyDown={press}
      />
      {text.trim() !== "" && (
        <div id={id} className="finder-list" role="listbox" aria-label={label}>
          {matches.map((item, index) => (
            <button
              key={item.id}
              id={`${id}-${index}`}
              type="button"
              role="option"
              tabIndex={-1}
              aria-selected={index === chosen}
              onPointerMove={() => setAt(index)}
              onClick={() => take(item)}
            >
              <span className="finder-name">{item.name}</span> <span className="dim small right">{item.detail}</span>
            </button>
          ))}
          {matches.length === 0 && <p className="dim">Nothing is called so.</p>}
        </div>
      )}
    </div>
  );
}
