import { z } from 'zod';
import { checked } from '../values/checked.ts';

/** What can go in and out. */
export type Kind = 'EXTERNAL_USERS' | 'PARTICIPANTS' | 'CONVERSATIONS';
export const kinds = ['EXTERNAL_USERS', 'PARTICIPANTS', 'CONVERSATIONS'] as const;

/** The fields of each kind, with the names that files give their columns besides. */
const known: Readonly<Record<Kind, Readonly<Record<string, readonly string[]>>>> = {
  EXTERNAL_USERS: {
    id: ['uuid', 'userid', 'externaluserid'],
    firstName: ['firstname', 'givenname', 'forename', 'vorname', 'prenom', 'nombre', 'first'],
    lastName: ['lastname', 'surname', 'familyname', 'nachname', 'nom', 'apellido', 'apellidos', 'last'],
    displayName: ['name', 'fullname', 'contactname', 'customername', 'customer', 'contact', 'displayname'],
    email: [
      'email',
      'emailaddress',
      'mail',
      'emails',
      'email1',
      'primaryemail',
      'emailadresse',
      'adressemail',
      'correo',
    ],
    phoneNumber: [
      'phone',
      'phonenumber',
      'telephone',
      'tel',
      'mobile',
      'mobilephone',
      'cell',
      'cellphone',
      'telefon',
      'telefono',
      'telefonnummer',
      'rufnummer',
      'handy',
      'handynummer',
      'mobil',
      'mobilnummer',
      'whatsapp',
      'phone1',
    ],
    fkId: [
      'fkid',
      'foreignkey',
      'externalid',
      'customerid',
      'customernumber',
      'customerno',
      'contactid',
      'reference',
      'crmid',
      'kundennummer',
      'kundennr',
    ],
    otherIdentifiers: ['otheridentifiers'],
    fkUserId: ['fkuserid'],
    context: ['context', 'notes', 'note', 'comment', 'comments', 'description', 'details'],
    source: ['source', 'origin', 'channel'],
    metadata: ['metadata', 'customfields'],
  },
  PARTICIPANTS: {
    id: ['uuid', 'participantid'],
    kind: ['kind', 'type'],
    displayName: ['displayname', 'name', 'fullname'],
    email: ['email', 'emailaddress', 'mail'],
    relatedAgentId: ['relatedagentid', 'relatedagent'],
    agentIds: ['agentids', 'agents'],
    channels: ['channels'],
    disabledAt: ['disabledat'],
  },
  CONVERSATIONS: {
    id: ['uuid', 'conversationid'],
    name: ['name', 'title', 'subject'],
    description: ['description'],
    agentId: ['agentid', 'agent'],
    attributes: ['attributes'],
    status: ['status', 'state'],
    closedAt: ['closedat'],
    participants: ['participants', 'members'],
  },
};

/** The fields of a kind, in the order of an export's columns. */
export const fieldsOf = (kind: Kind): string[] => Object.keys(known[kind]);

const plain = (header: string) =>
  header
    .normalize('NFD')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, '');

/** Where in a record each field is, by its place. `metadata.plan` is a member of the metadata. */
export type Places = ReadonlyMap<string, number>;

/**
 * Finds the fields in a header: where the mapping says, by the column's name in any case, or else where a column's name
 * says so. Returns the columns of the mapping that the header does not have as `missing`.
 */
export function placesOf(
  kind: Kind,
  header: readonly (string | null)[],
  mapping: Readonly<Record<string, unknown>> | null,
): { places: Places; missing: string[] } {
  const names = header.map((name) => plain(name ?? ''));
  const places = new Map<string, number>();
  if (mapping) {
    const missing: string[] = [];
    for (const [field, column] of Object.entries(mapping)) {
      if (typeof column !== 'string') continue;
      const exact = header.findIndex((name) => name?.trim() === column.trim());
      const at = exact >= 0 ? exact : names.indexOf(plain(column));
      if (at >= 0) places.set(field, at);
      else missing.push(column);
    }
    return { places, missing };
  }
  for (const [field, others] of Object.entries(known[kind])) {
    const at = [plain(field), ...others].map((name) => names.indexOf(name)).find((found) => found >= 0);
    if (at !== undefined && ![...places.values()].includes(at)) places.set(field, at);
  }
  if (kind === 'EXTERNAL_USERS')
    for (const [at, name] of header.entries())
      if (name?.toLowerCase().startsWith('metadata.')) places.set(`metadata.${name.slice('metadata.'.length)}`, at);
  return { places, missing: [] };
}

/** Whether a kind has that field, or a member of its metadata. */
export const isField = (kind: Kind, field: string): boolean =>
  Object.hasOwn(known[kind], field) || (kind === 'EXTERNAL_USERS' && /^metadata\../.test(field));

/** A field of a file's rows, and the column that it is read from. Null where no column's name says so. */
export type GuessedField = { field: string; column: string | null };

const longestHeader = 1_000;
const columnsInput = z.object({
  columns: z
    .array(z.string().max(longestHeader, `must be at most ${longestHeader} characters`))
    .max(longestHeader, `must be at most ${longestHeader} columns`),
});

/** Returns what an import without a mapping reads from a file with these columns, each field of the kind. */
export function guessMapping(kind: Kind, input: { columns: readonly string[] }): GuessedField[] {
  const { columns } = checked(columnsInput, input);
  const { places } = placesOf(kind, columns, null);
  const members = [...places.keys()].filter((field) => !Object.hasOwn(known[kind], field));
  return [...fieldsOf(kind), ...members].map((field) => ({ field, column: columns[places.get(field) ?? -1] ?? null }));
}
