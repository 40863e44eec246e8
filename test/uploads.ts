import type { Answer, TestApp, TestTenant, Untyped } from './app.ts';

export const uploadMutation =
  'mutation ($input: UploadParticipantAvatarInput!) { uploadParticipantAvatar(input: $input) { participant { id avatarFileId avatarSource } } }';

/** The parts of a GraphQL multipart request that uploads an avatar. */
export function uploadForm(participantId: string, bytes: Uint8Array, type = 'image/png'): FormData {
  const form = new FormData();
  form.set(
    'operations',
    JSON.stringify({ query: uploadMutation, variables: { input: { participantId, file: null } } }),
  );
  form.set('map', JSON.stringify({ 0: ['variables.input.file'] }));
  form.set('0', new File([new Uint8Array(bytes)], 'avatar', { type }));
  return form;
}

/** Sends a multipart request as the tenant's administrator. */
export async function sendForm(service: TestApp, tenant: TestTenant, form: FormData): Promise<Answer<Untyped>> {
  const response = await service.app.fetch(
    new Request('http://localhost/graphql', {
      method: 'POST',
      headers: { authorization: `Bearer ${await tenant.token()}` },
      body: form,
    }),
  );
  const { data, errors } = (await response.json()) as { data: Untyped; errors: Answer<Untyped>['errors'] };
  return { data, errors, status: response.status, headers: response.headers, statements: [] };
}

/** Uploads a participant's avatar by a GraphQL multipart request. */
export const upload = (service: TestApp, tenant: TestTenant, participantId: string, bytes: Uint8Array, type?: string) =>
  sendForm(service, tenant, uploadForm(participantId, bytes, type));

const importMutation =
  'mutation ($input: StartImportInput!) { startImport(input: $input) { import { id state kind } } }';

/** Starts an import of a file of that name by a GraphQL multipart request. */
export function importFile(
  service: TestApp,
  tenant: TestTenant,
  content: string | Uint8Array,
  input: Record<string, unknown>,
  name = 'file.csv',
): Promise<Answer<Untyped>> {
  const form = new FormData();
  form.set('operations', JSON.stringify({ query: importMutation, variables: { input: { ...input, file: null } } }));
  form.set('map', JSON.stringify({ 0: ['variables.input.file'] }));
  form.set('0', new File([typeof content === 'string' ? content : new Uint8Array(content)], name));
  return sendForm(service, tenant, form);
}
