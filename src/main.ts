import { pino } from 'pino';
import { ConfigError, readConfig } from './config.ts';
import { DatabaseInUseError } from './database/folder-lock.ts';
import { runProcesses, runsOthers } from './processes.ts';

/** How long a stop may take before the process ends regardless, in milliseconds. */
const patience = 25_000;

async function main(): Promise<void> {
  const config = readConfig(process.env);
  if (runsOthers(config.processes)) process.exit(await runProcesses(config.processes, pino({ level: config.logLevel })));
  const { createApp } = await import('./app.ts');
  const app = await createApp(config);
  const { url, listening } = await app.listen();
  app.log.info({ listening }, `Rollcall answers at ${url}/graphql`);

  let stopping = false;
  const stop = (signal: string) => {
    if (stopping) return;
    stopping = true;
    app.log.info({ signal }, 'stopping');
    setTimeout(() => process.exit(1), patience).unref();
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
  console.error(
    error instanceof ConfigError || error instanceof DatabaseInUseError ? `Rollcall cannot start:\n${error.message}` : error,
  );
  process.exit(1);
});
