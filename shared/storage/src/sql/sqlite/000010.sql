alter table asset_partitions add column wiped_event_id integer;
