// Written by kc from the asset-keys.json of every location. Not committed.
import "@kc/runtime";

declare module "@kc/runtime" {
  interface KnownAssets {
    "csv_customers": "ingestion";
    "csv_fact_virtual": "ingestion";
    "csv_orders": "ingestion";
    "csv_payments": "ingestion";
    "customers": "ingestion";
    "dbt_optimove/customer_orders": "dbt";
    "dbt_optimove/order_payments": "dbt";
    "dbt_optimove/stg_kaizen_wars__fact_virtual": "dbt";
    "dbt_optimove/stg_shop__customers": "dbt";
    "dbt_optimove/stg_shop__orders": "dbt";
    "dbt_optimove/stg_shop__payments": "dbt";
    "dbt_optimove/virtual_item_daily": "dbt";
    "dlt_csv_customers": "ingestion";
    "dlt_csv_fact_virtual": "ingestion";
    "dlt_csv_orders": "ingestion";
    "dlt_csv_payments": "ingestion";
    "dlt_databricks_customers": "ingestion";
    "dlt_databricks_fact_virtual": "ingestion";
    "dlt_databricks_orders": "ingestion";
    "dlt_databricks_payments": "ingestion";
    "downstream/fact_virtual_count": "downstream";
    "fact_virtual": "ingestion";
    "orders": "ingestion";
    "payments": "ingestion";
    "run_databricks_ingestion_job": "ingestion";
  }
}
