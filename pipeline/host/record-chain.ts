import { hash, randomFillSync } from 'node:crypto'

/** SHA-256 of a record as LOG stores it: the field `prev` of the actor's next record. */
export const recordHash = (stored: Uint8Array): string => hash('sha256', stored, 'base64url')

const SALT_BYTES = 16
/** Random bytes are drawn for this many salts at once, which costs a tenth of one call each. */
const SALTS_AT_ONCE = 256

const pool = Buffer.alloc(SALT_BYTES * SALTS_AT_ONCE)
let used = pool.length

/** The field `salt` of a record: 128 random bits, base64url. */
export function newSalt(): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += SALT_BYTES
  return pool.toString('base64url', used - SALT_BYTES, used)
}
