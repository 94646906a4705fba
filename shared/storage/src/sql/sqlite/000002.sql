create table asset_partitions (
  asset text not null,
  partition text not null,
  event_id integer,
  at integer,
  run_id text,
  failed_event_id integer,
  failed_run_id text,
  changed integer not null,
  primary key (asset, partition)
);
create index asset_partitions_changed on asset_partitions (asset, changed);

create table dynamic_partitions (
  name text not null,
  key text not null,
  position integer not null,
  primary key (name, key)
);
create unique index dynamic_partitions_position on dynamic_partitions (position);
