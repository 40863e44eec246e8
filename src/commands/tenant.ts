/** Provisions tenants on the configured database: npm run tenant -- create NAME | list */
import { makeSecret } from '../auth/secrets.ts';
import { ConfigError, readConfig } from '../config.ts';
import { openDatabase } from '../database/database.ts';
import { databaseFault } from '../database/faults.ts';
import { newId } from '../database/ids.ts';
import { migrate } from '../database/migrations.ts';
import { obstacle } from '../starting.ts';

const usage = 'usage: npm run tenant -- create NAME | list';

async function main([command, ...rest]: readonly string[]): Promise<void> {
  const name = rest.join(' ').trim();
  if (command !== 'list' && !(command === 'create' && name && name.length <= 150)) throw new ConfigError(usage);
  // Read only the database's settings: a machine that provisions needs no settings of the server.
  const config = readConfig({ DATABASE_URL: process.env['DATABASE_URL'], DATA_DIR: process.env['DATA_DIR'] });
  const connection = config.databaseUrl
    ? (await import('../database/postgres.ts')).connectPostgres(config.databaseUrl, 1)
    : await (await import('../database/embedded.ts')).connectEmbedded({ folder: `${config.dataDir}/database` });
  const database = openDatabase(connection, () => {});
  try {
    await migrate(connection);
    if (command === 'list') {
      const tenants = await database.prisma.tenant.findMany({ orderBy: { createdAt: 'asc' } });
      for (const tenant of tenants) console.log(`${tenant.id}  ${tenant.createdAt.toISOString()}  ${tenant.name}`);
      return;
    }
    const { secret, prefix, secretHash } = makeSecret('ACCESS_KEY');
    const tenantId = newId();
    await database.prisma.$transaction([
      database.prisma.tenant.create({ data: { id: tenantId, name } }),
      database.prisma.credentialKey.create({
        data: { tenantId, id: newId(), kind: 'ACCESS_KEY', name: 'First key', prefix, secretHash, scopes: ['admin'] },
      }),
    ]);
    console.log(`tenant      ${tenantId}\naccess key  ${secret}`);
    console.error('The key has the scope admin and is shown this once.');
  } finally {
    await database.close();
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(obstacle(error) ?? databaseFault(error)?.message ?? error);
  process.exitCode = 1;
});
