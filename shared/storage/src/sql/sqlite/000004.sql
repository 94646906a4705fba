create table alerts (
  key text primary key,
  body text not null
);

create table deliveries (
  id text primary key,
  position integer not null,
  kind text not null,
  channel text not null,
  body text not null,
  status text not null,
  attempts integer not null,
  created_at integer not null,
  next_at integer not null,
  ended_at integer,
  answer text
);
create unique index deliveries_position on deliveries (position);
create index deliveries_pending on deliveries (next_at) where status = 'pending';
create index deliveries_channel on deliveries (channel, position);
