-- A schedule's turning on is not its last tick; what vanished is forgotten after a while.
alter table instigators add column since bigint;
alter table instigators add column gone_at bigint;
-- Until now turning on was kept as the last tick.
update instigators set since = last_tick_at where type = 'schedule';

alter table ticks add column started_at bigint;
alter table ticks add column manual integer not null default 0;
alter table ticks add column attempts integer not null default 0;
alter table ticks add column retry_at bigint;
alter table ticks add column logs text not null default '[]';
create index ticks_started on ticks (location, name) where status = 'started';

-- Keys of runs that were pruned: a key counts for ever.
create table spent_run_keys (
  run_key text primary key
);
