/** Prints a development token of the demo tenant on standard output: npm run -s token */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { developmentToken, existingDevelopmentKeys } from '../auth/development-keys.ts';
import { ConfigError, readConfig } from '../config.ts';
import { demoTenant } from '../demo/tenant.ts';

try {
  const config = readConfig(process.env);
  if (config.production) throw new ConfigError('There are no development tokens in production.');
  if (config.jwt.key) throw new ConfigError('Tokens are verified with a key of yours: sign them where that key is.');
  const folder = resolve(config.dataDir);
  const keys = existingDevelopmentKeys(folder);
  if (!keys)
    throw new ConfigError(
      `No service has run with the data folder ${folder}: start it first, or set DATA_DIR to the folder that it runs with.`,
    );
  // The service locks its embedded database. Keys of another folder do not fit the running service.
  if (!config.databaseUrl && !existsSync(`${folder}/database.lock`))
    console.error(
      `No service runs with the data folder ${folder} at present. If one runs, it has another: set DATA_DIR to that, else it refuses this token.`,
    );
  console.log(await developmentToken(keys, demoTenant.id, config.jwt));
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
