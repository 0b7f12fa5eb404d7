// What `test:matrix` tells the exam of a runtime.

declare module "vitest" {
  interface ProvidedContext {
    /** The command that runs a TypeScript file on the runtime: a program and its arguments. */
    readonly runtime: readonly string[];
  }
}

export {};
