import { storageContract } from "@kc/runtime/testing";
import { openMemory } from "../src/memory/memory.ts";

storageContract("in memory", async () => openMemory());
