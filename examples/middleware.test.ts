import { expect, test } from "vitest";
import { runExample } from "./support/program.ts";

test("middleware.ts mounts applications, asks for a password and measures", async () => {
  const { url } = await runExample("middleware.ts");
  const get = async (path: string, headers: Record<string, string> = {}): Promise<[number, string]> => {
    const response = await fetch(new URL(path, url), { headers });
    expect(response.headers.get("server-timing")).toMatch(/^app;dur=\d+\.\d{3}$/);
    return [response.status, await response.text()];
  };
  const basic = (credentials: string) => ({ authorization: `Basic ${btoa(credentials)}` });

  expect(await get("/blog")).toEqual([200, "blog: SCRIPT_NAME /blog, PATH_INFO \r\n"]);
  expect(await get("/blog/caf%C3%A9")).toEqual([200, "blog: SCRIPT_NAME /blog, PATH_INFO /café\r\n"]);
  expect(await get("/blog/2024/x/")).toEqual([200, "archive: SCRIPT_NAME /blog/2024, PATH_INFO /x/\r\n"]);
  expect(await get("/blogger")).toEqual([404, "Not Found\r\n"]);
  expect(await get("/admin")).toEqual([401, "Who are you?\r\n"]);
  expect(await get("/admin", basic("admin:guess"))).toEqual([401, "Who are you?\r\n"]);
  expect(await get("/admin/users", basic("admin:secret"))).toEqual([
    200,
    "admin: SCRIPT_NAME /admin, PATH_INFO /users\r\n",
  ]);
});
