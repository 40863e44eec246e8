/**
 * Loaded into a replica before the service: resolves the names of the file FAULT_NAMES, a JSON object from
 * each name to its address, or to null for a name that does not resolve.
 */
const dns = require('node:dns');
const { readFileSync } = require('node:fs');

const { lookup } = dns;
dns.lookup = (name, options, callback) => {
  const addresses = JSON.parse(readFileSync(process.env.FAULT_NAMES, 'utf8'));
  if (!Object.hasOwn(addresses, name)) return lookup(name, options, callback);
  const done = typeof options === 'function' ? options : callback;
  const address = addresses[name];
  const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND', hostname: name });
  process.nextTick(() => {
    if (address === null) done(error);
    else if (options.all) done(null, [{ address, family: 4 }]);
    else done(null, address, 4);
  });
};
