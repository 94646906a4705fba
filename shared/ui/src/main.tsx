import { ApiError } from "@kc/host/client";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { router } from "./router.tsx";
import "@xyflow/react/dist/style.css";
import "./styles/index.css";

/** What the host refuses it refuses again: only an answer that did not come is asked for once more. */
const retry = (failures: number, error: Error) => failures < 1 && !(error instanceof ApiError && error.status < 500);

const client = new QueryClient({ defaultOptions: { queries: { staleTime: 30_000, retry, refetchOnWindowFocus: false } } });

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
