create table evaluations (
  id integer primary key autoincrement,
  asset text not null,
  at integer not null,
  request_id text,
  body text not null
);
create index evaluations_asset on evaluations (asset, id);
create index evaluations_at on evaluations (at);
