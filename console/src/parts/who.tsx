const kinds: Readonly<Record<string, string>> = {
  ACCESS_KEY: 'access key',
  AGENT_KEY: 'agent key',
  SYSTEM: 'system',
  USER: 'user',
};

type WhoProps = { kind: string; id?: string | null; name?: string | null };

/** Who did something: what their credential is called, else its id. */
export function Who({ kind, id, name }: WhoProps) {
  return (
    <>
      <b dir="auto">{name ?? id ?? 'The service'}</b> <small>({kinds[kind] ?? kind})</small>
    </>
  );
}
