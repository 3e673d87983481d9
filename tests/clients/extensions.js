// relay-compiler writes imports for bundlers, which find files without their extension. Here Node is told of it.
import { register } from "node:module";
import { isMainThread } from "node:worker_threads";

if (isMainThread) {
  register(import.meta.url);
}

export function resolve(name, context, next) {
  return next(name.endsWith(".graphql") ? `${name}.js` : name, context);
}
