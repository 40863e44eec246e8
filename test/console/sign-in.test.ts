import { describe, expect, test } from 'vitest';
import { demoTenant, examples } from '../../src/demo/tenant.ts';
import { startApp } from '../app.ts';
import { freePort, startIdentityProvider } from '../fakes/identity-provider.ts';
import { buildConsole } from '../setup/built.ts';
import { executablePath, launch, openPage } from './browser.ts';
import { signInWith, useOperator } from './operator.ts';

describe.skipIf(executablePath === undefined)('an operator with the rights of a key', () => {
  const operator = useOperator();
  const { at } = operator;

  test('is offered only what the key may do', async () => {
    const page = await at('/');
    await signInWith(page, ['PARTICIPANTS_READ']);
    await page.getByText('Your sign-in does not include conversations').waitFor();
    expect(await page.getByRole('link', { name: 'Inbox' }).count()).toBe(0);
    await page.getByRole('link', { name: 'Support' }).first().click();
    await page.getByRole('link', { name: 'Ada Lovelace' }).click();
    await page.getByRole('heading', { name: 'Ada Lovelace' }).waitFor();
    expect(await page.getByRole('button', { name: 'Actions' }).count()).toBe(0);
    // It stays in the tab: a reload keeps it, another tab does not have it.
    await page.reload();
    await page.getByRole('heading', { name: 'Ada Lovelace' }).waitFor();
    expect(await page.evaluate('JSON.stringify(localStorage)')).toBe('{}');
  });

  test('reads that a key is refused, and may give another', async () => {
    const page = await at('/');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Access key').fill('nonsense');
    await page.getByRole('button', { name: 'Sign in with the key' }).click();
    await page.getByText('did not accept it').waitFor();
    operator.faults = operator.faults.filter((fault) => !fault.includes('401'));
    await page.getByRole('button', { name: 'Continue as the developer' }).click();
    await page.getByRole('heading', { name: 'Who is on the other end?' }).waitFor();
  });
});

describe.skipIf(executablePath === undefined)('an operator whose company has an identity provider', () => {
  test('signs in there, is told when that ends, and signs out', async () => {
    await buildConsole();
    const port = await freePort();
    const url = `http://localhost:${port}`;
    const provider = await startIdentityProvider(`${url}/signed-in`, demoTenant.id);
    const service = await startApp({
      DEMO: 'on',
      PORT: String(port),
      OIDC_ISSUER: provider.issuer,
      OIDC_CLIENT_ID: 'console',
      JWT_ISSUER: provider.issuer,
      JWT_AUDIENCE: 'https://rollcall.example',
      JWT_JWKS_URL: `${provider.issuer}/jwks`,
    });
    await service.app.listen();
    const browser = await launch();
    const { page, faults } = await openPage(browser, `${url}/people/${examples.participantId}`);
    await page.getByRole('button', { name: /Sign in at localhost/ }).click();
    await page.locator('input[name=login]').fill('operator');
    await page.locator('input[name=password]').fill('anything');
    await page.getByRole('button', { name: 'Sign-in' }).click();
    await page.getByRole('button', { name: 'Continue' }).click();
    // Back where they were, with nothing of the sign-in in the address.
    await page.getByRole('heading', { name: 'Ada Lovelace' }).waitFor();
    expect(page.url()).toBe(`${url}/people/${examples.participantId}`);
    await page.getByText(/Your sign-in ends in [34] min/).waitFor();
    expect(await page.evaluate('localStorage.length')).toBe(0);
    // The provider's own pages ask for fonts that are not there.
    expect(faults.filter((fault) => !fault.startsWith('Failed to load resource'))).toEqual([]);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: /yes, sign me out/i }).click();
    await page.getByRole('button', { name: /Sign in at localhost/ }).waitFor();
    await browser.close();
    await service.close();
    provider.close();
  });
});
