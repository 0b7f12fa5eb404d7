// The command in one process: it loads the application and serves it itself. Settings in; a promise of the exit code out.
// What a supervisor does for workers, run-supervisor.ts does.

import { type Listener, listen, type Server, server } from "@wsgi/core";
import { adminApplication } from "./admin.ts";
import { loadAll } from "./applications.ts";
import { adminAddress, bindAddresses } from "./bind-address.ts";
import { showStart } from "./greeting.ts";
import type { LoadedApplication } from "./load-application.ts";
import { LogOutput } from "./log-output.ts";
import { dropPrivileges } from "./privileges.ts";
import { makeListeners, Serving } from "./serving.ts";
import type { Settings } from "./settings.ts";
import { onSignals } from "./signals.ts";
import { TlsSecretsKeeper } from "./tls-secrets.ts";

export async function runSingle(settings: Settings & { readonly app: string }, startedAt: number): Promise<number> {
  const logs = new LogOutput(settings);
  const { logger } = logs;
  const adminAt = settings.admin === undefined ? undefined : adminAddress(settings.admin);
  // Addresses and keys before the application: the first may need rights that the second must not have.
  const listeners = await makeListeners(settings, bindAddresses(settings, process.env, process.pid));
  const loaded = await beginWith(settings, listeners, logs);
  const serving = new Serving(settings, listeners, loaded.application, logs);
  const secrets = new TlsSecretsKeeper();
  secrets.rotate((fresh) => serving.setTicketKeys(fresh));
  let exitCode = 0;
  const stopListening = onSignals({
    graceful(signal) {
      logger.info(`(${process.pid}) ${signal}: finishing the requests there are; again to end now`);
      void serving.drain();
    },
    immediate(signal) {
      logger.warn(`(${process.pid}) ${signal}: ending now`);
      exitCode = 1;
      void serving.stop();
    },
    reopenLogs: () => logs.reopen(),
    reload() {
      serving.reloadCertificates();
      logger.warn(`(${process.pid}) SIGHUP: certificates were read again; new code needs --workers 1 or more`);
    },
    scale: (by) => logger.warn(`(${process.pid}) ${by > 0 ? "SIGTTIN" : "SIGTTOU"}: needs --workers 1 or more`),
    upgrade: () => logger.warn(`(${process.pid}) SIGUSR2: needs --workers 1 or more`),
  });
  await serving.server.ready;
  const admin = adminAt === undefined ? undefined : serveAdmin(adminAt, serving, logs);
  await admin?.ready;
  logs.announce(
    showStart(
      {
        app: settings.app,
        kind: loaded.kind,
        addresses: serving.server.addresses,
        workers: 0,
        milliseconds: performance.now() - startedAt,
        reload: false,
      },
      logs.colours,
    ),
  );
  const { cut } = await serving.server.closed;
  await loaded.close();
  await admin?.close({ timeout: 0 });
  secrets.close();
  stopListening();
  logs.flush();
  return cut > 0 ? 1 : exitCode;
}

/** The application, when every address is bound; else all of them are free again, and files of sockets gone. */
async function beginWith(
  settings: Settings & { readonly app: string },
  listeners: readonly Listener[],
  { logger }: LogOutput,
): Promise<LoadedApplication> {
  try {
    await Promise.all(listeners.map(({ ready }) => ready));
    dropPrivileges(settings);
    return await loadAll(settings, logger);
  } catch (error) {
    await Promise.allSettled(listeners.map((listener) => listener.close()));
    throw error;
  }
}

function serveAdmin(address: string, serving: Serving, logs: LogOutput): Server {
  const application = adminApplication({
    notReadyBecause: () => (serving.ready ? undefined : "draining"),
    status: () => ({ ready: serving.ready, workers: [serving.status()] }),
  });
  return server(listen(address), application, { log: logs.logger, accessLog: false });
}
