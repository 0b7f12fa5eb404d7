// The server's side of a measurement: sends its port to the parent, and its processor time for every message it gets.

export interface ServerMessage {
  readonly port?: number;
  /** Microseconds of user and system time since the start. */
  readonly cpu?: number;
}

export function announce(port: number): void {
  const send = (message: ServerMessage): void => void process.send?.(message);
  process.on("message", () => {
    const { user, system } = process.cpuUsage();
    send({ cpu: user + system });
  });
  process.on("disconnect", () => process.exit());
  send({ port });
}
