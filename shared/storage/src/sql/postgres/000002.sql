create table asset_partitions (
  asset text not null,
  partition text not null,
  event_id bigint,
  at bigint,
  run_id text,
  failed_event_id bigint,
  failed_run_id text,
  changed bigint not null,
  primary key (asset, partition)
);
create index asset_partitions_changed on asset_partitions (asset, changed);

create table dynamic_partitions (
  name text not null,
  key text not null,
  position bigint not null,
  primary key (name, key)
);
create unique index dynamic_partitions_position on dynamic_partitions (position);
