create table evaluations (
  id bigint generated always as identity primary key,
  asset text not null,
  at bigint not null,
  request_id text,
  body text not null
);
create index evaluations_asset on evaluations (asset, id);
create index evaluations_at on evaluations (at);
