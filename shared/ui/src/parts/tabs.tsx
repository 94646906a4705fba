/** One of several: the arrow keys go from one to the next, and only the chosen one is a stop of the Tab key. */
export function Tabs<T extends string>({
  label,
  names,
  chosen,
  onChoose,
  word = (name) => name,
  disabled = () => false,
}: {
  label: string;
  names: readonly T[];
  chosen: NoInfer<T>;
  onChoose(name: NoInfer<T>): void;
  word?(name: NoInfer<T>): React.ReactNode;
  disabled?(name: NoInfer<T>): boolean;
}) {
  return (
    <div className="tabs" role="tablist" aria-label={label} onKeyDown={goByArrows}>
      {names.map((name) => (
        <button
          key={name}
          type="button"
          role="tab"
          aria-selected={chosen === name}
          tabIndex={chosen === name ? 0 : -1}
          disabled={disabled(name)}
          onClick={() => onChoose(name)}
        >
          {word(name)}
        </button>
      ))}
    </div>
  );
}

/** For a list of tabs: the arrows, Home and End choose another. */
export function goByArrows(event: React.KeyboardEvent<HTMLElement>): void {
  const tabs = [...event.currentTarget.querySelectorAll<HTMLElement>("[role=tab]:not(:disabled)")];
  const at = tabs.indexOf(document.activeElement as HTMLElement);
  const to = new Map([
    ["ArrowRight", at + 1],
    ["ArrowLeft", at - 1],
    ["Home", 0],
    ["End", tabs.length - 1],
  ]).get(event.key);
  const next = to === undefined ? undefined : tabs[(to + tabs.length) % tabs.length];
  if (!next) return;
  event.preventDefault();
  next.focus();
  next.click();
}
