import { hash } from 'node:crypto'
import { z } from 'zod'
import type { postShared } from '../../../schemas/social-events.ts'

/** Accounts that a post remembers: those that liked it, and those that shared it. */
const LIKERS_MAX = 64
const SHARERS_MAX = 48
const HASH_CHARS = 6
const HOUR_MS = 3_600_000
/** Shares within a second count as one second: a rate needs some time. */
const ELAPSED_MS_MIN = 1_000

export const spreadSchema = z.object({
  size: z.int().nonnegative(),
  depth: z.int().nonnegative(),
  /** Accounts that shared, as hashes, with the length of the chain that led to each; those that matter most lately are last. */
  sharers: z.array(z.tuple([z.string(), z.int().positive()])).max(SHARERS_MAX),
  /** When the size was last a power of two. */
  doubledAt: z.number().nullable(),
  perHour: z.number().nonnegative(),
})
export type Spread = z.infer<typeof spreadSchema>
export const NO_SPREAD: Spread = { size: 0, depth: 0, sharers: [], doubledAt: null, perHour: 0 }

const hashOf = (account: string): string => hash('sha1', account, 'base64url').slice(0, HASH_CHARS)

/** Whether the size is 2, 4, 8…, so that few events tell of a large cascade. */
export const isDoubled = ({ size }: Spread): boolean => size > 1 && (size & (size - 1)) === 0

/**
 * The cascade after a share. A share of one that is forgotten is two steps from the post, at least.
 *
 * @param from the account whose share is passed on; `undefined` where it is the post itself
 */
export function withShare(spread: Spread, by: string, from: string | undefined, at: number): Spread {
  const [own, parent] = [hashOf(by), from === undefined ? undefined : hashOf(from)]
  const found = spread.sharers.find(([account]) => account === parent)
  const depth = parent === undefined ? 1 : (found?.[1] ?? 1) + 1
  const others = spread.sharers.filter(([account]) => account !== own && account !== parent)
  const sharers = [...others, ...(found === undefined ? [] : [found]), [own, depth] as [string, number]]
  const grown = { ...spread, size: spread.size + 1, depth: Math.max(spread.depth, depth), sharers: sharers.slice(-SHARERS_MAX) }
  if (grown.size === 1) return { ...grown, doubledAt: at }
  if (!isDoubled(grown)) return grown
  const elapsedMs = Math.max(ELAPSED_MS_MIN, at - (spread.doubledAt ?? at))
  return { ...grown, doubledAt: at, perHour: Math.round((grown.size / 2 / elapsedMs) * HOUR_MS * 10) / 10 }
}

/** The accounts that liked, after another one; `undefined` where it did already. */
export function withLiker(likers: string, by: string): string | undefined {
  return placeOf(likers, hashOf(by)) < 0 ? (likers + hashOf(by)).slice(-LIKERS_MAX * HASH_CHARS) : undefined
}

/** The accounts that liked, without one. */
export function withoutLiker(likers: string, by: string): string {
  const at = placeOf(likers, hashOf(by))
  return at < 0 ? likers : likers.slice(0, at) + likers.slice(at + HASH_CHARS)
}

function placeOf(likers: string, wanted: string): number {
  for (let at = 0; at < likers.length; at += HASH_CHARS) if (likers.startsWith(wanted, at)) return at
  return -1
}

/** Why an account must not share so. */
export const shareProblem = ({ by, from }: z.output<typeof postShared>): string | undefined =>
  by === from ? `from: ${by} cannot pass on its own share; leave from out where it shares the post itself` : undefined
