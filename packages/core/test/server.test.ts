import { expect, test } from "vitest";
import { serve } from "./support/serve.ts";

test("serves the hello of the documentation", async () => {
  const { url, exchange } = await serve((_environ, startResponse) => {
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    return ["Hello, World!\r\n"];
  });
  const response = await fetch(url);
  expect(response.status).toBe(200);
  expect(response.headers.get("content-length")).toBe("15");
  expect(await response.text()).toBe("Hello, World!\r\n");
  expect(await exchange()).toMatchObject({ status: 200, bodyBytes: 15, completed: true });
});
