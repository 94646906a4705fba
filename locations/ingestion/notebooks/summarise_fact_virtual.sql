-- Databricks notebook source
-- MAGIC %md
-- MAGIC Purchases per item within a span of days.

-- COMMAND ----------

CREATE OR REPLACE TABLE fact_virtual_summary AS
SELECT virtual_item, count(*) AS purchases, sum(cost) AS revenue
FROM fact_virtual
WHERE CAST(`timestamp` AS DATE) BETWEEN CAST(:start_date AS DATE) AND CAST(:end_date AS DATE)
GROUP BY virtual_item

-- COMMAND ----------

SELECT count(*) AS items, sum(purchases) AS purchases FROM fact_virtual_summary
