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
      'email1value',
      'emailadresse',
      'adressemail',
      'adresseemail',
      'courriel',
      'correo',
      'correoelectronico',
      'eposta',
      'otheremails',
      'additionalemailaddresses',
      'additionalemails',
      'secondaryemail',
      'email2',
      'email3',
      'email2address',
      'email3address',
      'email2value',
      'email3value',
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
      'mobileno',
      'portable',
      'whatsapp',
      'whatsappnumber',
      'phone1',
      'phone1value',
      'primaryphone',
      'mobilenumber',
      'mobilephonenumber',
      'mobiletelephone',
      'phoneno',
      'contactnumber',
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
      'uniqueexternalid',
      'recordid',
      'recordidcontact',
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

/**
 * Where in a record each field is: the places of its columns, the first one before those that it is read from besides.
 * `metadata.plan` is a member of the metadata.
 */
export type Places = ReadonlyMap<string, readonly number[]>;

/** Columns of a file that are not read. */
export interface Unread {
  note(column: string): void;
  readonly columns: string[];
}

const maxUnread = 100;
const longestUnread = 200;

/** Creates a list of columns that are not read: of the first 100, and of 200 characters of their names. */
export function createUnread(): Unread {
  const found = new Set<string>();
  return {
    note(column) {
      // PostgreSQL stores no NUL.
      if (found.size < maxUnread) found.add(column.slice(0, longestUnread).replaceAll('\0', ''));
    },
    get columns() {
      return [...found];
    },
  };
}

/** What a header says. `ambiguous` are names that several columns have, of which only one can be read. */
export type Columns = { places: Places; missing: string[]; ambiguous: string[] };

/** An external user may have several of these. */
const isOfSeveral = (kind: Kind, field: string) =>
  kind === 'EXTERNAL_USERS' && (field === 'email' || field === 'phoneNumber');

/**
 * Finds the fields in a header: where the mapping says, by the column's name in any case, or else where a column's name
 * says so. E-mail addresses and telephone numbers of external users are read from each column that is named so. Returns
 * the columns of the mapping that the header does not have as `missing`.
 */
export function placesOf(
  kind: Kind,
  header: readonly (string | null)[],
  mapping: Readonly<Record<string, unknown>> | null,
): Columns {
  const names = header.map((name) => plain(name ?? ''));
  const placesWhere = (is: (at: number) => boolean) => [...header.keys()].filter(is);
  const places = new Map<string, readonly number[]>();
  const ambiguous: string[] = [];
  const put = (field: string, found: readonly number[], isSame: (first: number, other: number) => boolean) => {
    const [first, ...others] = found;
    if (first === undefined) return;
    places.set(field, isOfSeveral(kind, field) ? found : [first]);
    if (!isOfSeveral(kind, field) && others.some((other) => isSame(first, other)))
      ambiguous.push(header[first]?.trim() ?? '');
  };
  if (mapping) {
    const missing: string[] = [];
    for (const [field, column] of Object.entries(mapping)) {
      if (typeof column !== 'string') continue;
      const exact = placesWhere((at) => header[at]?.trim() === column.trim());
      const found = exact.length > 0 ? exact : placesWhere((at) => names[at] === plain(column));
      put(field, found, () => true);
      if (found.length === 0) missing.push(column);
    }
    return { places, missing, ambiguous };
  }
  for (const [field, others] of Object.entries(known[kind])) {
    const taken = new Set([...places.values()].flat());
    const found = [...new Set([plain(field), ...others])].flatMap((name) => placesWhere((at) => names[at] === name));
    const free = found.filter((at) => !taken.has(at));
    // Of different names the first of ours is meant. The others are shown as not read.
    put(field, free, (first, other) => names[first] === names[other]);
  }
  if (kind === 'EXTERNAL_USERS')
    for (const name of new Set(header))
      if (name?.toLowerCase().startsWith('metadata.'))
        put(
          `metadata.${name.slice('metadata.'.length)}`,
          placesWhere((at) => header[at] === name),
          () => true,
        );
  return { places, missing: [], ambiguous };
}

/** Whether a kind has that field, or a member of its metadata. */
export const isField = (kind: Kind, field: string): boolean =>
  Object.hasOwn(known[kind], field) || (kind === 'EXTERNAL_USERS' && /^metadata\../.test(field));

/**
 * A field of a file's rows, and the column that it is read from. Null where no column's name says so. `otherColumns`
 * are those that it is read from besides.
 */
export type GuessedField = { field: string; column: string | null; otherColumns: string[] };

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
  return [...fieldsOf(kind), ...members].map((field) => {
    const [column = null, ...otherColumns] = (places.get(field) ?? []).flatMap((at) => columns[at] ?? []);
    return { field, column, otherColumns };
  });
}
