import { z } from 'zod'

/**
 * Stands for an object that a task has stored: what a record, an event and a context hold instead of its bytes. `object` is its name,
 * `sha256` the checksum of its content in hexadecimal, `bytes` its size.
 */
export const objectReference = z.object({
  object: z.string().regex(/^[0-9a-f]{32}$/, 'must be the name of an object: 32 hexadecimal digits'),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 checksum: 64 hexadecimal digits'),
  bytes: z.int().nonnegative(),
})
export type ObjectReference = z.infer<typeof objectReference>
