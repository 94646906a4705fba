import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// `kc dev` serves dist/. For work on the UI itself: `pnpm --filter @kc/ui exec vite` beside a running `kc dev`.
export default defineConfig({
  plugins: [react()],
  build: { outDir: "dist", sourcemap: false, chunkSizeWarningLimit: 2_000 },
  worker: { format: "es" },
  server: { proxy: { "/api": "http://localhost:3000" } },
});
