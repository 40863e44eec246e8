import type { Server } from 'node:http';

const { DATABASE_URL, DATABASE_POOL_SIZE, PORT } = process.env;

/** What a contender is started with, in the service's own variables. */
export const settings = {
  databaseUrl: DATABASE_URL as string,
  poolSize: Number(DATABASE_POOL_SIZE),
  port: Number(PORT),
};

/** Serves on loopback until the process is stopped. */
export async function listen(server: Server): Promise<void> {
  process.on('SIGTERM', () => process.exit(0));
  await new Promise<void>((resolve, reject) =>
    server.once('error', reject).listen(settings.port, '127.0.0.1', resolve),
  );
}
