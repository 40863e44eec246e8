/** A PostgreSQL server. Null stands for the driver's defaults. */
export type Server = { host: string | null; port: number | null };

/** What DATABASE_URL says. */
export type DatabaseUrl = {
  /** The URL for one server, as the driver reads it. Of several it is the first. */
  connectionString: string;
  /** All servers that the URL names, in order. At least one. */
  servers: readonly Server[];
  /** Whether only a server that takes writes may be used. True unless the URL says `target_session_attrs=any`. */
  writable: boolean;
  /** Whether only a standby may be used, and always the same one. */
  standby: boolean;
};

/** DATABASE_URL cannot be used. The message says why and does not contain the URL. */
export class DatabaseUrlError extends Error {
  override readonly name = 'DatabaseUrlError';
}

const pattern = /^(postgres(?:ql)?:\/\/)([^/?#]*@)?([^/?#]*)([^?#]*)(?:\?([^#]*))?$/;
const one = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*))(?::(\d*))?$/;

/** What `target_session_attrs` may say of a server that takes writes, and of one that is only read. */
const wantedFor = {
  writes: { allowed: ['read-write', 'primary', 'any'], why: 'Rollcall writes' },
  reads: { allowed: ['standby', 'prefer-standby', 'read-only', 'any'], why: 'it is only read' },
};

/**
 * Reads a PostgreSQL URL. As in libpq, it may name several servers (`host:port,host:port`, or lists in the parameters
 * `host` and `port`) and `target_session_attrs`: `read-write` (the default here), `primary` or `any`. One `for` reads
 * leads to a standby, no matter what that says. Throws DatabaseUrlError.
 */
export function readDatabaseUrl(text: string, use: keyof typeof wantedFor = 'writes'): DatabaseUrl {
  const found = pattern.exec(text);
  if (!found) throw new DatabaseUrlError('must be a URL that begins with postgres: or postgresql:');
  const [, scheme = '', user = '', authority = '', path = '', query = ''] = found;
  const parameters = new URLSearchParams(query);

  const { allowed, why } = wantedFor[use];
  const wanted = parameters.get('target_session_attrs') ?? (allowed[0] as string);
  if (!allowed.includes(wanted))
    throw new DatabaseUrlError(
      `target_session_attrs must be ${allowed.slice(0, -1).join(', ')} or ${allowed.at(-1)}: ${why}`,
    );

  const servers = parameters.get('host')
    ? listed(parameters.get('host') as string, parameters.get('port'))
    : authority.split(',').map(serverOf);
  for (const { port } of servers)
    if (port !== null && (port < 1 || port > 65_535)) throw new DatabaseUrlError('each port must be from 1 to 65535');
  if (servers.length > 1 && servers.some(({ host }) => host === null))
    throw new DatabaseUrlError('each of several servers needs a host');

  const first = servers[0] as Server;
  for (const name of ['target_session_attrs', 'load_balance_hosts']) parameters.delete(name);
  if (parameters.get('host')) {
    parameters.set('host', first.host ?? '');
    parameters.delete('port');
    if (first.port !== null) parameters.set('port', String(first.port));
  }
  const rest = parameters.size > 0 ? `?${parameters}` : '';
  const connectionString = `${scheme}${user}${authority.split(',')[0]}${path}${rest}`;
  if (!URL.canParse(connectionString) && authority !== '')
    throw new DatabaseUrlError('must be a URL: what is special in a user name or password is written as %XX');
  return { connectionString, servers, writable: use === 'writes' && wanted !== 'any', standby: use === 'reads' };
}

function serverOf(text: string): Server {
  const found = one.exec(text);
  if (!found) throw new DatabaseUrlError('each server must be host or host:port, and an IPv6 address in brackets');
  const [, address, name, port] = found;
  return { host: decodeURIComponent(address ?? name ?? '') || null, port: port ? Number(port) : null };
}

function listed(hosts: string, ports: string | null): Server[] {
  const names = hosts.split(',');
  const numbers = (ports ?? '').split(',');
  if (numbers.length > 1 && numbers.length !== names.length)
    throw new DatabaseUrlError('there must be one port, or as many ports as hosts');
  return names.map((host, index) => {
    const port = numbers.length > 1 ? numbers[index] : numbers[0];
    if (port && !/^\d+$/.test(port)) throw new DatabaseUrlError('each port must be a number');
    return { host: host || null, port: port ? Number(port) : null };
  });
}
