import { hash } from 'node:crypto'

/** What an entry is found by. Only what has the same tenant and the same parts, in the same order, finds it. */
export interface CacheKey {
  readonly tenant: string
  readonly parts: readonly string[]
}

/** A key as both levels use it. */
export interface HashedKey {
  readonly tenant: string
  /** A hash of tenant and parts, of letters, digits, `-` and `_`. Lists are hashed as JSON: no two of them give the same text. */
  readonly name: string
}

export const hashedKey = ({ tenant, parts }: CacheKey): HashedKey => ({
  tenant,
  name: hash('sha256', JSON.stringify([tenant, ...parts]), 'base64url'),
})
