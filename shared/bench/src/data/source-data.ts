import { between, pick, seeded } from "./random.ts";

/** A source file: its header and its rows, made one by one so that millions need no memory. */
export interface SourceFile {
  name: string;
  header: string;
  rows(count: number): Generator<string>;
  /** Rows of the committed file. */
  committed: number;
}

const items = [
  "Phoenix Mount",
  "Dragon Scale Armor",
  "Healing Potion",
  "Mana Crystal",
  "Speed Boots",
  "Shadow Cloak",
  "Golden Key",
  "Fire Sword",
  "Ice Shield",
  "Battle Banner",
  "Storm Bow",
  "Lucky Charm",
];
const firstNames = [
  "Aino",
  "Bruno",
  "Chloe",
  "Dmitri",
  "Elena",
  "Farid",
  "Grace",
  "Hiro",
  "Ines",
  "Jonas",
  "Katerina",
  "Luis",
  "Maya",
  "Nikos",
  "Olga",
  "Priya",
  "Quentin",
  "Rosa",
  "Sofia",
  "Tomas",
  "Uma",
  "Viktor",
  "Wen",
  "Yara",
  "Zoe",
];
const lastNames = ["A.", "B.", "C.", "D.", "F.", "G.", "H.", "K.", "L.", "M.", "N.", "P.", "R.", "S.", "T.", "V.", "W.", "Z."];
const statuses = ["completed", "completed", "completed", "shipped", "placed", "return_pending", "returned"];
const methods = ["credit_card", "credit_card", "coupon", "bank_transfer", "gift_card"];
const start = Date.UTC(2025, 0, 1);
const day = 86_400_000;
const dateOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

const customers = 1_200;
const orders = 6_000;

/** The four source files. Ids refer to each other as they would in a shop; amounts are in cents. */
export const sourceFiles: readonly SourceFile[] = [
  {
    name: "raw_fact_virtual.csv",
    header: "id,virtual_item,cost,timestamp",
    committed: 5_000,
    *rows(count) {
      const random = seeded(1);
      let at = start;
      for (let id = 1; id <= count; id++) {
        at += between(random, 1, 12_000) * 1_000;
        yield `${id},${pick(random, items)},${(between(random, 99, 49_999) / 100).toFixed(2)},${new Date(at).toISOString().replace(".000Z", "Z")}`;
      }
    },
  },
  {
    name: "raw_customers.csv",
    header: "id,first_name,last_name",
    committed: customers,
    *rows(count) {
      const random = seeded(2);
      for (let id = 1; id <= count; id++) yield `${id},${pick(random, firstNames)},${pick(random, lastNames)}`;
    },
  },
  {
    name: "raw_orders.csv",
    header: "id,user_id,order_date,status",
    committed: orders,
    *rows(count) {
      const random = seeded(3);
      const perDay = Math.max(1, Math.ceil(count / 600));
      for (let id = 1; id <= count; id++)
        yield `${id},${between(random, 1, customers)},${dateOf(start + Math.floor((id - 1) / perDay) * day)},${pick(random, statuses)}`;
    },
  },
  {
    name: "raw_payments.csv",
    header: "id,order_id,payment_method,amount",
    committed: 7_000,
    *rows(count) {
      const random = seeded(4);
      for (let id = 1; id <= count; id++)
        yield `${id},${id <= orders ? id : between(random, 1, orders)},${pick(random, methods)},${between(random, 0, 3_000)}`;
    },
  },
];
