// The grammar of what may follow a chunk size on its line: RFC 9112 §7.1.1.
//
//   chunk-ext = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )
//
// A byte and a state in, the next state out. What an extension says nobody here knows, but where it ends two servers must
// see alike: in a quoted string that is never closed, one of them may find a line end that the other does not.

import { CR, EQUALS, FIELD_VALUE, isBlank, QUOTE, SEMICOLON, TOKEN } from "./grammar.ts";

/** After white space that follows a value: only `;` makes that good. */
const BEFORE_EXTENSION = 0;
/** After `;`: where an extension begins. */
export const BEFORE_NAME = 1;
const NAME = 2;
/** After white space that follows a name: `=` or `;`. */
const AFTER_NAME = 3;
/** After `=`. */
const BEFORE_VALUE = 4;
const VALUE = 5;
const QUOTED = 6;
/** After a backslash in a quoted string. */
const ESCAPED = 7;
/** After the quote that closes one. */
const AFTER_QUOTED = 8;

/** The CR that ends the line. */
export const EXTENSION_END = 9;
/** A byte that cannot come here. */
export const EXTENSION_FAULT = 10;

const BACKSLASH = 0x5c;

/** Where the grammar is after `byte`. */
export function afterExtensionByte(state: number, byte: number): number {
  switch (state) {
    case BEFORE_NAME:
      if (isBlank(byte)) return BEFORE_NAME;
      return TOKEN[byte] === 1 ? NAME : EXTENSION_FAULT;
    case NAME:
      if (TOKEN[byte] === 1) return NAME;
      if (byte === EQUALS) return BEFORE_VALUE;
      return isBlank(byte) ? AFTER_NAME : afterMember(byte);
    case AFTER_NAME:
      if (byte === EQUALS) return BEFORE_VALUE;
      return isBlank(byte) ? AFTER_NAME : beforeExtension(byte);
    case BEFORE_VALUE:
      if (isBlank(byte)) return BEFORE_VALUE;
      if (byte === QUOTE) return QUOTED;
      return TOKEN[byte] === 1 ? VALUE : EXTENSION_FAULT;
    case VALUE:
      return TOKEN[byte] === 1 ? VALUE : afterMember(byte);
    case QUOTED:
      if (byte === QUOTE) return AFTER_QUOTED;
      if (byte === BACKSLASH) return ESCAPED;
      return FIELD_VALUE[byte] === 1 ? QUOTED : EXTENSION_FAULT;
    case ESCAPED:
      return FIELD_VALUE[byte] === 1 ? QUOTED : EXTENSION_FAULT;
    case AFTER_QUOTED:
      return afterMember(byte);
    default: // BEFORE_EXTENSION
      return beforeExtension(byte);
  }
}

/** Right behind a name or a value. */
function afterMember(byte: number): number {
  return byte === CR ? EXTENSION_END : beforeExtension(byte);
}

function beforeExtension(byte: number): number {
  if (byte === SEMICOLON) return BEFORE_NAME;
  return isBlank(byte) ? BEFORE_EXTENSION : EXTENSION_FAULT;
}
