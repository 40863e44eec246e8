/** Prints a development token of the demo tenant, and nothing else: npm run -s token */

import { developmentKeys, developmentToken } from '../auth/development-keys.ts';
import { ConfigError, readConfig } from '../config.ts';
import { demoTenant } from '../demo/tenant.ts';

try {
  const config = readConfig(process.env);
  if (config.production) throw new ConfigError('There are no development tokens in production.');
  if (config.jwt.key) throw new ConfigError('Tokens are verified with a key of yours: sign them where that key is.');
  console.log(await developmentToken(developmentKeys(config.dataDir), demoTenant.id, config.jwt));
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
