create table runs (
  id text primary key,
  request_id text not null,
  location text not null,
  status text not null,
  plan text not null,
  needs text not null,
  tags text not null,
  config text not null,
  partition text,
  run_key text unique,
  connections text not null default '{}',
  created_at bigint not null,
  started_at bigint,
  ended_at bigint,
  reason text,
  position bigint not null
);
create unique index runs_position on runs (position);
create index runs_status on runs (status);
create index runs_request on runs (request_id);

create table run_assets (
  run_id text not null references runs (id) on delete cascade,
  asset text not null,
  primary key (asset, run_id)
);

create table events (
  id bigint generated always as identity primary key,
  type text not null,
  at bigint not null,
  run_id text,
  seq bigint,
  step text,
  asset text,
  body text not null
);
create unique index events_seq on events (run_id, seq) where seq is not null;
create index events_run on events (run_id, id);
create index events_asset on events (asset, id) where asset is not null;

create table assets (
  key text primary key,
  state text not null
);

create table instigators (
  location text not null,
  name text not null,
  type text not null,
  status text,
  cursor text,
  last_tick_at bigint,
  primary key (location, name)
);

create table ticks (
  id bigint generated always as identity primary key,
  location text not null,
  name text not null,
  type text not null,
  status text not null,
  at bigint not null,
  ended_at bigint,
  request_ids text not null default '[]',
  skip text,
  error text
);
create index ticks_of on ticks (location, name, id);

create table entries (
  name text primary key,
  value text not null
);
