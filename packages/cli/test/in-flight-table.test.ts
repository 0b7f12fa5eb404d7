// The table of requests that two threads share: what one writes, the other reads, however many and however long.

import { describe, expect, test } from "vitest";
import { InFlightTable } from "../src/in-flight-table.ts";

/** What another thread sees. */
function seen(table: InFlightTable): string[] {
  return new InFlightTable(table.memory).list().map(({ text }) => text);
}

describe("the table of requests in flight", () => {
  test("shows those that began and are not over, the youngest first, with their age", () => {
    const table = new InFlightTable();
    const now = performance.now();
    const first = table.add("GET", "/first", "127.0.0.1", now - 3000);
    const second = table.add("POST", "/second%20one", "::1", now - 2000);
    table.add("DELETE", "/third", "", now - 1000);
    expect(seen(table)).toEqual(["DELETE /third ", "POST /second%20one ::1", "GET /first 127.0.0.1"]);
    const ages = new InFlightTable(table.memory)
      .list()
      .map(({ ageMilliseconds }) => Math.floor(ageMilliseconds / 1000));
    expect(ages).toEqual([1, 2, 3]);
    table.remove(first);
    table.remove(second);
    expect(seen(table)).toEqual(["DELETE /third "]);
    expect(new InFlightTable(table.memory).count).toBe(1);
  });

  test("uses places again, and leaves nothing of a longer text that was there", () => {
    const table = new InFlightTable();
    for (let i = 0; i < 5000; i++) table.remove(table.add("GET", `/${"long".repeat(i % 40)}`, "10.0.0.1", 0));
    table.add("GET", "/", "::1", 0);
    expect(seen(table)).toEqual(["GET / ::1"]);
  });

  test("cuts what is too long, and keeps method and client whole", () => {
    const table = new InFlightTable();
    table.add("GET", `/${"x".repeat(10_000)}`, "2001:db8::1", 0);
    table.add("M".repeat(10_000), "/", "10.0.0.1", 0);
    const [long, strange] = seen(table).sort();
    expect(long).toMatch(/^GET \/x{200,} 2001:db8::1$/);
    expect(strange).toMatch(/^M{200,} +10\.0\.0\.1$/);
  });

  test("counts those that have no place", () => {
    const table = new InFlightTable();
    const slots = Array.from({ length: 1500 }, (_, index) => table.add("GET", `/${index}`, "::1", 0));
    expect(new InFlightTable(table.memory).count).toBe(1500);
    expect(seen(table)).toHaveLength(1024);
    for (const slot of slots) table.remove(slot);
    expect(new InFlightTable(table.memory).count).toBe(0);
    expect(seen(table)).toEqual([]);
    table.add("GET", "/again", "::1", 0);
    expect(seen(table)).toEqual(["GET /again ::1"]);
  });
});
