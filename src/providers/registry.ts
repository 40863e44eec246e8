import { discord } from './discord.ts';
import { email } from './email.ts';
import type { AddressForm } from './form.ts';
import { slack } from './slack.ts';
import { sms } from './sms.ts';
import { teams } from './teams.ts';
import { telegram } from './telegram.ts';
import { voice } from './voice.ts';
import { whatsapp } from './whatsapp.ts';

const forms: ReadonlyMap<string, AddressForm> = new Map(
  Object.entries({ slack, teams, telegram, discord, email, sms, voice, whatsapp }),
);

/** The providers whose addresses are read in a form of their own. */
export const knownProviders: readonly string[] = [...forms.keys()];

const any: AddressForm = (address) => ({ fits: true, key: address, identity: false });

/**
 * Returns how a provider's addresses are read, by its name in lower case. For an unknown provider every address is
 * valid and compared unchanged.
 */
export const formOf = (provider: string): AddressForm => forms.get(provider) ?? any;
