import { useQuery } from "@tanstack/react-query";
import { type NavigateOptions, useNavigate } from "@tanstack/react-router";
import { useEffect, useMemo, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { queries } from "../api.ts";
import { Finder, type FinderItem } from "./finder.tsx";
import { pages } from "./pages.ts";

interface Goal extends FinderItem {
  to: NavigateOptions;
}

const typing = "input, textarea, select, [contenteditable]";

/** The way to anything by its name, from every page: by its button, "/", or Ctrl and K. */
export function Search() {
  const dialog = useRef<HTMLDialogElement>(null);
  const [open, setOpen] = useState(false);
  const show = () => {
    // The field is there when the dialog looks for what to focus.
    flushSync(() => setOpen(true));
    if (!dialog.current?.open) dialog.current?.showModal();
  };
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const slash = event.key === "/" && !(event.target as Element).closest(typing);
      if (!slash && !(event.key === "k" && (event.ctrlKey || event.metaKey))) return;
      event.preventDefault();
      show();
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  });
  const close = () => dialog.current?.close();
  return (
    <>
      <button type="button" className="nav-link nav-search" title="Search ( / )" onClick={show}>
        <svg viewBox="0 0 24 24" aria-hidden="true">
          <path d="M10.5 4a6.5 6.5 0 100 13 6.5 6.5 0 000-13zM15.5 15.5L20 20" />
        </svg>
        <span className="nav-word">Search</span> <kbd className="nav-word right">/</kbd>
      </button>
      <dialog
        ref={dialog}
        className="search"
        aria-label="Search"
        onClose={() => setOpen(false)}
        onPointerDown={({ target }) => target === dialog.current && close()}
      >
        {open && <Everything onLeave={close} />}
      </dialog>
    </>
  );
}

function Everything({ onLeave }: { onLeave(): void }) {
  const navigate = useNavigate();
  const { data: assets } = useQuery(queries.assets);
  const { data: jobs } = useQuery(queries.jobs);
  const { data: schedules } = useQuery(queries.schedules);
  const { data: sensors } = useQuery(queries.sensors);
  const goals = useMemo<Goal[]>(
    () => [
      ...pages.map(({ to, label }) => ({ id: to, name: label, detail: "page", to: { to } })),
      ...(assets ?? []).map(({ key, location, owners }) => ({
        id: `asset ${key}`,
        name: key,
        detail: ["asset", location, ...owners].join(" · "),
        to: { to: "/assets/$", params: { _splat: key } } as const,
      })),
      ...(jobs ?? []).map(({ location, name }) => ({
        id: `job ${location}/${name}`,
        name,
        detail: `job · ${location}`,
        to: { to: "/jobs/$location/$name", params: { location, name } } as const,
      })),
      ...[...(schedules ?? []), ...(sensors ?? [])].map(({ type, location, name }) => ({
        id: `${type} ${location}/${name}`,
        name,
        detail: `${type} · ${location}`,
        to: {
          to: type === "schedule" ? "/schedules/$location/$name" : "/sensors/$location/$name",
          params: { location, name },
        } as const,
      })),
      ...(assets ?? []).flatMap(({ key, checks }) =>
        checks.map(({ name }) => ({
          id: `check ${key}:${name}`,
          name: `${key}:${name}`,
          detail: "check",
          to: { to: "/assets/$", params: { _splat: key }, search: { tab: "checks" } } as const,
        })),
      ),
    ],
    [assets, jobs, schedules, sensors],
  );
  return (
    <Finder
      label="Asset, check, job, schedule, sensor, page, or the id of a run or backfill"
      items={goals}
      otherwise={idGoals}
      onFind={({ to }) => {
        onLeave();
        void navigate(to);
      }}
      onLeave={onLeave}
    />
  );
}

/** Ids are not listed: what looks like one may be that of a run or of a backfill. */
const idGoals = (text: string): Goal[] =>
  /^[0-9a-z]{13}$/.test(text)
    ? [
        { id: `run ${text}`, name: text, detail: "run", to: { to: "/runs/$id", params: { id: text } } },
        { id: `backfill ${text}`, name: text, detail: "backfill", to: { to: "/backfills/$id", params: { id: text } } },
      ]
    : [];
