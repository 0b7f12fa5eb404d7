// What `@wsgi/middleware` offers. Nothing inside the package imports this file.

export { MOUNT_ERRORS, MountError, type MountErrorCode } from "./errors.ts";
export { type MountOptions, mount } from "./mount.ts";
export { type Party, VALIDATION_RULES, type ValidationCode, ValidationError } from "./validation-error.ts";
export { validator } from "./validator.ts";
