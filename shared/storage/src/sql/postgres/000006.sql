create table backfills (
  id text primary key,
  status text not null,
  created_at bigint not null,
  body text not null
);
create index backfills_created on backfills (created_at);
