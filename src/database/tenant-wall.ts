import { Prisma } from './generated/client.ts';

type Bag = { [key: string]: unknown };

const isBag = (value: unknown): value is Bag => typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Returns whether a `where` or `data` names exactly that tenant, by itself or inside a compound key like `tenantId_id`.
 */
function names(part: unknown, tenantId: string): boolean {
  if (Array.isArray(part)) return part.every((item) => names(item, tenantId));
  if (!isBag(part)) return false;
  if ('tenantId' in part) return part['tenantId'] === tenantId;
  return Object.entries(part).some(
    ([key, value]) => key.startsWith('tenantId_') && isBag(value) && value['tenantId'] === tenantId,
  );
}

/**
 * Separates tenants in everything that goes through Prisma's models. An operation that does not name the tenant it runs
 * for is a programming error and does not reach the database.
 */
export const keepsToTenant = (tenantId: string) =>
  Prisma.defineExtension({
    name: 'tenant wall',
    query: {
      $allModels: {
        $allOperations({ model, operation, args, query }) {
          const { where, data, create } = args as Bag;
          const within =
            operation === 'upsert'
              ? names(where, tenantId) && names(create, tenantId)
              : operation.startsWith('create')
                ? names(data, tenantId)
                : names(where, tenantId) && !(isBag(data) && 'tenantId' in data);
          if (!within) throw new Error(`${model}.${operation} does not keep to its tenant.`);
          return query(args);
        },
      },
    },
  });
