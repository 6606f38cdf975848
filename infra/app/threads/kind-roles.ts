import type { Role } from '../../settings.ts'

/** The roles that run the code of kinds. */
export const KIND_ROLES: readonly Role[] = ['host', 'tasks']
