import { job, schedule } from "@kc/runtime";

/** Looks at the CSV every two minutes; a file that has not changed makes no new version of any table. */
export const csvFactVirtualSchedule = schedule({
  name: "csv_fact_virtual_schedule",
  cron: "*/2 * * * *",
  target: "csv_fact_virtual or fact_virtual",
  description: "CSV -> PostgreSQL -> Databricks for the fact table",
  defaultStatus: "running",
});

export const loadShop = job({
  name: "load_shop",
  selection: "group:shop",
  description: "Customers, orders and payments: CSV -> PostgreSQL -> Databricks",
});

export const loadShopSchedule = schedule({
  name: "load_shop_schedule",
  cron: "*/10 * * * *",
  target: loadShop,
  description: "The shop's files every ten minutes",
  defaultStatus: "running",
});
