-- The latest result of each check by partition; '' is the whole asset. Rows without a check: the partition was wiped.
create table partition_checks (
  asset text not null,
  name text not null,
  partition text not null,
  event_id integer not null,
  at integer not null,
  run_id text,
  passed integer not null,
  severity text not null,
  description text,
  primary key (asset, name, partition)
);
create index partition_checks_changed on partition_checks (asset, event_id);

-- What the log still holds. Results about lists of partitions stay out: their next run tells.
insert into partition_checks (asset, name, partition, event_id, at, run_id, passed, severity, description)
select asset, json_extract(body, '$.check.name'), coalesce(json_extract(body, '$.partition'), ''), id, at, run_id, json_extract(body, '$.check.passed'), json_extract(body, '$.check.severity'), json_extract(body, '$.check.description')
from events
where id in (
  select max(id) from events
  where type = 'check_result' and asset is not null and coalesce(json_extract(body, '$.partition'), '') not like '%,%'
  group by asset, json_extract(body, '$.check.name'), coalesce(json_extract(body, '$.partition'), '')
);
