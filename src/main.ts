import type { Server } from 'node:http';
import { pino } from 'pino';
import type { App } from './app.ts';
import { type Config, readConfig } from './config.ts';
import { answerWhileStarting, createHttpServer } from './http/starting.ts';
import { cannotStart, runProcesses, runsOthers, saysItServes, whenNobodyServes } from './processes.ts';
import { collectStartGarbage } from './start-garbage.ts';
import { createStart, obstacle } from './starting.ts';

/** How long a stop may take before the process ends regardless. */
const stopTimeoutMs = 25_000;

async function main(): Promise<void> {
  const config = readConfig(process.env);
  const log = pino({ level: config.logLevel });
  if (runsOthers(config.processes)) process.exit(await runProcesses(config.processes, log));

  let app: App | undefined;
  stopOnSignals(() => app);

  const start = createStart(log);
  const server = createHttpServer();
  const handOver = answerWhileStarting(server, start.missing);
  let listening: Promise<void> | undefined;
  // A single process answers the port at once. One of several leaves it to the others until it can serve.
  const listen = () => {
    listening ??= listenOn(server, config);
    return listening;
  };
  await whenNobodyServes(listen);

  const { createApp } = await import('./app.ts');
  const made = await createApp(config, { attempt: start.attempt });
  await listen();
  handOver();
  const { url, listening: at } = await made.listen(server);
  app = made;
  saysItServes();
  collectStartGarbage();
  app.log.info({ listening: at }, `Rollcall answers at ${url}/graphql`);
}

function listenOn(server: Server, { port, host }: Config): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Ends the process in good order: at once while it starts, otherwise after the app has closed. */
function stopOnSignals(running: () => App | undefined): void {
  let stopping = false;
  const stop = (signal: string) => {
    const app = running();
    if (!app) process.exit(0);
    if (stopping) return;
    stopping = true;
    app.log.info({ signal }, 'stopping');
    setTimeout(() => process.exit(1), stopTimeoutMs).unref();
    app.close().then(
      () => process.exit(0),
      (error: unknown) => {
        app.log.error({ err: error }, 'the stop failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

main().catch((error: unknown) => {
  const message = obstacle(error);
  console.error(message === null ? error : `Rollcall cannot start:\n${message}`);
  process.exit(message === null ? 1 : cannotStart());
});
