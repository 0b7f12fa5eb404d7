// Where in its life a connection is. Numbers, because every byte and every timeout asks. The order matters: what is
// below TAKEN is ours to read, what is at CLOSING or above is over.

/** Nothing of the next head has arrived. */
export const IDLE = 0;
/** A part of it has. */
export const READING_HEAD = 1;
/** The application works, or its body goes out. */
export const RUNNING = 2;
/** The response is queued; the rest of the request's body is dropped. */
export const DISCARDING = 3;
/** The application has the socket. */
export const TAKEN = 4;
/** Our side is closed; the peer may still take what was sent. */
export const CLOSING = 5;
export const CLOSED = 6;
