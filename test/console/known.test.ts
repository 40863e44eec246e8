import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { examples } from '../../src/demo/tenant.ts';
import { executablePath } from './browser.ts';
import { sendAs, signInWith, useOperator } from './operator.ts';

/** Creates a conversation, with the participants that are given. Returns its id. */
async function conversation(page: Page, participants: readonly object[] = []): Promise<string> {
  const create =
    'mutation ($input: CreateConversationInput!) { createConversation(input: $input) { conversation { id } } }';
  type Created = { createConversation: { conversation: { id: string } } };
  const { createConversation } = await sendAs<Created>(page, create, { input: { name: 'Who is it?' } });
  const { id } = createConversation.conversation;
  const ensure = `mutation ($input: EnsureConversationParticipantInput!) {
    ensureConversationParticipant(input: $input) { created } }`;
  for (const participant of participants) await sendAs(page, ensure, { input: { conversationId: id, participant } });
  return id;
}

describe.skipIf(executablePath === undefined)('adding somebody by an identifier', () => {
  const operator = useOperator();
  const { at } = operator;
  const ada = { user: { id: examples.participantId } };
  const field = (page: Page) => page.getByLabel('Add by e-mail address or telephone number');
  const add = (page: Page) => page.getByRole('button', { name: 'Add', exact: true });

  test('shows who takes part already, and makes no second of them', async () => {
    const page = await at('/');
    await page.goto(`${operator.url()}/inbox/${await conversation(page, [ada])}`);
    await field(page).fill('ada.lovelace@example.com');
    const known = page.getByRole('list', { name: 'Known by it' });
    await known.getByRole('listitem').filter({ hasText: 'of the directory' }).getByText('Takes part already').waitFor();
    // Neither the button nor Enter adds the address: it is hers.
    expect(await page.locator('.add-member button[type=submit]').isDisabled()).toBe(true);
    await field(page).press('Enter');
    // Who she is as a customer has another identifier, and is offered instead of a third.
    await known.getByRole('button', { name: 'Add Ada Lovelace, external user' }).click();
    await page.getByText('Ada Lovelace was added.').waitFor();
    await page.getByRole('region', { name: 'Takes part 2' }).waitFor();
    await field(page).fill('ada.lovelace@example.com');
    await expect.poll(() => known.getByText('Takes part already').count()).toBe(2);
  });

  test('offers the person of the directory in place of a new external user', async () => {
    const page = await at('/');
    await page.goto(`${operator.url()}/inbox/${await conversation(page)}`);
    await field(page).fill('Barbara.Liskov@example.com');
    await page.getByRole('button', { name: 'Add Barbara Liskov, of the directory' }).click();
    await page.getByText('Barbara Liskov was added.').waitFor();
    const member = page.getByRole('region', { name: 'Takes part 1' }).getByRole('listitem');
    await member.getByRole('link', { name: 'Barbara Liskov' }).waitFor();
    expect(await member.getByRole('link').first().getAttribute('href')).toMatch(/^\/people\//);
    // It can still be meant otherwise.
    await field(page).fill('barbara.liskov@example.com');
    await page.getByRole('button', { name: 'Add as a new external user all the same' }).click();
    await page.getByRole('region', { name: 'Takes part 2' }).waitFor();
  });

  test('adds by an identifier that nobody has, also where it cannot be asked who has it', async () => {
    const page = await at('/');
    await page.goto(`${operator.url()}/inbox/${await conversation(page)}`);
    await field(page).fill('+1 415 555 0999');
    await page.getByText('Nobody has it yet.').waitFor();
    await field(page).press('Enter');
    await page.getByText('+1 415 555 0999 was added.').waitFor();
    const isQuestion = (body: string | null) => body?.includes('"operationName":"KnownBy"') ?? false;
    await page.route('**/graphql', (route) =>
      isQuestion(route.request().postData()) ? route.abort('connectionreset') : route.continue(),
    );
    await field(page).fill('somebody@example.com');
    await page.getByText('It could not be asked who has it already.').waitFor();
    await add(page).click();
    await page.getByText('somebody@example.com was added.').waitFor();
    operator.faults.splice(0);
  });

  test('says which scopes show who has an identifier', async () => {
    const page = await at('/');
    const id = await conversation(page, [ada]);
    await page.goto(`${operator.url()}/inbox/${id}`);
    await signInWith(page, ['CONVERSATIONS_READ', 'CONVERSATIONS_WRITE']);
    await field(page).fill('ada.lovelace@example.com');
    await page.getByText('is shown with participants:read and users:read only').waitFor();
    expect(await add(page).isEnabled()).toBe(true);
  });
});
