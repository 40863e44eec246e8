import { type DataSet, idOf, tenants } from './data-set.ts';

export type OperationName = 'contactList' | 'inbox' | 'participant' | 'externalUser' | 'ensure';

/** What one request is about, in no contender's terms. */
export type Draw = {
  tenant: number;
  tenantId: string;
  /** An agent's id, a participant's, a conversation's, or an e-mail address: what the operation starts from. */
  key: string;
  /** The participant to add, for `ensure`. */
  userId?: string;
};

/** A number from 0 up to, but not including, the limit. */
export type Random = (limit: number) => number;

/** One of the things that are measured, each one HTTP POST. */
export type Operation = {
  name: OperationName;
  title: string;
  writes: boolean;
  /** What so many requests are about. Those of a write are all different. */
  draw(count: number, data: DataSet, random: Random): Draw[];
};

/** A generator of numbers that gives the same ones for the same seed. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
}

/**
 * Each request about a row that is drawn by itself; `key` says what of the row. The row's tenant is its number's last
 * digit.
 */
const independent =
  (rows: (data: DataSet) => number, key: (n: number) => string): Operation['draw'] =>
  (count, data, random) =>
    Array.from({ length: count }, () => {
      const n = random(rows(data));
      return { tenant: n % tenants, tenantId: idOf('tenant', n % tenants), key: key(n) };
    });

const everyParticipant = ({ participants }: DataSet) => participants;

export const operations: readonly Operation[] = [
  {
    name: 'contactList',
    title: 'contact list: 50 participants of an agent, all scalars, channels, agent ids',
    writes: false,
    draw: independent(
      ({ agents }) => agents,
      (n) => `agent-${n}`,
    ),
  },
  {
    name: 'inbox',
    title: 'inbox: 20 conversations × 3 participants × their subject’s channels, from a random page',
    writes: false,
    // At least 20 of the tenant's conversations are older.
    draw: independent(
      ({ participants }) => participants - 20 * tenants,
      (n) => idOf('conversation', n + 20 * tenants),
    ),
  },
  {
    name: 'participant',
    title: 'one participant by id, 5 scalars',
    writes: false,
    draw: independent(everyParticipant, (n) => idOf('participant', n)),
  },
  {
    name: 'externalUser',
    title: 'external user by e-mail, with conversation ids',
    writes: false,
    draw: independent(everyParticipant, (n) => `user.${n}@MAIL.example`),
  },
  {
    name: 'ensure',
    title: 'ensure a conversation participant (write)',
    writes: true,
    draw: (count, { participants }, random) => {
      const rows = participants / tenants;
      const open = Math.floor(rows / 8) * 7;
      // Those who take part already stand at these distances, see data-set.sql.
      const taken = [0, 3_331 % rows];
      const distances = Array.from({ length: rows }, (_, distance) => distance).filter(
        (distance) => !taken.includes(distance),
      );
      const possible = tenants * open * distances.length;
      const draws: Draw[] = Array.from({ length: Math.min(count, possible) }, (_, i) => {
        const tenant = i % tenants;
        const nth = Math.floor(i / tenants) % open;
        const row = Math.floor(nth / 7) * 8 + 1 + (nth % 7);
        const distance = distances[Math.floor(i / tenants / open)] as number;
        return {
          tenant,
          tenantId: idOf('tenant', tenant),
          key: idOf('conversation', row * tenants + tenant),
          userId: idOf('participant', ((row * 37 + distance) % rows) * tenants + tenant),
        };
      });
      for (let i = draws.length - 1; i > 0; i--) {
        const j = random(i + 1);
        [draws[i], draws[j]] = [draws[j] as Draw, draws[i] as Draw];
      }
      return draws;
    },
  },
];

export const operationNamed = (name: OperationName): Operation =>
  operations.find((operation) => operation.name === name) as Operation;
