import type { AddressForm } from './form.ts';
import { asTelephone, misfit } from './telephone.ts';

export const voice: AddressForm = (address, region) => asTelephone(address, region) ?? misfit(address);
