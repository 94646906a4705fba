import { assetCheck } from "@kc/runtime";
import { sales } from "./assets/sales.ts";
import { salesByProduct } from "./assets/sales-by-product.ts";

/** Nothing is made of an empty file. */
export const hasSales = assetCheck({
  asset: sales,
  name: "has_sales",
  description: "There is at least one sale",
  blocking: true,
  run: ({ upstream }) => ({ passed: Number(upstream[0]!.metadata.rows) > 0 }),
});

/** Adding up by product loses no cent. */
export const addsUp = assetCheck({
  asset: salesByProduct,
  name: "adds_up",
  description: "The products' revenue is the revenue of all sales",
  run: ({ upstream }) => {
    const { revenue_cents, source_revenue_cents } = upstream[0]!.metadata;
    return { passed: revenue_cents === source_revenue_cents, metadata: { revenue_cents: Number(revenue_cents) } };
  },
});
