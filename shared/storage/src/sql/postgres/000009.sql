-- Which host leads. Its term fences the writes of hosts that led before.
create table leases (
  name text primary key,
  holder text not null,
  term bigint not null,
  beat bigint not null,
  released integer not null
);
