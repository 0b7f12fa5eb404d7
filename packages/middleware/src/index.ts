// What `@wsgi/middleware` offers. Nothing inside the package imports this file.

export { MOUNT_ERRORS, MountError, type MountErrorCode } from "./errors.ts";
export { type MountOptions, mount } from "./mount.ts";
