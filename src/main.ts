import { pino } from 'pino';
import { ConfigError, readConfig } from './config.ts';
import { DatabaseInUseError } from './database/folder-lock.ts';
import { runProcesses, runsOthers } from './processes.ts';

/** How long a stop may take before the process ends regardless, in milliseconds. */
const patience = 25_000;

async function main(): Promise<void> {
  const config = readConfig(process.env);
  if (runsOthers(config.processes))
    process.exit(await runProcesses(config.processes, pino({ level: config.logLevel })));
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

/** What stands in the way of a start, where the operator can mend it; null for a fault of the program. */
function obstacle(error: unknown): string | null {
  if (error instanceof ConfigError || error instanceof DatabaseInUseError) return error.message;
  const { code, syscall, port } = error as { code?: string; syscall?: string; port?: number };
  if (syscall !== 'listen') return null;
  if (code === 'EADDRINUSE') return `Port ${port} is in use by another program: set PORT.`;
  return code === 'EACCES' ? `Port ${port} may not be used by this user: set PORT.` : null;
}

main().catch((error: unknown) => {
  const message = obstacle(error);
  console.error(message === null ? error : `Rollcall cannot start:\n${message}`);
  process.exit(1);
});
