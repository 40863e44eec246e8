import { describe, expect, test } from 'vitest';
import { examples } from '../../src/demo/tenant.ts';
import { executablePath } from './browser.ts';
import { useOperator } from './operator.ts';

/** What an operator does in a day, in a browser, on a fresh demo tenant. */
describe.skipIf(executablePath === undefined)('an operator', () => {
  const operator = useOperator();
  const { at } = operator;

  test('finds who wrote from a number, and where they take part', async () => {
    const page = await at('/');
    await page.getByRole('searchbox').fill('+1 (415) 555-0108');
    await page.keyboard.press('Enter');
    await page.getByRole('region', { name: 'Directory' }).getByRole('link', { name: 'Dorothy Vaughan' }).waitFor();
    await page.getByRole('region', { name: 'External users' }).getByText('+14155550108').waitFor();
    await page.getByRole('region', { name: 'Takes part in' }).getByText('Demo on Thursday').waitFor();
    // The address can be sent to a colleague, and read again.
    expect(new URL(page.url()).searchParams.get('q')).toBe('+1 (415) 555-0108');
    await page.reload();
    await page.getByRole('link', { name: 'Dorothy Vaughan' }).first().waitFor();
  });

  test('opens a link to a number that somebody has typed', async () => {
    const page = await at('/find?q=442079460112');
    await page.getByRole('link', { name: 'Fred Brooks' }).first().waitFor();
    expect(await page.getByRole('searchbox').inputValue()).toBe('442079460112');
    await page.getByRole('searchbox').fill('79460112');
    await expect.poll(() => new URL(page.url()).search).toBe('?q=79460112');
  });

  test('finds anybody by the keyboard alone', async () => {
    const page = await at('/');
    await page.getByRole('heading', { name: 'Who is on the other end?' }).waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.type('hedy');
    await page.getByRole('menuitem', { name: /Hedy Lamarr/ }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Hedy Lamarr' }).waitFor();
  });

  test('sees why the agent cannot reach her, and what helps', async () => {
    const page = await at('/agents/support-bot/contacts');
    await page.getByRole('button', { name: /Not connected/ }).click();
    await page.getByRole('link', { name: 'Hedy Lamarr' }).click();
    await page.getByText('Connect it under Integrations.').first().waitFor();
    await page.goBack();
    expect(new URL(page.url()).searchParams.get('health')).toBe('NOT_CONNECTED');
  });

  test('narrows the contacts to a provider, at an address that can be sent', async () => {
    const page = await at('/agents/support-bot/contacts?provider=whatsapp');
    await page.getByRole('button', { name: /WhatsApp/, pressed: true }).waitFor();
    const rows = page.getByRole('row').filter({ has: page.getByRole('link') });
    await rows.first().waitFor();
    expect(await rows.count()).toBe(await rows.filter({ hasText: 'WhatsApp' }).count());
    await page.getByRole('button', { name: 'Any provider' }).click();
    await rows.filter({ hasNotText: 'WhatsApp' }).first().waitFor();
  });

  test('sees the contacts change while somebody else changes them', async () => {
    const page = await at('/agents/support-bot/contacts');
    const row = page.getByRole('row', { name: /Ada Lovelace/ });
    await row.getByText('Reachable').waitFor();
    const other = await at(`/people/${examples.participantId}`);
    await other.getByRole('button', { name: 'Actions' }).click();
    await other.getByRole('menuitem', { name: 'Disable…' }).click();
    await other.getByRole('alertdialog').getByRole('button', { name: 'Disable' }).click();
    await row.getByText('Disabled').waitFor();
    await page.getByRole('button', { name: /Disabled 3/ }).waitFor();
    await other.getByRole('button', { name: 'Actions' }).click();
    await other.getByRole('menuitem', { name: 'Enable' }).click();
    await row.getByText('Reachable').waitFor();
  });

  test('lets a sender in as who they are', async () => {
    const page = await at('/senders');
    const card = page.getByRole('listitem').filter({ hasText: 'Grace H.' });
    await card.getByRole('link', { name: 'Grace Hopper' }).waitFor();
    await card.getByRole('button', { name: 'Approve…' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Approve' }).click();
    await card.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Approved' }).click();
    await card.getByRole('link', { name: 'Grace Hopper' }).click();
    await page.getByRole('region', { name: 'Channels' }).getByText('WhatsApp').waitFor();
  });

  test('approves who waits in a conversation, and adds somebody by e-mail', async () => {
    const page = await at('/inbox');
    await page
      .getByRole('link', { name: /1 waiting/ })
      .first()
      .click();
    await page.getByRole('button', { name: 'Approve' }).click();
    await page.getByRole('button', { name: 'Approve' }).waitFor({ state: 'detached' });
    await page.getByLabel('Add by e-mail address or telephone number').fill('new.customer@example.com');
    await page.getByRole('button', { name: 'Add' }).click();
    await page.getByText('new.customer@example.com was added.').waitFor();
    await page.getByRole('article').getByRole('link', { name: 'new.customer@example.com' }).waitFor();
  });

  test('reads the service’s own words and the request’s id where it refuses', async () => {
    const page = await at('/inbox');
    await page
      .getByRole('link', { name: /Welcome aboard/ })
      .first()
      .click();
    const agent = page.getByRole('article').getByRole('listitem').filter({ hasText: 'Agent' });
    const user = page.getByRole('article').getByRole('listitem').filter({ hasText: 'Participant' });
    await agent.getByRole('button', { name: 'Remove' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Remove' }).click();
    await agent.waitFor({ state: 'detached' });
    await user.getByRole('button', { name: 'Remove' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Remove' }).click();
    const alert = page.getByRole('alert');
    await alert.getByText('REMOVAL_NOT_ALLOWED').waitFor();
    expect(await alert.textContent()).toMatch(/request [0-9a-f-]{36}/);
  });

  test('makes two customers one after seeing what will be, and takes it back', async () => {
    const page = await at('/find?q=margaret hamilton');
    const customers = page.getByRole('region', { name: 'External users' }).getByRole('link');
    await customers.nth(1).waitFor();
    await customers.first().click();
    await page.getByRole('button', { name: 'Actions' }).click();
    await page.getByRole('menuitem', { name: 'Merge…' }).click();
    const phone = page.getByText('+14155550122');
    const email = page.getByText('margaret.hamilton@example.com');
    await phone.or(email).first().waitFor();
    await page.getByLabel('Who is merged away').fill((await phone.count()) > 0 ? 'margaret.ham' : '0122');
    await page.getByRole('option', { name: /Margaret Hamilton/ }).click();
    await page.getByRole('region', { name: 'What will be' }).getByText('with 2 identifiers').waitFor();
    await page.getByRole('button', { name: 'Merge', exact: true }).click();
    await page.getByRole('heading', { name: 'They are one' }).waitFor();
    await page.getByRole('link', { name: 'Margaret Hamilton' }).click();
    await page.getByRole('region', { name: 'Identifiers 2' }).waitFor();
    await page.goBack();
    await page.getByRole('button', { name: 'Undo the merge…' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Undo the merge' }).click();
    await page.getByRole('heading', { name: 'A merge that was undone' }).waitFor();
    await page.getByRole('main').getByRole('listitem').getByRole('link', { name: 'Margaret Hamilton' }).click();
    await page.getByRole('region', { name: 'Identifiers 1' }).waitFor();
  });

  test('brings customers in from a file, after a trial', async () => {
    const page = await at('/imports');
    const rows = ['Given;Family name;Mail;Born', 'Emmy;Noether;emmy@example.com;1882', 'No;Body;not an address;'];
    await page
      .getByLabel(/Choose a file/)
      .setInputFiles({ name: 'customers.csv', mimeType: 'text/csv', buffer: Buffer.from(rows.join('\n')) });
    // Two are guessed, the third is chosen.
    const column = (field: string) => page.getByLabel(`Column of ${field}`, { exact: true });
    await expect.poll(() => column('lastName').inputValue(), { timeout: 60_000 }).toBe('Family name');
    await page.getByText('Not read: Given, Born').waitFor();
    await column('firstName').selectOption('Given');
    await page.getByText('Not read: Born').waitFor();
    await page.getByRole('button', { name: 'Try without writing' }).click();
    await page.getByRole('region', { name: 'The trial is done' }).getByText('1 rejected row').waitFor();
    await page.getByText('Columns that are not read: Born').waitFor();
    await page.getByRole('button', { name: 'Import', exact: true }).click();
    await page.getByRole('region', { name: 'The import is done' }).waitFor();
    // It is found again among those until now, beside its trial.
    await page.getByRole('link', { name: 'Import and export' }).click();
    const until = page.getByRole('region', { name: 'Imports until now' });
    await until.getByText('External users, a trial').waitFor();
    await until.getByRole('link', { name: 'External users', exact: true }).click();
    await page
      .getByRole('region', { name: 'The import is done' })
      .getByText('Columns that are not read: Born')
      .waitFor();
    await page.goto(`${operator.url()}/find?q=emmy@example.com`);
    await page.getByRole('link', { name: 'Emmy Noether' }).waitFor();
  });

  test('gives a webhook another URL, and reads what goes with an integration and with an agent', async () => {
    const page = await at('/integrations');
    const card = page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: 'Example workspace' }) });
    await card.getByRole('button', { name: 'New webhook URL' }).click();
    await card
      .getByText(/hooks\/slack/)
      .first()
      .waitFor();
    await card.getByRole('button', { name: 'Rotate…' }).first().click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Rotate' }).click();
    await page.getByRole('alertdialog').waitFor({ state: 'detached' });
    await card.getByText('Webhook URL', { exact: true }).waitFor();
    await card.getByRole('button', { name: 'Delete…' }).click();
    await page
      .getByRole('alertdialog')
      .getByText(/channels, with the pictures from them/)
      .waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('link', { name: 'Agents' }).click();
    await page.getByLabel('Name').fill('Night desk');
    await page.getByLabel('Id').fill('night-desk');
    await page.getByRole('button', { name: 'Create' }).click();
    const agent = page.getByRole('listitem').filter({ has: page.getByText('night-desk', { exact: true }) });
    await agent.getByRole('button', { name: 'Rename…' }).click();
    await page.getByRole('alertdialog').getByLabel('Name').fill('Night shift');
    await page.getByRole('alertdialog').getByRole('button', { name: 'Rename' }).click();
    await agent.getByRole('link', { name: 'Night shift' }).waitFor();
    await agent.getByRole('button', { name: 'Delete…' }).click();
    await page.getByRole('alertdialog').getByText('Nothing goes with it.').waitFor();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Delete' }).click();
    await agent.waitFor({ state: 'detached' });
  });
});
