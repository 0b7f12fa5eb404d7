// Loaded before an example: what it imports as `server` and `toNodeListener` puts the validator of @wsgi/middleware around its
// application, so that whatever breaks a rule of WSGI, on either side, is an error in its log. The example's text stays as it is.

import { register } from "node:module";

const examples = new URL("../", import.meta.url).href;
const validated = new URL("validated-exports.ts", import.meta.url).href;

const hooks = `
  const names = new Set(["@wsgi/core", "@wsgi/node"]);
  const isExample = (url = "") => url.startsWith(${JSON.stringify(examples)}) && url !== ${JSON.stringify(validated)};
  export const resolve = (name, context, next) =>
    names.has(name) && isExample(context.parentURL) ? next(${JSON.stringify(validated)}, context) : next(name, context);
`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
