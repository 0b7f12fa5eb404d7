// The command with worker processes: binds the addresses, starts a supervisor, and connects it to signals, to the admin
// server and, in development, to the files of the application. Settings in; a promise of the exit code out.

import { rmSync } from "node:fs";
import { relative, resolve } from "node:path";
import { listen, type Server, server } from "@wsgi/core";
import { adminApplication } from "./admin.ts";
import { adminAddress, bindAddresses } from "./bind-address.ts";
import { bindSocket, type SharedSocket } from "./bound-socket.ts";
import { freshSettings } from "./fresh-settings.ts";
import { showStart } from "./greeting.ts";
import { parseApplicationSpec } from "./load-application.ts";
import { LogOutput } from "./log-output.ts";
import type { Invocation } from "./messages.ts";
import type { Settings } from "./settings.ts";
import { onSignals } from "./signals.ts";
import type { SourceWatch } from "./source-watch.ts";
import { Supervisor, workerCount } from "./supervisor.ts";
import { TlsSecretsKeeper } from "./tls-secrets.ts";
import { announceTakeover, inheritedSecrets, inheritedSockets, Upgrade } from "./upgrade.ts";

/** Probes that came to the old program are answered by it. */
const HANDING_OVER = { timeout: 1, idleGrace: 0.3 };

export async function runSupervisor(
  settings: Settings & { readonly app: string },
  invocation: Invocation,
  startedAt: number,
): Promise<number> {
  const logs = new LogOutput(settings);
  const { logger } = logs;
  const inherited = inheritedSockets(process.env);
  const secrets = new TlsSecretsKeeper(inherited.length > 0 ? await inheritedSecrets() : undefined);
  await secrets.prepare(settings);
  const sockets = inherited.filter(({ role }) => role === "application");
  if (sockets.length === 0) sockets.push(...(await bindAll(settings)));
  const adminSocket = inherited.find(({ role }) => role === "admin") ?? (await bindAdmin(settings));
  const workers = workerCount(settings);
  let watch: SourceWatch | undefined;
  const supervisor = new Supervisor(settings, invocation, sockets, logger, {
    onServing(kind) {
      const addresses = sockets.map(({ url, plain }) => ({
        url: settings.tls !== undefined && !plain ? url.replace(/^http:/, "https:") : url,
      }));
      const milliseconds = performance.now() - startedAt;
      logs.announce(
        showStart({ app: settings.app, kind, addresses, workers, milliseconds, reload: settings.reload }, logs.colours),
      );
      if (isTakeover) admin = adminSocket && serveAdmin(adminSocket, supervisor, upgrade, logs); // till now the old one answered
      announceTakeover();
    },
    onImported: (files) => watch?.add(files),
    async readSettings() {
      const fresh = await freshSettings(invocation);
      await secrets.prepare(fresh);
      return fresh;
    },
    secrets: () => secrets.current,
  });
  if (settings.reload) {
    const { SourceWatch } = await import("./source-watch.ts"); // its library would slow every start in production
    watch = new SourceWatch([resolve(parseApplicationSpec(settings.app).module)], (file) => {
      logger.info(`(${process.pid}) ${relative(process.cwd(), file)} changed: restarting`);
      supervisor.restart();
    });
  }
  const isTakeover = inherited.length > 0;
  let admin: Server | undefined;
  const shared = adminSocket === undefined ? sockets : [...sockets, adminSocket];
  const upgrade = new Upgrade(shared, invocation.cwd, logger, {
    secrets: () => secrets.current,
    onTakenOver() {
      void admin?.close(HANDING_OVER);
      supervisor.drain(0);
    },
  });
  if (!isTakeover) admin = adminSocket && serveAdmin(adminSocket, supervisor, upgrade, logs);
  // Workers have their own descriptors of a socket: when the last of them stops to listen, connections are to be refused
  // and not to wait for nobody.
  const stopListening = (): void => {
    for (const { close } of sockets) close();
  };
  const ignoreSignals = onSignals({
    graceful(signal) {
      logger.info(`(${process.pid}) ${signal}: finishing the requests there are; again to end now`);
      if (settings.reload) supervisor.stop();
      else supervisor.drain();
      upgrade.cancel();
      stopListening();
    },
    immediate(signal) {
      logger.warn(`(${process.pid}) ${signal}: ending now`);
      supervisor.stop();
      upgrade.cancel();
      stopListening();
    },
    reopenLogs() {
      logs.reopen();
      supervisor.reopenLogs();
    },
    reload: () => supervisor.reload(),
    scale: (by) => supervisor.scale(by),
    upgrade: () => upgrade.begin(),
  });
  secrets.rotate((fresh) => supervisor.shareSecrets(fresh));
  supervisor.begin();
  const exitCode = await supervisor.ended;
  ignoreSignals();
  secrets.close();
  await Promise.all([watch?.close(), admin?.close(upgrade.done ? HANDING_OVER : { timeout: 0 })]);
  stopListening();
  if (!upgrade.done) removePaths(sockets);
  logs.flush();
  return settings.reload ? 0 : exitCode;
}

async function bindAll(settings: Settings): Promise<SharedSocket[]> {
  const sockets: SharedSocket[] = [];
  try {
    for (const { address, plain } of bindAddresses(settings, process.env, process.pid)) {
      sockets.push({ ...(await bindSocket(address, settings.socketMode)), plain, role: "application" });
    }
  } catch (error) {
    removePaths(sockets);
    throw error;
  }
  return sockets;
}

async function bindAdmin({ admin, socketMode }: Settings): Promise<SharedSocket | undefined> {
  if (admin === undefined) return undefined;
  return { ...(await bindSocket(adminAddress(admin), socketMode)), plain: true, role: "admin" };
}

function removePaths(sockets: readonly SharedSocket[]): void {
  for (const { path } of sockets) if (path !== undefined) rmSync(path, { force: true });
}

/** The supervisor serves this one itself, on a socket that a program after it can take over like the others. */
function serveAdmin({ fd }: SharedSocket, supervisor: Supervisor, upgrade: Upgrade, logs: LogOutput): Server {
  // After a takeover the service is ready, whichever of the two programs a probe still comes to.
  const notReadyBecause = (): string | undefined => (upgrade.done ? undefined : supervisor.notReadyBecause);
  const application = adminApplication({
    notReadyBecause,
    status: async () => ({
      pid: process.pid,
      ready: notReadyBecause() === undefined,
      target: supervisor.target,
      workers: await supervisor.status(),
    }),
  });
  return server(listen(`fd://${fd}`), application, { log: logs.logger, accessLog: false });
}
