import { describe, expect, test } from 'vitest';
import { executablePath } from './browser.ts';
import { sendAs, useOperator } from './operator.ts';

const isPerson = (body: string | null) => body?.includes('"operationName":"Person"') ?? false;

const erase = `mutation ($by: IdentityInput!) {
  erasePerson(input: { by: $by, confirm: true }) { erased { participants } } }`;

/** What is to be gone from the pages: people, the sign-in, and problems that are over. */
describe.skipIf(executablePath === undefined)('an operator', () => {
  const operator = useOperator();
  const { at } = operator;

  test('lets somebody go for good, after reading who is meant', async () => {
    const page = await at('/find?q=katherine.johnson@example.com');
    await page.getByRole('region', { name: 'Directory' }).getByRole('link', { name: 'Katherine Johnson' }).click();
    await page.getByRole('button', { name: 'Actions' }).click();
    await page.getByRole('menuitem', { name: 'Erase for good…' }).click();
    const dialog = page.getByRole('alertdialog');
    await dialog.getByText('Katherine Johnson, external user').waitFor();
    const erase = dialog.getByRole('button', { name: 'Erase for good' });
    expect(await erase.isDisabled()).toBe(true);
    await dialog.getByRole('textbox').fill('Katherine Johnson');
    await erase.click();
    await page.getByText('1 participant, 1 external user').waitFor();
    expect(await page.getByRole('button', { name: 'Cancel' }).count()).toBe(0);
    await page.getByRole('button', { name: 'Close' }).click();
    await page.getByRole('heading', { name: 'Who is on the other end?' }).waitFor();
    // The way back shows nothing of them, not even until the service has answered.
    await page.route('**/graphql', (route) => (isPerson(route.request().postData()) ? undefined : route.continue()));
    await page.goBack();
    await page.getByText('Loading the participant').waitFor();
    expect(await page.getByText('Katherine Johnson').count()).toBe(0);
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    await page.goto(`${operator.url()}/find?q=katherine.johnson@example.com`);
    await page.getByText('Nobody is found').waitFor();
  });

  test('is told that somebody is gone who was deleted elsewhere', async () => {
    const page = await at('/find?q=tony hoare');
    await page.getByRole('link', { name: 'Tony Hoare' }).click();
    await page.getByRole('heading', { name: 'Tony Hoare' }).waitFor();
    const participantId = new URL(page.url()).pathname.split('/').at(-1);
    await page.getByRole('link', { name: 'Agents' }).click();
    const remove = 'mutation ($id: ID!) { deleteParticipant(input: { participantId: $id }) { __typename } }';
    await sendAs(page, remove, { id: participantId });
    await page.goBack();
    await page.getByText('There is no participant here').waitFor();
  });

  test('is told at once, on an open page, that somebody was erased elsewhere', async () => {
    const page = await at('/find?q=edsger dijkstra');
    await page.getByRole('region', { name: 'Directory' }).getByRole('link', { name: 'Edsger Dijkstra' }).click();
    await page.getByRole('heading', { name: 'Edsger Dijkstra' }).waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
    await sendAs(page, erase, { by: { email: 'edsger.dijkstra@example.com' } });
    await page.getByText('There is no participant here').waitFor();
    expect(await page.getByText('Dijkstra').count()).toBe(0);
    expect(await page.title()).toBe('Rollcall');
  });

  test('is told of it on the return to a page of which nothing tells', async () => {
    const page = await at('/');
    const create = `mutation ($input: CreateExternalUserInput!) {
      createExternalUser(input: $input) { externalUser { id } } }`;
    type Created = { createExternalUser: { externalUser: { id: string } } };
    const email = 'sophie.germain@example.com';
    const input = { firstName: 'Sophie', lastName: 'Germain', email };
    const { createExternalUser } = await sendAs<Created>(page, create, { input });
    const add = `mutation ($input: CreateParticipantInput!) { createParticipant(input: $input) { participant { id } } }`;
    type Added = { createParticipant: { participant: { id: string } } };
    const person = { kind: 'PERSON', displayName: 'Sophie Germain', email };
    const { createParticipant } = await sendAs<Added>(page, add, { input: person });
    await page.goto(`${operator.url()}/users/${createExternalUser.externalUser.id}`);
    const other = await page.context().newPage();
    await other.goto(`${operator.url()}/people/${createParticipant.participant.id}`);
    for (const tab of [page, other]) await tab.getByRole('heading', { name: 'Sophie Germain' }).waitFor();
    await sendAs(page, erase, { by: { email } });
    for (const tab of [page, other]) await tab.evaluate('window.dispatchEvent(new Event("focus"))');
    await page.getByText('There is no external user here').waitFor();
    await other.getByText('There is no participant here').waitFor();
  });

  test('signs out in one tab, and is told so in the other', async () => {
    const page = await at('/');
    const other = await page.context().newPage();
    await other.goto(`${operator.url()}/senders`);
    await other.getByRole('button', { name: 'Block…' }).first().click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await other.getByRole('alert').getByText('You have signed out in another tab.').waitFor();
    expect(await other.getByRole('alertdialog').count()).toBe(0);
    await other.reload();
    await other.getByRole('button', { name: 'Continue as the developer' }).waitFor();
  });

  test('reads a refusal until the next attempt, and once', async () => {
    const page = await at('/integrations');
    await page.getByLabel('Name').fill('Second workspace');
    await page.getByRole('button', { name: 'Create' }).click();
    const card = page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: 'Second workspace' }) });
    await card.getByRole('button', { name: 'Connect in the browser' }).click();
    await card.getByRole('alert').getByText('the service has no client id').waitFor();
    await card.getByLabel('Bot token').fill('xoxb-1');
    await card.getByRole('button', { name: 'Connect', exact: true }).click();
    await card.getByText('Token saved', { exact: true }).waitFor();
    expect(await card.getByRole('alert').count()).toBe(0);
    await page.getByLabel('Provider').fill('not one');
    await page.getByLabel('Name').fill('Third');
    await page.getByRole('button', { name: 'Create' }).click();
    const alert = page.getByRole('alert');
    await alert.getByText('VALIDATION_FAILED').waitFor();
    expect((await alert.innerText()).match(/provider/g)).toHaveLength(1);
  });
});
